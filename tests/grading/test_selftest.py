"""The course's test of itself: it passes for the course, and finds what is planted in a copy of a notebook."""

from __future__ import annotations

import os

import nbformat
import pytest

from course_utils.teaching.notebooks import find_notebooks, read_notebook
from course_utils.teaching.selftest import selftest
from tests.grading.test_grade import NAME, short

pytestmark = pytest.mark.skipif(
    os.environ.get("COURSE_NO_SANDBOX") == "1", reason="COURSE_NO_SANDBOX says that namespaces are forbidden here"
)
WHAT = {
    "the instructor's solutions get 10 points",
    "no line of a solution leaks",
    "the student version is valid Python",
    "the student version gets no point",
    "4 wrong answers fail",
    "no file and no git history holds a line of a solution",
}
ANSWERS = """
WRONG = {
    "01-update": [(lambda x, labels, k: 0, "")],
    "01-converged": [(lambda *_: True, ""), (lambda *_: False, "")],
    "01-purity": [(lambda *_: 0.5, "")],
}
"""


@pytest.fixture
def master():
    return short(read_notebook(find_notebooks(["01"])[0]))


def failures(master, folder, answers=ANSWERS):
    nbformat.write(master, folder / NAME)
    (folder / "answers.py").write_text(answers)
    found = list(selftest([folder / NAME], wrong_answers=folder / "answers.py"))
    assert len(found) == len(WHAT)
    return {finding.what: finding.detail for finding in found if not finding.passed}


def cell(master, grade_id):
    return next(cell for cell in master.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_all_is_well_with_a_notebook_of_the_course(master, tmp_path):
    nbformat.write(master, tmp_path / NAME)
    (tmp_path / "answers.py").write_text(ANSWERS)
    found = list(selftest([tmp_path / NAME], wrong_answers=tmp_path / "answers.py"))
    assert {finding.what for finding in found} == WHAT
    assert all(finding.passed for finding in found), found


def test_a_solution_outside_of_its_marks_is_found(master, tmp_path):
    solved = cell(master, "01-converged")
    early = "    return np.linalg.norm(new - old, axis=1).sum() < tau_mu or t > tau_t\n"
    solved.source = solved.source.replace("    ### BEGIN", early + "    ### BEGIN")
    found = failures(master, tmp_path)
    assert "01-converged" in found["the student version gets no point"]


def test_a_right_answer_among_the_wrong_ones_is_found(master, tmp_path):
    right = "(lambda a, b: sum(np.bincount(b[a == j]).max() for j in set(a)) / len(a), '')"
    answers = "import numpy as np\n" + ANSWERS.replace('(lambda *_: 0.5, "")', right)
    assert failures(master, tmp_path, answers) == {"4 wrong answers fail": "01-purity <lambda>: passes"}


def test_an_answer_that_was_not_judged_is_found(master, tmp_path):
    answers = ANSWERS.replace("lambda *_: 0.5", "lambda *_: undefined")
    assert "NameError" in failures(master, tmp_path, answers)["4 wrong answers fail"]
    answers = ANSWERS.replace("lambda *_: True", "lambda *_: __import__('os')._exit(0)")
    assert "had died before" in failures(master, tmp_path, answers)["4 wrong answers fail"]


def test_wrong_answers_that_cannot_be_read_are_named(master, tmp_path):
    with pytest.raises(ValueError, match=r"answers.py cannot be read as wrong answers: KeyError: 'WRONG'"):
        failures(master, tmp_path, "RIGHT = {}")
