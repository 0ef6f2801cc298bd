"""Testing the course's exercises as a class would meet them: right, unwritten and wrong answers, and no leak."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_utils.checks import EXERCISES
from course_utils.teaching.grading.grade import Job, grade_one, judge, prepare
from course_utils.teaching.grading.submissions import Submission
from course_utils.teaching.notebooks import COURSE_ROOT, code_cells, read_notebook, write_notebook
from course_utils.teaching.release import find_leaks, find_leaks_in_folder, release, student_version

WRONG_ANSWERS = COURSE_ROOT / "tests" / "exercises" / "answers.py"


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


def selftest(
    paths: list[Path],
    *,
    sandbox: bool = True,
    wrong_answers: Path | None = WRONG_ANSWERS,
    released: Path | None = None,
) -> Iterator[Finding]:
    """Try the exercises of the instructor's notebooks.

    Parameters
    ----------
    paths : the instructor's notebooks
    sandbox : run them as submissions are run, in namespaces
    wrong_answers : module with ``WRONG``, which lists (function, words of its hint) for each exercise; a clone of the
        course has one. If the file is not there, wrong answers are not tried
    released : folder with student versions, to be searched for solutions, with its git history; by default the
        notebooks are released into a folder that is searched and dropped

    Yields
    ------
    findings : for each notebook: the instructor's solutions get full marks, the student version is valid Python, shows
        nothing of the solutions, and gets no point; every typical wrong answer fails. At the end: no
        file of a release holds a line of a solution

    Raises
    ------
    ValueError
        If a notebook cannot be read or has no exercises.
    """
    wrong = _read_answers(wrong_answers) if wrong_answers and wrong_answers.is_file() else None
    for path in paths:
        master = read_notebook(path)
        job = prepare(path, sandbox=sandbox)
        yield _full_marks(job)
        student = student_version(master)
        leaks = find_leaks(master, student)
        yield Finding(path.stem, "no line of a solution leaks", not leaks, f"it holds {leaks[0]!r}" if leaks else "")
        errors = list(_syntax_errors(student))
        yield Finding(path.stem, "the student version is valid Python", not errors, " ".join(errors))
        yield _no_points(job, student)
        if wrong:
            yield _no_wrong_answer_passes(job, *wrong)
    yield _no_file_leaks(paths, released)


def _no_file_leaks(paths: list[Path], released: Path | None) -> Finding:
    masters = [read_notebook(path) for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        if released is None:
            release(paths, Path(folder) / "students", repo="https://github.com/OWNER/NAME")
        leaks = find_leaks_in_folder(masters, released or Path(folder))
    return Finding("release", "no file and no git history holds a line of a solution", not leaks, " ".join(leaks[:3]))


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


def _read_answers(path: Path) -> tuple[str, dict[str, list[str]]]:
    """The module's source, and the names of its functions for each exercise; it may load TensorFlow, so not here."""
    code = (
        "import json, runpy, sys; wrong = runpy.run_path(sys.argv[1])['WRONG']; "
        "print(json.dumps({name: [function.__name__ for function, _ in pairs] for name, pairs in wrong.items()}))"
    )
    listed = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    if listed.returncode:
        raise ValueError(f"{path} cannot be read as wrong answers: {listed.stderr.strip().splitlines()[-1]}")
    return path.read_text(encoding="utf-8"), json.loads(listed.stdout)


def _no_wrong_answer_passes(job: Job, source: str, wrong: dict[str, list[str]]) -> Finding:
    """Judge every wrong answer as a submission's: in one kernel, one after the other, below the right solutions."""
    tried, cells = [], [new_code_cell(source, metadata={"course_cell": "student", "grade_id": ""})]
    for exercise in job.exercises:
        for number, name in enumerate(wrong.get(exercise.grade_id, ())):
            chosen = f"{EXERCISES[exercise.grade_id].name} = WRONG[{exercise.grade_id!r}][{number}][0]"
            for role, text in (("solution", chosen), ("check", "")):
                cells.append(new_code_cell(text, metadata={"course_cell": role, "grade_id": exercise.grade_id}))
            tried.append((exercise.grade_id, name))
    lines = judge(replace(job, wall_seconds=1800.0), Submission("instructor's notebook", job.master), cells)
    checks = [line for line in lines if line["role"] == "check"][len(job.exercises) :]
    bad = [
        f"{grade_id} {name}: {line['message'] or 'passes'}"
        for (grade_id, name), line in zip(tried, checks, strict=False)
        if line["passed"] or line["state"] == "not run" or "NameError" in line["message"]
    ]
    if len(checks) < len(tried):
        bad.append(f"only {len(checks)} of {len(tried)} were judged.")
    return Finding(job.master.stem, f"{len(tried)} wrong answers fail", not bad, " ".join(bad))


def _syntax_errors(nb: NotebookNode) -> Iterator[str]:
    from IPython.core.inputtransformer2 import TransformerManager

    for number, cell in enumerate(code_cells(nb), start=1):
        try:
            ast.parse(TransformerManager().transform_cell(cell.source))
        except SyntaxError as error:
            yield f"code cell {number}: {error.msg}."
