"""What a student sees of their own notebook: honest, short, and the file stays as it was."""

from __future__ import annotations

import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.teaching import check as checking
from course_utils.teaching.check import FEEDBACK, check, markdown, summary
from course_utils.teaching.student_workflow import workflow

BOTH = (
    "import numpy as np\nfrom course_utils.checks.base import CheckFailed\n"
    "def _check(f, wanted):\n"
    "    try:\n        got = f(2)\n"
    "    except NotImplementedError:\n"
    "        raise CheckFailed(f'Not yet: {f.__name__} is not written yet. Replace the line with "
    "`raise NotImplementedError` by your own code, then run both cells again.') from None\n"
    "    if got != wanted:\n        raise CheckFailed('Not yet: f(2) is wrong | compare by hand.\\nHint 1 of 2: …')\n"
)
STUB = "raise NotImplementedError('Replace')"


def _exercise(name, body, call, *, points=2, tags=()):
    grading = {"schema_version": 3, "grade_id": name, "locked": False, "task": False}
    return [
        new_markdown_cell(f"Some text.\n\n### Exercise {name[-1]} · Do {name} ({points} points, about 5 minutes)"),
        new_code_cell(body, metadata={"nbgrader": grading | {"grade": False, "solution": True}}),
        new_code_cell(
            call,
            metadata={
                "nbgrader": grading
                | {"grade_id": f"{name}-check", "grade": True, "solution": False, "points": points, "locked": True},
                "tags": list(tags),
            },
        ),
    ]


