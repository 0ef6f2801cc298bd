"""A notebook as slides: one HTML file that needs no network, with no solution on it."""

from __future__ import annotations

import ast
import base64
import html
import io
import re
from collections.abc import Iterator
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.teaching.markup import to_mathml
from course_utils.teaching.notebooks import ASSERTION_TAG, FOLDED_TAG, IF_TIME_TAG, has_tag, read_notebook, write_text
from course_utils.teaching.publish import BADGE_MARK
from course_utils.teaching.release import STUB, SolutionLeak, find_leaks, student_version

SPEAKER_TAG = "speaker"
_NEEDED = ("nbconvert", "sphinx_revealjs", "latex2mathml")  # the second only carries reveal.js's files
_SOLUTION = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION$\n?", re.MULTILINE)
_HIDDEN = re.compile(r"^\s*### BEGIN HIDDEN TESTS$.*?^\s*### END HIDDEN TESTS$\n?", re.MULTILINE | re.DOTALL)
_REMOTE = r"(?:https?:)?//"
_REMOTE_TAG = re.compile(
    rf"<(?:script|link|img|iframe|source|video|audio|embed|object)\b[^>]*?"
    rf"\b(?:src|srcset|href|data|poster)\s*=\s*[\"']?\s*({_REMOTE}[^\"'\s>]+)[^>]*>",
    re.IGNORECASE,
)
_REMOTE_STYLE = re.compile(rf"(?:@import\s+(?:url\()?|url\()\s*[\"']?\s*({_REMOTE}[^\"'\s)]+)", re.IGNORECASE)
_WIDTH, _HEIGHT = 1280, 720
_ROOM = 630  # pixels that the cells of one slide may take, by estimate
_LINE, _CODE_LINE, _COLUMNS = 38, 25, 92
_TALLEST_FIGURE = 500
_PICTURES = ("image/png", "image/jpeg")

_TEMPLATE = """\
{%- extends 'index.html.j2' -%}
{%- block header -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ resources.course.title | escape_html }}</title>
<style>{{ resources.course.reveal_css }}</style>
{{ resources.include_css("static/index.css") }}
{{ resources.include_css("static/theme-light.css") }}
<style>{{ resources.course.css }}</style>
</head>
{%- endblock header -%}
{%- block in_prompt -%}{%- endblock in_prompt -%}
{%- block empty_in_prompt -%}{%- endblock empty_in_prompt -%}
{%- block output_area_prompt -%}{%- endblock output_area_prompt -%}
{%- block data_png scoped -%}
<img src="data:image/png;base64,{{ output.data['image/png'] | replace('\\n', '') | escape_html }}"
 alt="{{ output.metadata.get('image/png', {}).get('alt', '') | escape_html }}"
 {%- if output.metadata.get('image/png', {}).get('width') %}
 style="width: {{ output.metadata['image/png'].width * 1.25 }}px"{% endif %}>
{%- endblock data_png -%}
{%- block footer -%}
<script>{{ resources.course.reveal_js }}</script>
{% for plugin in resources.course.plugins %}<script>{{ plugin }}</script>
{% endfor %}
<script>{{ resources.course.start_js }}</script>
</html>
{%- endblock footer -%}
"""

