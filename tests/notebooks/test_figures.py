"""Every figure of the notebooks has words of its own, and they reach the reader."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from IPython.core.inputtransformer2 import TransformerManager

from course_utils.figure_texts import read_texts, texts_folder
from course_utils.plots.schemata import SCHEMATA
from course_utils.teaching.notebooks import code_cells, has_tag, read_notebook

ROOT = Path(__file__).parents[2]
NAMES = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
DRAWING_SHARE = 0.18

every_notebook = pytest.mark.parametrize("name", NAMES)


@cache
def _read(name):
    return read_notebook(ROOT / "notebooks" / f"{name}.ipynb")


def _tree(cell):
    return ast.parse(TransformerManager().transform_cell(cell.source))


def _is_drawing(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "plots"
    )


def _figures(name):
    """Names of the figures that a notebook's code draws, in its order."""
    found = []
    for cell in code_cells(_read(name)):
        calls = [node for node in ast.walk(_tree(cell)) if _is_drawing(node)]
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            if call.func.attr in ("figure", "schema"):
                found.append(call.args[0].value)
            else:
                found += [keyword.value.value for keyword in call.keywords if keyword.arg == "figure"]
    return found


def _texts(name):
    return {text.name: text for text in read_texts().values() if text.notebook == name}


def _prose(name):
    return " ".join(cell.source for cell in _read(name).cells if cell.cell_type == "markdown")


def _shown(name):
    """Figures as they are stored, in order."""
    outputs = [output for cell in code_cells(_read(name)) for output in cell.outputs]
    return [output for output in outputs if any(kind.startswith("image/") for kind in output.get("data", {}))]


@every_notebook
def test_names_and_texts_fit_one_another_in_the_notebook_s_order(name):
    """Each name is used once, no text is unused, none is missing."""
    assert _figures(name) == list(_texts(name))


def test_every_file_of_texts_belongs_to_a_notebook():
    assert {path.stem for path in texts_folder().iterdir()} == set(NAMES)


@every_notebook
def test_what_is_stored_is_the_picture_and_its_words(name):
    """So a changed text makes the stored outputs stale, too."""
    for output, text in zip(_shown(name), _texts(name).values(), strict=True):
        page = BeautifulSoup(output.data["text/markdown"], "html.parser")
        assert page.img["alt"] == text.alt
        assert page.figcaption.get_text() == f"Figure {text.number}. {text.caption}"
        (kind,) = [kind for kind in output.data if kind.startswith("image/")]
        assert output.metadata[kind]["alt"] == text.alt
        assert output.data["text/plain"] == f"Figure {text.number}. {text.caption}\n{text.alt}"


@every_notebook
def test_words_are_whole_sentences_for_everybody(name):
    for text in _texts(name).values():
        assert len(text.caption.split()) >= 5, text.caption
        assert re.search(r"[.?!]$", text.caption), text.caption
        assert len(re.findall(r"[.?!](?:\s|$)", text.caption)) == 1, f"one sentence: {text.caption}"
        assert len(text.alt.split()) >= 6, text.alt
        assert text.alt.endswith("."), text.alt
        for words in (text.caption, text.alt):
            assert not re.search(r"[$`\\]|\*\w|TODO", words), words
        assert text.caption != text.alt


def test_no_words_are_used_twice():
    texts = read_texts().values()
    for words in ([text.caption for text in texts], [text.alt for text in texts]):
        assert len(set(words)) == len(words)


@every_notebook
def test_captions_and_alt_texts_do_not_repeat_the_prose(name):
    prose = re.sub(r"[*_`]", "", " ".join(_prose(name).split()))
    for text in _texts(name).values():
        assert text.caption.rstrip(".?!") not in prose, text.caption
        for sentence in re.split(r"(?<=[.?!])\s", text.alt):
            assert len(sentence.split()) < 5 or sentence not in prose, sentence


@every_notebook
def test_figures_named_in_prose_are_there(name):
    told = [int(number) for number in re.findall(r"\b[Ff]igures? (\d+)", _prose(name))]
    told += [int(number) for text in _texts(name).values() for number in re.findall(r"figure (\d+)", text.caption)]
    assert all(1 <= number <= len(_texts(name)) for number in told)


@every_notebook
def test_no_words_for_the_blind_stand_in_code(name):
    for cell in code_cells(_read(name)):
        assert not re.search(r"\balt\s*=", cell.source), cell.source


def test_every_diagram_is_drawn_once_and_folded():
    drawn = []
    for name in NAMES:
        for cell in code_cells(_read(name)):
            for node in ast.walk(_tree(cell)):
                if _is_drawing(node) and node.func.attr == "schema":
                    drawn.append(node.args[0].value)
                    assert has_tag(cell, "hide-input")
    assert sorted(drawn) == sorted(SCHEMATA)


def _drawing_lines(statement):
    """Lines of the statements that draw: the innermost ones, but blocks of `plots.figure` as a whole."""
    if not any(map(_is_drawing, ast.walk(statement))):
        return set()
    if isinstance(statement, ast.For | ast.If) and not any(
        map(_is_drawing, ast.walk(statement.iter if isinstance(statement, ast.For) else statement.test))
    ):
        return set().union(*map(_drawing_lines, [*statement.body, *statement.orelse]))
    return set(range(statement.lineno, statement.end_lineno + 1))


def test_drawing_is_a_small_part_of_the_code():
    code = drawing = 0
    for name in NAMES:
        for cell in code_cells(_read(name)):
            lines = {i for i, line in enumerate(cell.source.splitlines(), start=1) if line.strip()}
            code += len(lines)
            drawing += len(lines & set().union(*map(_drawing_lines, _tree(cell).body)))
    assert drawing <= DRAWING_SHARE * code
