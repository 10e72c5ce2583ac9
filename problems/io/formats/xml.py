"""Walking over XML element by element; document type declarations, and so all entities, are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError

from problems.terminal.errors import InputError

MAX_DEPTH = 100  # of nested elements


def walk(data: bytes, forget: Collection[str]) -> Iterator[tuple[str, Element, list[str]]]:
    """("start" or "end", element, tags of its parents) for every element; raises InputError for what is no XML.

    forget  tags of elements that are freed of their children as those end

    >>> [(event, tag(element), list(parents)) for event, element, parents in walk(b"<a><b/></a>", ["a"])]
    [('start', 'a', []), ('start', 'b', ['a']), ('end', 'b', ['a']), ('end', 'a', [])]
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    open_elements: list[Element] = []
    parents: list[str] = []
    try:
        for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                yield event, element, parents
                open_elements.append(element)
                parents.append(tag(element))
                if len(parents) > MAX_DEPTH:
                    raise InputError(f"nests elements more than {MAX_DEPTH} deep; a graph needs about 5")
            else:
                open_elements.pop()
                parents.pop()
                yield event, element, parents
                if parents and parents[-1] in forget:
                    open_elements[-1].clear()
    except DefusedXmlException:
        raise InputError("has a document type or entity declaration, which is refused; remove <!DOCTYPE ...>") from None
    except ParseError as error:
        raise InputError(f"is not well-formed XML ({error}); is it cut short, or another format?") from None
    except (ValueError, LookupError):  # expat on encodings it does not know
        raise InputError("declares an encoding that cannot be read; save it as UTF-8") from None


def tag(element: Element) -> str:
    """The tag without its namespace.

    >>> tag(Element("{http://www.yworks.com/xml/graphml}NodeLabel"))
    'NodeLabel'
    """
    return str(element.tag).rpartition("}")[2]