_CSS = """\
body { background: #fff; margin: 0; }
main { height: 100vh; }
.reveal, .reveal .slides { font-family: "Source Sans Pro", "Segoe UI", "Helvetica Neue", Arial, sans-serif;
  font-size: 26px; line-height: 1.4; color: #1f2328; text-align: left; }
.reveal .slides section { box-sizing: border-box; padding: 24px 36px; text-align: left; }
.reveal .slides > section.stack { padding: 0; }
.reveal h1, .reveal h2, .reveal h3 { font-weight: 600; line-height: 1.2; margin: 0 0 0.5em; color: #14365d; }
.reveal h1 { font-size: 52px; } .reveal h2 { font-size: 40px; } .reveal h3 { font-size: 32px; }
.reveal h2.continued { font-size: 24px; color: #6b7684; font-weight: 400; margin-bottom: 0.3em; }
.jp-RenderedHTMLCommon, .jp-RenderedHTMLCommon table, .reveal blockquote { font-size: 26px; line-height: 1.4;
  font-family: inherit; color: inherit; }
.jp-RenderedHTMLCommon { padding: 0 !important; }
.jp-RenderedHTMLCommon p, .jp-RenderedHTMLCommon ul, .jp-RenderedHTMLCommon ol { margin: 0 0 0.6em !important; }
.jp-RenderedHTMLCommon li { margin-bottom: 0.25em; }
.jp-RenderedHTMLCommon blockquote { border-left: 5px solid #2f7ed8; background: #eef5fd; color: inherit;
  margin: 0 0 0.6em; padding: 0.4em 0.8em; }
.jp-RenderedHTMLCommon blockquote p:last-child { margin-bottom: 0 !important; }
.jp-RenderedHTMLCommon table td, .jp-RenderedHTMLCommon table th { font-size: 22px; padding: 4px 14px; }
.jp-RenderedHTMLCommon code { font-size: 0.88em; background: #f0f2f5; padding: 0 0.2em; }
.jp-RenderedHTMLCommon pre code { background: none; padding: 0; }
.jp-Cell { padding: 0 0 8px !important; }
.jp-Cell .jp-InputArea, .jp-Cell .jp-OutputArea-child { display: block; width: 100%; }
.jp-Collapser { display: none; }
.jp-InputArea-editor { border: 1px solid #d9dee4 !important; background: #f6f8fa !important; border-radius: 4px; }
.reveal pre, .reveal .highlight pre { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 18px;
  line-height: 1.35; margin: 0; padding: 8px 14px; white-space: pre-wrap; overflow: visible; box-shadow: none;
  width: auto; max-height: none; }
.highlight { background: none; margin: 0; }
.jp-OutputArea-output, .jp-RenderedText pre { overflow: visible !important; max-height: none !important; }
.jp-RenderedText { padding: 2px 0 0 !important; } .jp-RenderedText pre { color: #3b4754; }
.reveal section img { display: block; margin: 6px auto; max-width: 100%; max-height: 500px; object-fit: contain;
  height: auto; width: auto; border: 0; }
.reveal figure { margin: 0; } .reveal figcaption { font-size: 20px; color: #3b4754; }
math { font-size: 1.08em; } math[display="block"] { margin: 0.35em 0 0.55em; font-size: 1.15em; }
a.anchor-link { display: none; }
.reveal aside.notes { display: none; }
.reveal .slide-number { background: none; color: #6b7684; font-size: 16px; right: auto; left: 16px; }
.reveal .controls, .reveal .progress { color: #2f7ed8; }
"""

# What the estimate of the slides' height got wrong is put right here: a slide that is too tall is made smaller.
_START = """\
function fitSlide(event) {
  var slide = event.currentSlide;
  if (!slide || slide.dataset.fitted) return;
  slide.dataset.fitted = "1";
  var room = Reveal.getConfig().height, tall = slide.scrollHeight;
  if (tall > room) {
    slide.style.zoom = Math.max(0.55, room / tall);
    if (tall * 0.55 > room) { slide.style.maxHeight = room / 0.55 + "px"; slide.style.overflowY = "auto"; }
  }
}
Reveal.initialize({ width: %d, height: %d, margin: 0.02, center: false, hash: true, slideNumber: "c/t", controls: true,
  progress: true, transition: "none", plugins: [%s] }).then(function () {
    fitSlide({ currentSlide: Reveal.getCurrentSlide() });
    Reveal.on("slidechanged", fitSlide);
  });
"""