def _written(tmp_path, cells):
    path = tmp_path / "mine.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """One of each: solved, wrong, not written, with a syntax error, and what follows from them."""
    cells = [
        new_code_cell(BOTH),
        *_exercise("x-1", "def a(x):\n    return 2 * x", "_check(a, 4)"),
        *_exercise("x-2", "def b(x):\n    return x", "_check(b, 4)", tags=["raises-exception"]),
        *_exercise("x-3", f"def c(x):\n    {STUB}", "# NBVAL_SKIP\n_check(c, 4)", points=3),
        *_exercise("x-4", "def d(x)\n    return x", "_check(d, 4)", points=1),
        new_code_cell("def helper(x):\n    return c(x) + 1"),
        new_code_cell("result = helper(3)", metadata={"tags": ["raises-exception"]}),
        new_code_cell("print(result)"),
        new_code_cell("total = sum(range(4))\n1 / 0", outputs=[nbformat.v4.new_output("stream", text="old")]),
        new_code_cell("assert total == 6"),
        new_code_cell("c = abs\nprint(c(-1))"),
        new_code_cell("c(nowhere)"),
    ]
    path = _written(tmp_path_factory.mktemp("mixed"), cells)
    before = path.read_bytes()
    checked = check(path, cell_timeout=60)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    return checked


def test_every_exercise_has_its_state_points_and_title(mixed):
    assert [(e.grade_id, e.state, e.points) for e in mixed.exercises] == [
        ("x-1", "passed", 2),
        ("x-2", "not yet", 2),
        ("x-3", "not written yet", 3),
        ("x-4", "not yet", 1),
    ]
    assert mixed.exercises[0].title == "Exercise 1 · Do x-1"
    assert mixed.exercises[1].message == "f(2) is wrong | compare by hand."
    assert "is not written yet" in mixed.exercises[2].message
    assert mixed.exercises[3].message.startswith("The cell with your code stops: SyntaxError: expected ':'")
    assert mixed.exit_code == 1
    assert not mixed.failure


def test_errors_that_follow_are_told_from_errors_of_their_own(mixed):
    assert [(cell.number, cell.because_of) for cell in mixed.failures] == [
        (11, "Exercise 3 · Do x-3"),
        (12, "Exercise 3 · Do x-3"),
        (13, ""),
        (16, ""),
    ]
    assert mixed.failures[2].error == "ZeroDivisionError: division by zero"
    assert mixed.failures[2].first_line == "total = sum(range(4))"


def test_the_summary_can_be_read(mixed):
    text = summary(mixed)
    assert "code cell 13: total = sum(range(4))" in text
    assert "2 code cells (11, 12) stop too, most likely because of Exercise 3 · Do x-3, which is not solved" in text
    assert "1 of 4 exercises pass (2 of 8 points)." in text
    assert text.endswith(FEEDBACK)
    assert len(text.splitlines()) < 30


def test_markdown_is_a_table_that_text_cannot_break(mixed):
    rows = [line for line in markdown(mixed).split("\n") if line.startswith("| Exercise ")]
    assert len(rows) == 5
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)
    assert FEEDBACK in markdown(mixed)


def test_all_solved_is_exit_code_0(tmp_path):
    cells = [new_code_cell(BOTH), *_exercise("x-1", "def a(x):\n    return 2 * x", "_check(a, 4)"), new_code_cell("")]
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not to be read')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    checked = check(_written(tmp_path, cells))
    assert checked.exit_code == 0
    assert "All 1 exercises pass, and all 3 code cells run." in summary(checked)


def test_a_cell_that_does_not_end_is_stopped_and_the_others_still_run(tmp_path):
    cells = [
        new_code_cell(BOTH),
        new_code_cell("import time\ntime.sleep(300)"),
        *_exercise("x-1", "def a(x):\n    return 2 * x", "_check(a, 4)"),
    ]
    checked = check(_written(tmp_path, cells), cell_timeout=20)
    assert checked.exercises[0].state == "passed"
    assert checked.failures[0].error == "Timeout: the cell was stopped after 20 seconds."
    assert checked.exit_code == 1


def test_a_dead_kernel_is_said(tmp_path):
    cells = [
        new_code_cell("import os\nos._exit(1)"),
        *_exercise("x-1", "def a(x):\n    return 2 * x", "_check(a, 4)"),
    ]
    checked = check(_written(tmp_path, cells), cell_timeout=3)
    assert checked.exercises[0].state == "not run"
    assert checked.exit_code == 1
    assert "The run broke off" in summary(checked)


def test_a_missing_or_changed_check_does_not_pass(tmp_path):
    missing = _exercise("x-1", "def a(x):\n    return 1", "")[:2]
    changed = _exercise("x-2", "def b(x):\n    return 1", "print('ok')")
    changed[2].metadata.nbgrader["checksum"] = "0" * 32
    checked = check(_written(tmp_path, [*missing, *changed]))
    assert [exercise.state for exercise in checked.exercises] == ["not run", "not run"]
    assert "is missing" in checked.exercises[0].message
    assert "was changed" in checked.exercises[1].message


@pytest.mark.parametrize("content", ["", "{", "[]", "<<<<<<< HEAD", '{"cells": 1}'])
def test_what_is_no_notebook_is_said(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_text(content)
    with pytest.raises(ValueError, match="not a readable notebook"):
        check(path)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
def test_a_limit_that_is_none_is_refused(tmp_path, limit):
    with pytest.raises(ValueError, match="cell_timeout must be a whole number"):
        check(tmp_path / "x.ipynb", cell_timeout=limit)


def test_nbval_missing_is_said_with_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"course_utils\[grading\]"):
        check(tmp_path / "x.ipynb")


NAMES = ["01_kmeans_from_scratch.ipynb", "notebooks/02_elbow_method.ipynb"]


@pytest.mark.parametrize("repo", ["", "https://github.com/somebody/course"])
def test_the_workflow_is_yaml_and_checks_every_notebook(repo):
    text = workflow(NAMES, repo)
    parsed = yaml.safe_load(text)
    job = parsed["jobs"]["check"]
    assert set(parsed[True]) == {"push", "pull_request"}  # YAML 1.1 reads "on" as true
    assert parsed["permissions"] == {"contents": "read"}
    assert "secrets" not in text
    assert "timeout-minutes" in job
    commands = [step.get("run", "") for step in job["steps"]]
    for name in NAMES:
        assert sum(f'course check "{name}" --summary' in command for command in commands) == 1
    assert job["steps"][-1]["if"] == "always()"
    assert "GITHUB_STEP_SUMMARY" in commands[-1]
    assert any((repo or "requirements.txt") in command for command in commands)
    assert any(step.get("with", {}).get("python-version") == "3.11" for step in job["steps"])


@pytest.mark.parametrize(
    "names", [[], ["/etc/x.ipynb"], ["../x.ipynb"], ["x.py"], ['x"; rm.ipynb'], ["$(x).ipynb"], ["a\nb.ipynb"]]
)
def test_names_that_a_workflow_cannot_take_are_refused(names):
    with pytest.raises(ValueError, match=r"no notebook|cannot be checked"):
        workflow(names)


@pytest.mark.parametrize("repo", ["nonsense", "https://host/$(x)/y", "https://github.com/a"])
def test_an_address_that_a_workflow_cannot_take_is_refused(repo):
    with pytest.raises(ValueError, match="expected"):
        workflow(NAMES, repo)


def test_what_is_no_notebook_is_named_in_plain_words(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w"):
        pass
    for name, words in (("", "is a folder"), ("nowhere.ipynb", "there is no file"), ("x.zip", "is a zip archive")):
        with pytest.raises(ValueError, match=words):
            check(tmp_path / name)


def test_the_names_of_cells_are_found():
    made, used = checking._names("import os\nfor i in xs:\n    y = f(i)\ndef g(a):\n    return a + h(b)")
    assert made == {"os", "i", "y", "g"}
    assert {"xs", "f", "h", "b"} <= used
    assert "a" not in used


ROOT = Path(__file__).parents[2]


def test_every_exercise_of_the_course_has_a_heading():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        cells = [cell for cell in nb.cells if cell.cell_type == "code"]
        exercises, _ = checking._exercises(nb, cells, {})
        assert exercises
        assert all(exercise.title.startswith("Exercise ") and exercise.points > 0 for exercise in exercises)
