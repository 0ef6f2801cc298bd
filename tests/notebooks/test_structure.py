"""Every notebook keeps to the course's anatomy, and its stored outputs are fresh, quiet, small and accessible."""

from __future__ import annotations

import ast
import re
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from course_utils.teaching.notebooks import (
    ASSERTION_TAG,
    FOLDED_TAG,
    IF_TIME_TAG,
    SETUP_TAG,
    code_cells,
    has_tag,
    mark_sections,
    read_notebook,
    sections,
    source_hash,
)
from course_utils.teaching.publish import BADGE_MARK, published_repo, setup_cell
from course_utils.teaching.release import student_version

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
# Seconds of the yardstick (`course_utils.teaching.run.calibrate`) on the machine for which budgets are set, and what
# a noisy machine may take on top.
YARDSTICK_SECONDS, SLACK = 0.55, 1.5

every_notebook = pytest.mark.parametrize("name", NAMES)


@cache
def _read(name: str) -> NotebookNode:
    return read_notebook(ROOT / "notebooks" / f"{name}.ipynb")


def _code(cell: NotebookNode) -> str:
    return TransformerManager().transform_cell(cell.source)


def _lines(cell: NotebookNode) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def _markdown(name: str) -> str:
    return "\n\n".join(cell.source for cell in _read(name).cells if cell.cell_type == "markdown")


def _outputs(name: str):
    return [output for cell in code_cells(_read(name)) for output in cell.outputs]


def test_the_notebooks_are_numbered_without_gaps():
    assert [int(name[:2]) for name in NAMES] == list(range(len(NAMES)))
    assert all(re.fullmatch(r"\d\d_[a-z0-9_]+", name) for name in NAMES)