def make_slides(path: Path, out: Path, *, speaker: bool = False, core: bool = False) -> Path:
    """Write a notebook as slides: one HTML file for any browser, without a network.

    Slides begin where the cells' metadata say so (``slideshow.slide_type``). In a notebook that says nothing, a heading
    ``##`` begins a slide and ``###`` one below it, and what does not fit goes on to the next. Outputs are those stored
    in the notebook. Left out are set-up, imports, check cells, hints and solutions.

    Parameters
    ----------
    path : the notebook, the instructor's or a student's version
    out : the file, or a folder that is there: then the file in it has the notebook's name and ends in ".slides.html"
    speaker : for the lecturer alone: cells that are tagged "speaker" (or have the slide type "notes"), and the
        solutions, become speaker notes, shown with the key S; otherwise they are left out
    core : leave out the sections that are done if there is time

    Returns
    -------
    the file written

    Raises
    ------
    ValueError
        If the file is not a notebook, has broken exercise cells or nothing to show, would need a network, or if what
        makes slides is not installed.
    SolutionLeak
        If a line of a solution would be shown. Nothing is written then.
    """
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise ValueError(f'for slides {", ".join(missing)} must be installed: `pip install "course_utils[slides]"`.')
    path, out = Path(path), Path(out)
    target = out / f"{path.stem}.slides.html" if out.is_dir() else out
    if target.resolve() == path.resolve():
        raise ValueError(f"{out} is the notebook itself: choose another name for the slides.")
    master = read_notebook(path)
    nb = _shown(master, speaker=speaker, core=core)
    if not nb.cells:
        raise ValueError(f"{path} has nothing to show on slides: expected headings, text or outputs.")
    if not speaker and (leaks := find_leaks(master, nb)):
        raise SolutionLeak(f"{path.name}: the slides would show {leaks[0]!r}.")
    text = _export(nb, path, speaker=speaker)
    if found := _REMOTE_TAG.search(_without_scripts(text)) or _REMOTE_STYLE.search(text):
        raise ValueError(f"{path}: the slides would load {found[1]} from a network. Take that out of the notebook.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, text)
    return target


def _shown(master: NotebookNode, *, speaker: bool, core: bool) -> NotebookNode:
    """What is on the slides, every cell with its slide type."""
    master = deepcopy(master)
    left_out = (ASSERTION_TAG, IF_TIME_TAG) if core else (ASSERTION_TAG,)
    master.cells = [cell for cell in master.cells if not any(has_tag(cell, tag) for tag in left_out)]
    marked = any("### BEGIN" in cell.source for cell in master.cells)
    student = student_version(master) if marked else deepcopy(master)
    typed = any(_slide_type(cell) for cell in master.cells)
    cells = []
    for before, cell in zip(master.cells, student.cells, strict=True):
        grading = before.metadata.get("nbgrader", {})
        kind = _slide_type(before)
        if has_tag(before, SPEAKER_TAG) or kind == "notes":
            if speaker:
                cells.append(_note(before))
            continue
        if kind == "skip" or has_tag(before, "setup") or grading.get("grade") or _only_imports(before):
            continue
        if grading.get("solution"):
            if STUB in cell.source:
                cell.outputs = []
                cell.metadata = NotebookNode()
                cells.append(_typed(cell, kind))
            if speaker and before.source != cell.source:
                cells.append(_solution_note(before))
            continue
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_offline, before.get("outputs", [])) if output is not None]
            if (_only_plots(cell) or has_tag(cell, FOLDED_TAG)) and cell.outputs:
                cell.metadata["transient"] = {"remove_source": True}
            if cell.source.strip():
                cells.append(_typed(cell, kind))
        elif cell.cell_type == "markdown":
            cell.source = _without_asides(cell.source)
            if cell.source.strip():
                cells.append(_typed(cell, kind))
    if not typed:
        cells = list(_laid_out(cells))
    first = next((i for i, cell in enumerate(cells) if _slide_type(cell) != "notes"), 0)
    cells.insert(0, cells.pop(first)) if cells else None  # a note before any slide belongs to the first
    return nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def _laid_out(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Cells with slide types derived from headings and from the room that they need."""
    used, heading, section = _ROOM, "", ""
    for cell in cells:
        if _slide_type(cell) == "notes":
            yield cell
            continue
        for piece in _pieces(cell):
            found = re.match(r"(#{1,3}) +(.*)", piece.source) if piece.cell_type == "markdown" else None
            height = _height(piece)
            if found:
                kind = "subslide" if found[1] == "###" else "slide"
                if kind == "subslide" and used < 100:  # under a heading alone
                    kind = "-"
                heading = found[2] if found[1] != "#" else ""
                section = section if found[1] == "###" else heading
            else:
                kind = "subslide" if used > 100 and used + height > _ROOM else "-"
                if kind == "subslide" and heading:
                    yield _typed(nbformat.v4.new_markdown_cell(_continued(heading)), kind)
                    kind, used = "-", 44
            used = height if kind != "-" and found else (used if kind == "-" else 0) + height
            yield _typed(piece, kind)
            if STUB in piece.source:  # the end of an exercise
                used, heading = _ROOM, section


def _continued(heading: str) -> str:
    title = re.sub(r"\s*\([^()]*\bpoints?\b[^()]*\)\s*$", "", heading)
    return f'<h2 class="continued">{title}</h2>'


def _pieces(cell: NotebookNode) -> Iterator[NotebookNode]:
    """A Markdown cell cut before headings, and where it is too long for a slide, between paragraphs."""
    if cell.cell_type != "markdown":
        yield cell
        return
    paragraphs, lines, fenced = [], [], False
    for line in cell.source.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (not line.strip() or re.match(r"#{1,3} ", line)) and lines:
            paragraphs.append("\n".join(lines))
            lines = []
        if line.strip() or fenced:
            lines.append(line)
    paragraphs += ["\n".join(lines)] if lines else []
    group: list[str] = []
    for paragraph in paragraphs:
        longer = nbformat.v4.new_markdown_cell("\n\n".join([*group, paragraph]))
        if group and (re.match(r"#{1,3} ", paragraph) or _height(longer) > _ROOM - 60):
            yield nbformat.v4.new_markdown_cell("\n\n".join(group))
            group = []
        group.append(paragraph)
    if group:
        yield nbformat.v4.new_markdown_cell("\n\n".join(group))


def _height(cell: NotebookNode) -> float:
    """About how many pixels a cell takes on a slide."""
    if cell.cell_type == "markdown":
        height = 0.0
        for line in cell.source.split("\n"):
            if level := re.match(r"(#+) ", line):
                height += {1: 90, 2: 70, 3: 58}.get(len(level[1]), 50)
            elif "$$" in line:
                height += 90 + _LINE * (len(re.sub(r"\$\$.*?\$\$", "", line)) // _COLUMNS)
            else:
                shown = re.sub(r"\\[a-zA-Z]+|[$*{}^_\\]|\]\([^)]*\)", "", line)
                height += _LINE * (1 + len(shown) // _COLUMNS) if line.strip() else 14
        return height + 10
    hidden = cell.metadata.get("transient", {}).get("remove_source", False)
    height = 0.0 if hidden else _CODE_LINE * (cell.source.count("\n") + 1) + 28
    for output in cell.outputs:
        data = output.get("data", {})
        if picture := next((kind for kind in _PICTURES if kind in data), None):
            height += _figure_height(output, picture)
        elif "text/html" in data:
            height += 40 * (data["text/html"].count("<tr") + 1)
        else:
            text = output.get("text", "") or data.get("text/plain", "")
            height += _CODE_LINE * (text.rstrip("\n").count("\n") + 1) + 16
    return height


def _figure_height(output: NotebookNode, kind: str) -> float:
    """Height of a picture and its caption as the style sheet shows them."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(base64.b64decode(output.data[kind]))) as picture:
            wide, high = picture.size
    except (OSError, ValueError):
        return _TALLEST_FIGURE
    shown = min(1.25 * float(output.get("metadata", {}).get(kind, {}).get("width", wide)), _WIDTH - 72)
    caption = _LINE if "<figcaption" in output.data.get("text/markdown", "") else 0
    return min(_TALLEST_FIGURE, high * shown / max(wide, 1)) + 12 + caption


def _slide_type(cell: NotebookNode) -> str:
    kind = cell.metadata.get("slideshow", {}).get("slide_type", "")
    return kind if kind in ("slide", "subslide", "fragment", "skip", "notes") else ""


def _typed(cell: NotebookNode, kind: str) -> NotebookNode:
    cell.metadata["slideshow"] = NotebookNode(slide_type=kind or "-")
    return cell


def _note(cell: NotebookNode) -> NotebookNode:
    """A cell for the speaker alone; code is shown as text."""
    source = cell.source if cell.cell_type == "markdown" else f"```python\n{_HIDDEN.sub('', cell.source)}\n```"
    return _typed(nbformat.v4.new_markdown_cell(source), "notes")


def _solution_note(cell: NotebookNode) -> NotebookNode:
    note = _note(cell)
    note.source = "**Solution**\n\n" + _SOLUTION.sub("", note.source)
    return note


def _without_asides(source: str) -> str:
    """Markdown without the Colab badge and the pointer to hints, which mean nothing on a slide."""
    lines = [line for line in source.split("\n") if BADGE_MARK not in line and not line.startswith("*Stuck?")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _statements(cell: NotebookNode) -> list[ast.stmt]:
    """The statements of a code cell; none if it is no plain Python."""
    if cell.cell_type != "code":
        return []
    try:
        return ast.parse(cell.source).body
    except (SyntaxError, ValueError):
        return []


def _only_imports(cell: NotebookNode) -> bool:
    """Whether a cell only imports, and begins the lesson."""
    body = _statements(cell)
    return bool(body) and all(
        isinstance(node, ast.Import | ast.ImportFrom) or _calls(node, "lesson.start") for node in body
    )


def _only_plots(cell: NotebookNode) -> bool:
    """Whether a cell only calls the course's plotting functions: the figure says it all."""
    body = _statements(cell)
    return bool(body) and all(_calls(node, "plots.") for node in body)


def _calls(node: ast.stmt, name: str) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func).startswith(name)
    )


