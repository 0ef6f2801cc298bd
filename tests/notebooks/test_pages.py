"""Pages made of the notebooks carry every figure's alt text and caption: nbconvert's, and Sphinx's with myst-nb."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from course_utils.figure_texts import read_texts
from course_utils.teaching.notebooks import code_cells, read_notebook

ROOT = Path(__file__).parents[2]
NAMES = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]

# myst-nb takes the plain picture unless told that Markdown is worth more.
_CONF = """
extensions = ["myst_nb"]
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/markdown", 5)]
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type", "myst.xref_missing", "misc.highlighting_failure"]
"""

every_notebook = pytest.mark.parametrize("name", NAMES)


def _missing(page: BeautifulSoup, name: str) -> list[str]:
    """Figures whose alt text and caption are not where a reader finds them."""
    texts = [text for text in read_texts().values() if text.notebook == name]
    assert texts
    shown = {picture.get("alt"): picture for picture in page.find_all("img")}
    missing = []
    for text in texts:
        figure = shown[text.alt].find_parent("figure") if text.alt in shown else None
        caption = figure.figcaption.get_text() if figure is not None and figure.figcaption else ""
        if caption != f"Figure {text.number}. {text.caption}":
            missing.append(text.name)
    assert len([picture for picture in page.find_all("img") if not picture.get("alt")]) == 0
    return missing


@pytest.fixture(scope="module")
def sphinx_pages(tmp_path_factory):
    """The whole course as Sphinx's pages."""
    source = tmp_path_factory.mktemp("source")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, source)
    (source / "conf.py").write_text(_CONF)
    (source / "index.md").write_text("# Course\n\n```{toctree}\n" + "\n".join(NAMES) + "\n```\n")
    pages = tmp_path_factory.mktemp("pages")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return pages


@every_notebook
def test_nbconvert_s_page_has_every_alt_text_and_caption(name):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(template_name="lab").from_filename(str(ROOT / "notebooks" / f"{name}.ipynb"))
    assert _missing(BeautifulSoup(page, "html.parser"), name) == []


@every_notebook
def test_sphinx_s_page_has_every_alt_text_and_caption(name, sphinx_pages):
    page = BeautifulSoup((sphinx_pages / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    assert _missing(page, name) == []


@every_notebook
def test_converters_that_want_plain_pictures_get_them(name):
    """By the order that nbconvert had at first and still has for LaTeX; GitHub's preview is said to keep to it."""
    from nbconvert.filters import DataTypeFilter

    figures = [o for c in code_cells(read_notebook(ROOT / "notebooks" / f"{name}.ipynb")) for o in c.outputs
               if "<figure" in o.get("data", {}).get("text/markdown", "")]  # fmt: skip
    assert len(figures) == sum(text.notebook == name for text in read_texts().values())
    for figure in figures:
        (chosen,) = DataTypeFilter()(figure.data)
        assert chosen in ("image/png", "image/jpeg")
