"""Maths in LaTeX as MathML, which browsers show without a script."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

if TYPE_CHECKING:
    from markupsafe import Markup

LONGEST = 5_000  # characters
ROWS = {"math", "mrow", "msup", "msub", "msubsup", "munder", "mover", "munderover", "mfrac", "mstyle", "mpadded"}
TAGS = ROWS | {"mi", "mn", "mo", "mtext", "mspace", "msqrt", "mroot", "mtable", "mtr", "mtd"}
ATTRIBUTES = {"display", "stretchy", "mathvariant", "width", "linethickness", "fence", "form", "displaystyle"}


def mathml(latex: str) -> Markup:
    r"""A formula in MathML; what cannot be read as one, or holds more than a formula, as the LaTeX that it is.

    >>> print(mathml(r"x \leq 2"))
    <math display="inline" displaystyle="true"><mrow><mi>x</mi><mo>≤</mo><mn>2</mn></mrow></math>
    >>> print(mathml("x^"))
    <code>x^</code>
    """
    from latex2mathml.converter import Converter
    from markupsafe import Markup

    as_it_is = Markup(f"<code>{escape(latex[:LONGEST])}</code>")
    if len(latex) > LONGEST:
        return as_it_is
    try:
        formula = Converter(display="inline").convert_to_element(latex)
    except Exception:  # of a dozen classes: whatever a parser meets in what is no formula
        return as_it_is
    if any(element.tag not in TAGS for element in formula.iter()):
        return as_it_is
    for element in formula.iter():
        _clean(element)
    for element in list(formula.iter()):
        _space_functions(element)
    formula.set("displaystyle", "true")
    # The converter's own serializer takes "<" in a text for markup; this one escapes it.
    return Markup(tostring(formula, encoding="unicode"))


def _space_functions(row: Element) -> None:
    """A thin space between the name of a function and its argument, as in log p."""
    for k in range(len(row) - 1, 0, -1):
        if row.tag == "mrow" and row[k].tag == row[k - 1].tag == "mi" and len(row[k - 1].text or "") > 1:
            row.insert(k, Element("mspace", width="0.17em"))


def _clean(element: Element) -> None:
    """Characters for the converter's entities, no escapes within text, no attribute that a formula has no use for."""
    text = unescape(element.text or "")
    element.text = re.sub(r"\\([_#$%&{}])", r"\1", text) if element.tag == "mtext" else text
    for name in element.attrib.keys() - ATTRIBUTES:
        del element.attrib[name]