@every_notebook
def test_the_anatomy(name):
    cells = _read(name).cells
    title = cells[0].source
    assert re.match(rf"# {name[:2]} · .+\n\n\*\*.+\?\*\*\n", title), "title and one question"
    assert BADGE_MARK in title
    facts = re.search(
        r"^\*Runs in (.+?) · about \d+ minutes in class(?:, .+?)? · you need: .+ · new here: .+\*$", title, re.M
    )
    assert facts, "a line with minutes, prerequisites and what is new"
    outcomes = re.findall(r"^\d\. [a-z].+[;.]$", title, re.M)
    assert 3 <= len(outcomes) <= 5
    assert "**After this notebook you can**" in title
    assert has_tag(cells[1], "setup")
    assert re.search(r"^lesson\.start\(seed=\d+\)$", cells[2].source, re.M)
    headings = re.findall(r"^## (.+)$", _markdown(name), re.M)
    numbers = [int(h.split(" · ")[0]) for h in headings if h[0].isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert headings[-1] == "Summary"
    summary = cells[-1].source
    for part in ("**Take away**", "**Common misconceptions**", "**Next:**", "**Further reading**"):
        assert part in summary
    assert "](http" in summary


@every_notebook
def test_the_minutes_in_the_title_are_those_measured(name):
    seconds = _read(name).metadata.course.seconds
    told = re.search(r"Runs in (.+?) ·", _read(name).cells[0].source)[1]
    limit = {
        "under half a minute": 30,
        "about a minute": 75,
        "about a minute and a half": 105,
        "about two minutes": 135,
    }[told]
    assert limit / 4 - 10 < seconds < limit


@every_notebook
def test_the_core_fits_into_a_class(name):
    """The lines below the headings say what is core and how long it takes; the cells' tags say the same."""
    nb = _read(name)
    planned = sections(nb)
    core = sum(section.minutes for section in planned if section.core)
    extra = sum(section.minutes for section in planned if not section.core)
    assert core <= (30 if name.startswith("00") else 100)
    more = f", {extra} more if there is time" if extra else ""
    assert f"about {core} minutes in class{more} ·" in nb.cells[0].source
    marked = deepcopy(nb)
    mark_sections(marked)
    assert [cell.metadata.get("tags") for cell in marked.cells] == [cell.metadata.get("tags") for cell in nb.cells]
    for cell in nb.cells:  # a section that may be left out begins with a cell of its own, and so does the next
        headings = re.findall(r"^## (.+)$", cell.source, re.M) if cell.cell_type == "markdown" else []
        kinds = {section.core for section in planned if section.heading in headings}
        assert len(kinds) <= 1, headings
        assert not (has_tag(cell, IF_TIME_TAG) and headings) or re.match(r"## ", cell.source)


@every_notebook
def test_neighbours_have_something_to_discuss(name):
    assert _markdown(name).count("> **Compare with your neighbour.**") == (0 if name.startswith("00") else 1)


@every_notebook
def test_every_section_predicts_or_asks_somewhere(name):
    assert _markdown(name).count("**Predict.**") >= (1 if name.startswith("00") else 3)


@every_notebook
def test_code_cells_are_short_valid_and_do_one_thing(name):
    cells = [cell for cell in code_cells(_read(name)) if not has_tag(cell, "setup")]
    lengths = sorted(map(_lines, cells))
    assert lengths[-1] <= 25
    assert lengths[len(lengths) // 2] <= 7
    for cell in cells:
        ast.parse(_code(cell))


@every_notebook
def test_no_more_than_four_code_cells_follow_one_another_without_a_sentence(name):
    longest = run = 0
    for cell in _read(name).cells:
        run = run + 1 if cell.cell_type == "code" else 0
        longest = max(longest, run)
    assert longest <= 4


@every_notebook
def test_bookkeeping_is_folded(name):
    """In JupyterLab, Colab and the book: set-up, the course's assertions, figures whose call teaches nothing."""
    for cell in code_cells(_read(name)):
        folded = any(has_tag(cell, tag) for tag in (SETUP_TAG, FOLDED_TAG, ASSERTION_TAG))
        assert cell.metadata.get("jupyter", {}).get("source_hidden", False) == folded
        assert (cell.metadata.get("cellView") == "form") == folded
        if has_tag(cell, SETUP_TAG):
            assert has_tag(cell, FOLDED_TAG)
        if folded:
            assert "nbgrader" not in cell.metadata


@every_notebook
def test_assertions_stand_in_cells_of_their_own_which_students_do_not_get(name):
    kept = {cell.id for cell in student_version(_read(name)).cells}
    for cell in code_cells(_read(name)):
        asserts = any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(_code(cell))))
        assert asserts == has_tag(cell, ASSERTION_TAG), cell.source
        assert (cell.id in kept) != asserts


@every_notebook
def test_numbers_are_shown_in_tables_not_aligned_by_hand(name):
    """No `end=""`, and no blanks to fill up in an f-string."""
    for cell in code_cells(_read(name)):
        for node in ast.walk(ast.parse(_code(cell))):
            assert not (isinstance(node, ast.keyword) and node.arg == "end"), cell.source
            if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                spec = "".join(part.value for part in node.format_spec.values if isinstance(part, ast.Constant))
                assert not re.match(r"(.?[<>=^])?[-+ ]?#?0?[1-9]", spec), cell.source


@every_notebook
def test_no_formula_prose_or_figure_is_a_wall(name):
    for cell in _read(name).cells[1:-1]:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 260, cell.source[:60]


@every_notebook
def test_the_set_up_cell_is_the_same_everywhere(name):
    tagged = [cell for cell in _read(name).cells if has_tag(cell, "setup")]
    assert [cell.source for cell in tagged] == [setup_cell(published_repo(ROOT))]


@every_notebook
def test_the_stored_outputs_are_fresh(name):
    nb = _read(name)
    assert nb.metadata.course.sources == source_hash(nb), f"run `course run {name[:2]} --save`"
    counts = [cell.execution_count for cell in code_cells(nb)]
    assert counts == list(range(1, len(counts) + 1))
    assert any(cell.outputs for cell in code_cells(nb))


@every_notebook
def test_the_stored_outputs_are_quiet(name):
    for output in _outputs(name):
        assert output.output_type in ("stream", "display_data", "execute_result"), output
        assert output.get("name") != "stderr", output.text
        text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        assert "Warning" not in text
        assert "/home/" not in text
        assert str(ROOT.parent) not in text


