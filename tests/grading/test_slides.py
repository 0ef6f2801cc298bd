"""Slides: no network, no solution, readable formulas, and what belongs together on one slide."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.teaching import slides
from course_utils.teaching.release import SolutionLeak
from course_utils.teaching.slides import make_slides, to_mathml

ROOT = Path(__file__).parents[2]
MASTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = MASTERS[1]

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, slides._NEEDED)), reason="slides need the packages of the extra 'slides'"
)


def _page(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def _text(page):
    for element in page(["script", "style"]):
        element.decompose()
    return page.get_text()


def _secrets(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for block in re.findall(r"### BEGIN SOLUTION\n(.*?)### END", cell.source, re.DOTALL):
            yield [line.strip() for line in block.splitlines() if len(line.strip()) >= 8]


def _made(tmp_path, *cells, **options):
    path = tmp_path / "notes.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return make_slides(path, tmp_path / "out.html", **options)


@pytest.mark.parametrize("master", MASTERS, ids=lambda path: path.stem)
def test_slides_of_the_course(master, tmp_path):
    page = _page(make_slides(master, tmp_path))
    assert len(page.select(".slides > section")) >= 6
    for element in page.find_all(["script", "link", "img", "iframe", "source", "video"]):
        for attribute in ("src", "href", "srcset", "data"):
            assert not re.match(r"(https?:)?//", element.get(attribute) or ""), element
        assert not element.get("src") or element["src"].startswith("data:")
    for style in page.find_all("style"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.text)
    assert not page.select("aside.notes")
    pictures = page.select(".slides img")
    assert pictures
    assert all(picture.get("alt") for picture in pictures)
    for formula in page.find_all("math"):
        assert "\\" not in formula.get_text()
    text = _text(page)
    for block in _secrets(master):
        assert not all(line in text for line in block)
    assert "HIDDEN TESTS" not in text
    assert "SOLUTION" not in text
    assert "raise NotImplementedError" in text
    prose = re.sub(r"\s+", " ", BeautifulSoup(str(page), "html.parser").get_text())
    assert "*Stuck?" not in prose
    for element in page(["pre", "code"]):
        element.decompose()
    assert "$" not in page.get_text()


def test_slides_of_the_core_leave_out_what_is_done_if_there_is_time(tmp_path):
    cells = [
        new_markdown_cell("# Title"),
        new_markdown_cell("## 1 · First\n\nseen"),
        new_markdown_cell("## 2 · Second\n\nextra", metadata={"tags": ["if-time"]}),
        new_markdown_cell("## 3 · Third\n\nlast"),
    ]
    assert "extra" in _text(_page(_made(tmp_path, *cells)))
    text = _text(_page(_made(tmp_path, *cells, core=True)))
    assert "seen" in text
    assert "last" in text
    assert "extra" not in text


def test_solutions_are_in_the_speaker_s_notes_alone(tmp_path):
    page = _page(make_slides(FIRST, tmp_path, speaker=True))
    notes = page.select("section aside.notes")
    said = "\n".join(note.get_text() for note in notes)
    for block in _secrets(FIRST):
        assert all(line in said for line in block)
    assert "seed=20" not in said
    for note in notes:
        note.decompose()
    for block in _secrets(FIRST):
        assert not all(line in page.select_one(".slides").get_text() for line in block)


def test_speaker_s_cells_are_notes_or_left_out(tmp_path):
    cells = [
        new_markdown_cell("said before all", metadata={"tags": ["speaker"]}),
        new_markdown_cell("# Title\n\nshown"),
        new_markdown_cell("said later", metadata={"slideshow": {"slide_type": "notes"}}),
        new_code_cell("secret_code()", metadata={"tags": ["speaker"]}),
    ]
    text = _text(_page(_made(tmp_path, *cells)))
    assert "shown" in text
    assert "said" not in text
    assert "secret_code" not in text
    page = _page(_made(tmp_path, *cells, speaker=True))
    assert len(page.select("section section aside.notes")) == 3
    assert "RevealNotes" in str(page)


def test_slide_types_of_the_metadata_are_kept(tmp_path):
    def cell(text, kind):
        return new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}})

    page = _page(
        _made(
            tmp_path,
            cell("## one", "slide"),
            cell("## on the same", "-"),
            cell("two", "slide"),
            cell("below two", "subslide"),
            cell("later", "fragment"),
            cell("never", "skip"),
        )
    )
    assert [len(slide.find_all("section")) for slide in page.select(".slides > section")] == [1, 2]
    assert page.select_one(".fragment").get_text(strip=True) == "later"
    assert "never" not in _text(page)


def test_slides_are_derived_from_headings_and_room(tmp_path):
    page = _page(
        _made(
            tmp_path,
            new_markdown_cell("# Title\n\ntext\n\n## One\n\ntext\n\n### Below\n\ntext"),
            new_code_cell("\n".join(f"line_{i} = {i}" for i in range(20))),
            new_markdown_cell("\n\n".join(f"Paragraph {i}." for i in range(8))),
            new_markdown_cell("## Two\n\n```\n## no heading\n```"),
        )
    )
    titles = [slide.find(["h1", "h2"]).get_text() for slide in page.select(".slides > section")]
    assert titles == ["Title", "One", "Two"]
    assert len(page.select(".slides > section")[1].find_all("section")) >= 3
    assert page.select("h2.continued")
    assert page.title.get_text() == "Title"


def test_what_would_be_loaded_is_left_out_or_refused(tmp_path):
    remote = "https://example.org/x"
    output = new_output("display_data", {"text/html": f"<iframe src='{remote}'></iframe>", "text/plain": "<a film>"})
    page = _page(
        _made(
            tmp_path,
            new_markdown_cell(f"## A\n\n![a map]({remote}.png) and [prose]({remote})"),
            new_code_cell("film()", outputs=[output]),
        )
    )
    assert not page.find_all(["iframe"])
    assert not page.select(".slides img")
    assert [link["href"] for link in page.select(".slides a")] == [f"{remote}.png", remote]
    assert "<a film>" in _text(page)
    with pytest.raises(ValueError, match=r"would load https://example\.org/x"):
        _made(tmp_path, new_markdown_cell(f"<style>@import url({remote});</style>\n\ntext"))


def test_a_solution_pasted_into_prose_is_not_shown(tmp_path):
    nb = nbformat.read(FIRST, as_version=4)
    nb.cells.append(new_markdown_cell("\n".join(next(iter(_secrets(FIRST))))))
    nbformat.write(nb, tmp_path / "leaky.ipynb")
    with pytest.raises(SolutionLeak):
        make_slides(tmp_path / "leaky.ipynb", tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_bad_input_is_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="nothing to show"):
        _made(tmp_path, new_code_cell("import os"))
    with pytest.raises(ValueError, match="the notebook itself"):
        make_slides(tmp_path / "notes.ipynb", tmp_path / "notes.ipynb")
    monkeypatch.setattr(slides, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"course_utils\[slides\]"):
        make_slides(FIRST, tmp_path)


def test_formulas_are_mathml():
    assert 'display="block"' in to_mathml(r"\frac{1}{2}", display=True)
    assert "\\" not in to_mathml(r"\arg\min_x \lVert x \rVert^2")
    assert to_mathml(r"\begin{x") == r"<code>\begin{x</code>"
