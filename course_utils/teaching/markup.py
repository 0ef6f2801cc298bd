"""Markdown with formulas as HTML that needs neither a script nor a network."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

# A minus after one of these is a sign, which stands close to its number; MathML takes it for a subtraction.
_BEFORE_A_SIGN = set("=(,≈·×+/<>≤≥←→;[{|:")
_MINUS = re.compile(r"(<mo[^>]*>([^<]*)</mo>(?:<mspace[^>]*/>)?)<mo>(?=&#x02212;)")
# LaTeX puts a thin space around the name of a function; in MathML it has to be there.
_SPACE = '<mspace width="0.167em" />'
_FUNCTION = re.compile(r"<msub><mi>log</mi><mrow>.*?</mrow></msub>|<mi>(?:ln|log|exp)</mi>")
_ENDS = ("</mn>", "</mi>", "</mfrac>", "</msub>", "</msup>", "&#x00029;</mo>")
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|.", re.DOTALL)
_OPENING, _CLOSING = {"{", "(", "[", r"\left", r"\begin"}, {"}", ")", "]", r"\right", r"\end"}
_LONG = 36  # characters of LaTeX that fit on a line of a telephone


def to_mathml(formula: str, *, display: bool = False) -> str:
    """A LaTeX formula as MathML, which browsers show without a script; as code if it cannot be converted.

    Parameters
    ----------
    formula : LaTeX without the dollar signs
    display : whether it stands in a line of its own
    """
    from latex2mathml.converter import convert

    try:
        converted = convert(
            re.sub(r"\\arg(?![a-zA-Z])", r"\\operatorname{arg}", formula.strip()),
            display="block" if display else "inline",
        )
    except Exception:  # the library raises many kinds for formulas that it does not know
        code = f"<code>{html.escape(formula.strip())}</code>"
        return f"<p>{code}</p>" if display else code
    converted = _MINUS.sub(_with_sign, converted)
    # The closing bar of a norm stands within its exponent and cannot grow; so the opening one shall not either.
    converted = converted.replace("<mo>&#x02016;</mo>", '<mo stretchy="false">&#x02016;</mo>')
    return _FUNCTION.sub(_with_spaces, converted)


def _with_sign(found: re.Match[str]) -> str:
    return found[1] + ('<mo form="prefix">' if html.unescape(found[2]) in _BEFORE_A_SIGN else "<mo>")


def _with_spaces(found: re.Match[str]) -> str:
    before, after = found.string[: found.start()], found.string[found.end() :]
    return _SPACE * before.endswith(_ENDS) + found[0] + _SPACE * (not after.startswith(("<mo", "</")))


def to_tex(formula: str, *, display: bool = False) -> str:
    r"""A LaTeX formula as it is, between \( and \), or \[ and \], for a page that has MathJax.

    Parameters
    ----------
    formula : LaTeX without the dollar signs
    display : whether it stands in a line of its own
    """
    text = html.escape(formula.strip(), quote=False)
    return rf"<p>\[{text}\]</p>" if display else rf"\({text}\)"


def to_html(source: str, formula: Callable[..., str] = to_mathml) -> str:
    """Markdown as HTML: paragraphs, lists, code, tables whose heads have a scope, and formulas.

    HTML in the source is shown as text. The first cell of a table's row is its head. A long formula within a line may
    be broken before its equals signs.

    Parameters
    ----------
    source : Markdown with LaTeX between dollar signs
    formula : turns a formula into HTML, called like `to_mathml`

    Returns
    -------
    page : HTML without head and body
    """
    import mistune
    from mistune.plugins.math import math
    from mistune.plugins.table import table

    class Renderer(mistune.HTMLRenderer):
        def block_math(self, text: str) -> str:
            return formula(text, display=True)

        def inline_math(self, text: str) -> str:
            return " ".join(map(formula, _pieces(text)))

        def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
            tag, scope = ("th", ' scope="col"') if head and text else ("td", "")
            style = f' style="text-align: {align}"' if align else ""
            return f"<{tag}{scope}{style}>{text}</{tag}>\n"

        def table_row(self, text: str) -> str:
            head = text.replace("<td", '<th scope="row"', 1).replace("</td>", "</th>", 1)
            return f"<tr>{head}</tr>\n"

    return mistune.create_markdown(renderer=Renderer(), plugins=[math, table])(source)


def _pieces(formula: str) -> list[str]:
    """A formula cut before the equals signs that stand outside of all brackets, if it is long."""
    if len(formula) <= _LONG:
        return [formula]
    depth, pieces = 0, [""]
    for token in _TOKEN.findall(formula):
        depth += (token in _OPENING) - (token in _CLOSING)
        if token in ("=", r"\approx") and depth == 0 and pieces[-1].strip():
            pieces.append("")
        pieces[-1] += token
    return [piece.strip() for piece in pieces]