def _offline(output: NotebookNode) -> NotebookNode | None:
    """An output without what would be loaded from a network or printed to stderr; None if nothing remains."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    output = deepcopy(output)
    if "data" in output:
        for kind in [kind for kind in output.data if not re.match(r"image/(png|jpeg|svg)|text/", kind)]:
            del output.data[kind]
        page = "".join(output.data.get("text/html", ""))
        if "<script" in page or _REMOTE_TAG.search(page):
            del output.data["text/html"]
        if not output.data:
            return None
    return output


def _without_scripts(text: str) -> str:
    """HTML without what stands in its own scripts and styles: strings there load nothing."""
    return re.sub(r"(<(script|style)\b[^>]*>).*?</\2>", r"\1", text, flags=re.DOTALL | re.IGNORECASE)


def _export(nb: NotebookNode, path: Path, *, speaker: bool) -> str:
    from nbconvert import SlidesExporter

    reveal = Path(next(iter(find_spec("sphinx_revealjs").submodule_search_locations))) / "_static" / "revealjs"
    try:
        css = (reveal / "dist" / "reveal.css").read_text(encoding="utf-8")
        script = (reveal / "dist" / "reveal.js").read_text(encoding="utf-8")
        plugins = [(reveal / "plugin" / "notes" / "notes.js").read_text(encoding="utf-8")] if speaker else []
    except OSError as error:
        raise ValueError(
            f"reveal.js is not where sphinx-revealjs should have it: {error}. Install version 3."
        ) from None
    title = re.search(r"^# +(.+)$", "\n".join(cell.source for cell in nb.cells), re.MULTILINE)
    start = _START % (_WIDTH, _HEIGHT, "RevealNotes" if speaker else "")
    exporter = SlidesExporter(raw_template=_TEMPLATE, embed_images=True)
    exporter.register_filter("markdown2html", lambda source: _to_html(source, path.parent))
    resources = {
        "metadata": {"name": path.stem, "path": str(path.parent)},
        "course": {
            "title": title[1] if title else path.stem,
            "css": _CSS,
            "reveal_css": css,
            "reveal_js": _in_script(script),
            "plugins": [_in_script(plugin) for plugin in plugins],
            "start_js": start,
        },
    }
    text, _ = exporter.from_notebook_node(nb, resources=resources)
    return text


def _in_script(script: str) -> str:
    """A script that may stand inside an HTML page."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _to_html(source: str, folder: Path) -> str:
    """Markdown as HTML, formulas as MathML, remote pictures as links."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def block_math(self, body: str) -> str:
            return to_mathml(body, display=True)

        def inline_math(self, body: str) -> str:
            return to_mathml(body)

        def latex_environment(self, name: str, body: str) -> str:
            return to_mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)

    renderer = Renderer(escape=False, embed_images=True, exclude_anchor_links=True, path=str(folder))
    return _REMOTE_TAG.sub(_as_link, MarkdownWithMath(renderer=renderer).render(source))


def _as_link(found: re.Match[str]) -> str:
    text = re.search(r"alt=[\"']([^\"']+)", found[0])
    return f'<a href="{found[1]}">{text[1] if text else html.escape(found[1])}</a>'
