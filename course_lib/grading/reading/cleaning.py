"""What students write, made harmless before a browser sees it: nothing that runs, loads or leads away, only what is read.

An answer in words becomes one block of HTML on one line. To markdown that is raw HTML, which it passes on as it is: whatever
renders it a second time (nbconvert, JupyterLab) finds no markdown in it.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin

LONG = 8_000  # characters; markdown takes too long for more, which is shown as plain text
DEEP = 100  # tags within tags
PICTURE, PIXELS = 5 << 20, 40_000_000  # the most bytes of a picture, and pixels
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}  # no SVG: it is a program
_TAGS = """
a b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small
span strong sub sup table tbody td tfoot th thead tr u ul var
"""
TAGS = set(_TAGS.split())
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
NO_PICTURE = "<em>[a picture that is not shown: only PNG, JPEG, GIF and WebP inside the notebook are]</em>"
# Commands of TeX that only draw. A text with any other one (\href, \require, \def, ...) is shown as it was typed.
_TEX = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega frac dfrac tfrac sqrt sum prod int lim
limits max min argmax argmin arg log ln exp sin cos tan tanh left right big Big bigl bigr Bigl Bigr lVert rVert lvert
rvert lfloor rfloor lceil rceil langle rangle vert Vert cdot times div pm mp le leq ge geq ne neq ll gg approx equiv
sim simeq propto infty partial nabla in notin ni subset subseteq supset cup cap setminus emptyset forall exists neg
land lor to gets rightarrow leftarrow Rightarrow Leftarrow leftrightarrow Leftrightarrow implies iff mapsto dots ldots
cdots vdots ddots hat bar tilde vec dot ddot overline underline overbrace underbrace widehat widetilde mathbf mathbb
mathcal mathrm mathit mathsf boldsymbol text textbf textit operatorname binom quad qquad begin end circ odot oplus
otimes star ast mid parallel prime ell Re Im top bot angle not
"""
TEX = set(_TEX.split())


def words(text: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return markdown that a student wrote as one line of harmless HTML: `<div>...</div>`.

    Links are shown with their address and lead nowhere: a click is enough to change what nbgrader serves. Pictures are those
    of `attachments` (name -> kind -> base64, as a notebook has them) and of data: addresses; none comes from elsewhere.
    """
    inside = plain(text) if len(text) > LONG else _clean(_markdown().render(text), attachments or {})
    if _depth(inside) > DEEP or not (set(re.findall(r"<(img|hr)\b", inside)) or re.sub(r"<[^>]*>|\s", "", inside)):
        inside = plain(text)  # nothing would be left of it, or a reader of HTML could not read it
    odd = set(re.findall(r"\\([a-zA-Z]+)", text + html.unescape(inside))) - TEX
    ignored = ' class="tex2jax_ignore mathjax_ignore"' if odd else ""  # MathJax leaves these classes alone
    return f"<div{ignored}>{one_line(inside)}</div>"


def sentence(text: str) -> str:
    """Return text that may hold what a student chose, such as a file's name, as one line of HTML in bold."""
    return one_line(f"<div><b>{html.escape(text)}</b></div>")


def plain(text: str) -> str:
    """Return text as HTML that shows it as it is."""
    return f"<pre>{html.escape(text)}</pre>"


def picture(data: str) -> str | None:
    """Return a picture in base64 as a data: address of the kind that its bytes say; None if it is none that is shown."""
    from PIL import Image

    try:
        content = base64.b64decode(re.sub(r"\s+", "", data), validate=True)
        if len(content) > PICTURE:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=tuple(KINDS)) as image:
                if image.width * image.height > PIXELS or image.format is None:
                    return None
                return f"data:{KINDS[image.format]};base64,{base64.b64encode(content).decode()}"
    except (
        binascii.Error,
        ValueError,
        SyntaxError,
        OSError,
        Image.DecompressionBombError,
    ):  # what Pillow raises for no picture
        return None


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.use(dollarmath_plugin, double_inline=True)
    for name, sign in (("math_inline", "$"), ("math_inline_double", "$$"), ("math_block", "$$"), ("math_block_label", "$$")):
        markdown.add_render_rule(name, _as_typed(sign))
    return markdown


def _as_typed(sign: str) -> Callable[[RendererHTML, Sequence[Token], int, OptionsDict, EnvType], str]:
    """Return the rule that leaves a formula for MathJax."""

    def rule(_: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType) -> str:
        return html.escape(f"{sign}{tokens[place].content}{sign}")

    return rule


def _clean(rendered: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
    def keep(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) != ("img", "src"):
            return value
        name = value.removeprefix("attachment:")
        if name == value:
            return picture(value.partition(";base64,")[2]) if value.startswith("data:image/") else None
        given = attachments.get(name) or attachments.get(unquote(name)) or {}
        return next((found for data in given.values() if (found := picture(data))), None)

    # Any scheme of a link may pass here: below, it becomes text.
    schemes = {"http", "https", "mailto", "attachment", "data"}
    safe = nh3.clean(rendered, tags=TAGS, attributes=ATTRIBUTES, attribute_filter=keep, url_schemes=schemes, link_rel=None)
    safe = re.sub(r'<img(?: alt="[^"]*")?>', NO_PICTURE, safe)
    return re.sub(r'<a(?: href="([^"]*)")?>(.*?)</a>', _unlinked, safe, flags=re.S)


def _unlinked(link: re.Match[str]) -> str:
    address, shown = (link[1] or "").replace("<", "&lt;").replace(">", "&gt;"), link[2]
    return shown if not address or address == shown else f"{shown} (<code>{address}</code>)"


def _depth(safe: str) -> int:
    """Return how many tags lie within one another."""
    here = most = 0
    for closing, name in re.findall(r"<(/?)([a-z0-9]+)", safe):
        here += 0 if name in {"br", "hr", "img"} else -1 if closing else 1
        most = max(most, here)
    return most


def one_line(safe: str) -> str:
    """Return HTML on one line, which shows the same."""
    # No characters that steer a terminal or end a line for somebody: a new line is written as the entity, which <pre> shows.
    safe = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]", "", safe)
    return safe.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "&#10;")