@every_notebook
def test_the_file_is_small(name):
    assert (ROOT / "notebooks" / f"{name}.ipynb").stat().st_size <= 1_000_000


@every_notebook
def test_the_time_taken_is_within_the_budget(name):
    record = _read(name).metadata.course
    assert record.budget_seconds <= (30 if int(name[:2]) <= 3 else 120)
    on_the_reference = record.seconds * YARDSTICK_SECONDS / record.yardstick_seconds
    assert on_the_reference <= record.budget_seconds * SLACK


def test_the_whole_course_is_within_its_budget():
    records = [_read(name).metadata.course for name in NAMES]
    assert sum(r.seconds * YARDSTICK_SECONDS / r.yardstick_seconds for r in records) <= 12 * 60


@every_notebook
def test_exercise_cells_follow_nbgrader(name):
    cells = [cell for cell in _read(name).cells if "nbgrader" in cell.metadata]
    ids = [cell.metadata.nbgrader.grade_id for cell in cells]
    assert len(set(ids)) == len(ids)
    solutions = [cell for cell in cells if cell.metadata.nbgrader.solution]
    checks = [cell for cell in cells if cell.metadata.nbgrader.grade]
    assert 2 <= len(solutions) <= 4
    assert [f"{c.metadata.nbgrader.grade_id}-check" for c in solutions] == [
        c.metadata.nbgrader.grade_id for c in checks
    ]
    for cell in solutions:
        assert cell.source.count("### BEGIN SOLUTION") == cell.source.count("### END SOLUTION") == 1
        assert re.match(r'def \w+\(.*\):\n    """.+', cell.source)
    for cell in checks:
        assert cell.metadata.nbgrader.locked
        assert "### BEGIN HIDDEN TESTS" in cell.source
        assert [output.text for output in cell.outputs] == ["ok\nok\n"]


@every_notebook
def test_exercise_headings_tell_number_points_and_minutes(name):
    told = re.findall(r"^### Exercise (\d) · .+ \((\d+) points?, about \d+ minutes\)$", _markdown(name), re.M)
    points = [c.metadata.nbgrader.points for c in _read(name).cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert [int(number) for number, _ in told] == list(range(1, len(points) + 1))
    assert [int(p) for _, p in told] == points


@every_notebook
def test_no_code_is_copied_between_notebooks(name):
    """A definition that a second notebook needs belongs in the package."""

    def definitions(other):
        trees = (ast.parse(_code(cell)) for cell in code_cells(_read(other)))
        return {ast.dump(n) for tree in trees for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}

    for other in NAMES:
        if other != name:
            assert not definitions(name) & definitions(other)


@every_notebook
def test_links_between_notebooks_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+\.ipynb)", _markdown(name)):
        assert (ROOT / "notebooks" / target).is_file(), target


def test_the_map_in_the_first_notebook_is_complete():
    for name in NAMES[1:]:
        assert f"]({name}.ipynb)" in _markdown(NAMES[0])


@every_notebook
def test_real_data_falls_back_in_flat_cells(name):
    text = "\n".join(cell.source for cell in code_cells(_read(name)))
    real = re.findall(r"load_\w+\(\"(?:mnist|olivetti|lfw|nab)[^)]*\)", text)
    assert all("fallback=True" in call for call in real)
    assert bool(real) == ("## On real data" in _markdown(name))


@every_notebook
def test_clustering_does_without_tensorflow(name):
    if int(name[:2]) <= 3:
        assert "tensorflow" not in "".join(cell.source for cell in code_cells(_read(name))).lower()
        assert "keras" not in "".join(cell.source for cell in code_cells(_read(name))).lower()


@every_notebook
def test_notation_and_words_are_the_lecture_s(name):
    text = _markdown(name)
    assert not re.search(r"\b(centers?|SSE|distortion)\b", re.sub(r"\]\([^)]*\)", "", text)), "centroid, WCSS"
