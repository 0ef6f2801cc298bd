"""The student version of a notebook, made by nbgrader's preprocessors."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config

from course_utils.teaching.notebooks import read_notebook, write_notebook, write_text
from course_utils.teaching.publish import check_repo, published_repo, stamp
from course_utils.teaching.student_workflow import WORKFLOW_PATH, workflow

STUB = 'raise NotImplementedError("Replace this line with your own code.")'
_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"
_BEGIN_HIDDEN, _END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


class SolutionLeak(RuntimeError):  # noqa: N818 - named for what happened
    """A student version would have shown part of a solution; it was not written."""


def release(paths: list[Path], out: Path, *, repo: str = "", force: bool = False) -> list[Path]:
    """Write the student versions of notebooks into a folder.

    Solutions and hidden tests are taken out, outputs cleared, check cells locked, and the Colab cell stamped with the
    address of the students' repository, if one is given. If the course's address is known, a GitHub workflow that runs
    `course check` is written, too.

    Parameters
    ----------
    paths : the instructor's notebooks
    out : the folder, made if need be
    repo : address of the git repository that holds the course and, as a folder of it, `out`; for Colab's cell and
        badge. Default as published
    force : overwrite student versions that are there already

    Returns
    -------
    list of the files written

    Raises
    ------
    ValueError
        If a notebook cannot be read or has broken exercise cells, the address is none, a file would be overwritten,
        or `out` is the folder of the instructor's notebooks. Nothing is written then.
    SolutionLeak
        If a line of a solution or of a hidden test would remain. Nothing is written then.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: choose a folder for the student versions.")
    repo = check_repo(repo) if repo else repo
    finished = []
    for path in paths:
        target = out / path.name
        if target.resolve() == path.resolve():
            raise ValueError(
                f"{out} holds the instructor's {path.name}: choose another folder for the student version."
            )
        if target.exists() and not force:
            raise ValueError(f"{target} is there already: choose another folder, or overwrite it with --force.")
        master = read_notebook(path)
        student = student_version(master)
        if repo:
            stamp(student, repo, path.name, folder=out.name)
        leaks = find_leaks(master, student)
        if leaks:
            raise SolutionLeak(f"{path.name}: the student version would still hold {leaks[0]!r}.")
        finished.append((student, target))
    out.mkdir(parents=True, exist_ok=True)
    for student, target in finished:
        write_notebook(student, target)
    if repo or published_repo():
        _write_workflow(out, repo or published_repo())
    return [target for _, target in finished]


def _write_workflow(out: Path, repo: str) -> None:
    """Write the GitHub workflow that checks every notebook of the folder, if it becomes a student's repository."""
    names = sorted(path.name for path in out.glob("*.ipynb"))
    path = out / WORKFLOW_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, workflow(names, repo))


def student_version(master: NotebookNode) -> NotebookNode:
    """The student version of an instructor's notebook, which is left unchanged.

    Raises
    ------
    ValueError
        If exercise cells are inconsistent: duplicate names, a solution without end, a check without points.
    """
    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearHiddenTests,
        ClearMarkScheme,
        ClearOutput,
        ClearSolutions,
        ComputeChecksums,
        LockCells,
    )

    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.enforce_metadata = True
    steps = (
        LockCells,
        ClearSolutions,
        ClearOutput,
        CheckCellMetadata,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
    )
    for cell in master.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and (_BEGIN not in cell.source or _END not in cell.source):
            name = cell.metadata.nbgrader.get("grade_id", "?")
            raise ValueError(f"broken exercise cells: {name!r} has no lines '{_BEGIN}' and '{_END}'.")
    try:
        nb, resources = deepcopy(master), {}
        for step in steps:
            nb, resources = step(config=config).preprocess(nb, resources)
    except Exception as error:  # nbgrader raises plain RuntimeError, ValidationError and others
        raise ValueError(f"broken exercise cells: {error}") from error
    budget = nb.metadata.get("course", {}).get("budget_seconds")
    nb.metadata.course = NotebookNode({"budget_seconds": budget} if budget else {})
    for cell in nb.cells:
        tags = [tag for tag in cell.metadata.get("tags", []) if not tag.startswith("nbval")]
        if tags:
            cell.metadata.tags = tags
        else:
            cell.metadata.pop("tags", None)
    return nb


def find_leaks(master: NotebookNode, student: NotebookNode) -> list[str]:
    """Lines of solutions and hidden tests that the student version still holds, anywhere in the file.

    A single line that other code of the instructor's version also holds (an import, say) is no leak; in prose it is,
    and so are most lines of a solution together in one cell.
    """
    secret, public = [], set()
    for cell in master.cells:
        inside, hidden = False, set()
        for line in map(str.strip, cell.source.split("\n")):
            if line in (_BEGIN, _BEGIN_HIDDEN):
                inside = True
            elif line in (_END, _END_HIDDEN):
                inside = False
            elif inside and len(line) >= 8:
                hidden.add(line)
            elif cell.cell_type == "code":
                public.add(line)
        secret.append(hidden)
    text = json.dumps(student, ensure_ascii=False)
    leaks = {mark for mark in (_BEGIN, _BEGIN_HIDDEN) if mark in text}
    leaks |= {line for line in set().union(*secret) - public if json.dumps(line, ensure_ascii=False)[1:-1] in text}
    for hidden in filter(None, secret):
        for cell in student.cells:
            together = {line for line in hidden if line in cell.source}
            if len(together) >= 2 and len(together) > len(hidden) / 2:
                leaks |= together
    return sorted(leaks)
