"""Maths as MathML, which browsers draw themselves: no scripts, no fonts from outside."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

SPACED = (  # what browsers would draw too near, too far apart, or in no font
    (r"<mo>&ApplyFunction;</mo>(?!\s*<mo[^>]*>\()", '<mspace width="0.17em"/>'),
    (r'<mo stretchy="false">\|</mo>', '<mo stretchy="false" lspace="0" rspace="0">|</mo>'),
    ("\N{REVERSE SOLIDUS OPERATOR}", "\N{SET MINUS}"),
)
logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(translator: Any, node: nodes.math) -> None:
    """A formula within a line."""
    translator.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def display(translator: Any, node: nodes.math_block) -> None:
    """A formula on lines of its own, which scrolls where the window is narrow."""
    translator.body.append(f'<div class="formula">{mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def mathml(node: nodes.math | nodes.math_block, *, as_block: bool) -> str:
    """The node's LaTeX as MathML; what docutils cannot read is a warning of the build."""
    try:
        drawn = str(tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        logger.warning("maths that is not understood: %s", error, location=node)
        return f"<code>{escape(node.astext())}</code>"
    for written, better in SPACED:
        drawn = re.sub(written, better, drawn)
    return drawn
