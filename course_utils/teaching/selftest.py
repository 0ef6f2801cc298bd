"""Testing the course's exercises as a class would meet them: masters full marks, student versions none, no leak."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_utils.teaching.grading.grade import Job, grade_one, prepare
from course_utils.teaching.grading.submissions import Submission
from course_utils.teaching.notebooks import code_cells, read_notebook, write_notebook
from course_utils.teaching.release import find_leaks, student_version


@dataclass(frozen=True)
class Finding:
    """One thing that was tried on a notebook.

    Attributes
    ----------
    notebook : its name, without ".ipynb"
    what : what should hold
    passed : whether it does
    detail : if it does not, why
    """

    notebook: str
    what: str
    passed: bool
    detail: str = ""


def selftest(paths: list[Path], *, sandbox: bool = True) -> Iterator[Finding]:
    """Try the exercises of the instructor's notebooks.

    Parameters
    ----------
    paths : the instructor's notebooks
    sandbox : run them as submissions are run, in namespaces

    Yields
    ------
    findings : for each notebook: the instructor's solutions get full marks, the student version is valid Python, shows
        nothing of the solutions, and gets no point

    Raises
    ------
    ValueError
        If a notebook cannot be read or has no exercises.
    """
    for path in paths:
        master = read_notebook(path)
        job = prepare(path, sandbox=sandbox)
        yield _full_marks(job)
        student = student_version(master)
        leaks = find_leaks(master, student)
        yield Finding(path.stem, "no line of a solution leaks", not leaks, f"it holds {leaks[0]!r}" if leaks else "")
        wrong = list(_syntax_errors(student))
        yield Finding(path.stem, "the student version is valid Python", not wrong, " ".join(wrong))
        yield _no_points(job, student)


def _full_marks(job: Job) -> Finding:
    result = grade_one(job, Submission("instructor's notebook", job.master))
    lost = [f"{mark.grade_id}: {mark.remark or mark.state}" for mark in result.marks if mark.points < mark.maximum]
    what = f"the instructor's solutions get {result.maximum:g} points"
    return Finding(job.master.stem, what, not lost, " ".join((*result.remarks, *lost)) if lost else "")


def _no_points(job: Job, student: NotebookNode) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / job.master.name
        write_notebook(student, path)
        result = grade_one(job, Submission("student version", path))
    got = [mark.grade_id for mark in result.marks if mark.points]
    graded = result.outcome == "graded"
    detail = f"points for {', '.join(got)}" if got else "" if graded else f"it was {result.outcome}"
    return Finding(job.master.stem, "the student version gets no point", graded and not got, detail)


def _syntax_errors(nb: NotebookNode) -> Iterator[str]:
    from IPython.core.inputtransformer2 import TransformerManager

    for number, cell in enumerate(code_cells(nb), start=1):
        try:
            ast.parse(TransformerManager().transform_cell(cell.source))
        except SyntaxError as error:
            yield f"code cell {number}: {error.msg}."
