"""The student version of a notebook, made by nbgrader's preprocessors."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config

from course_utils.teaching.notebooks import read_notebook, write_notebook
from course_utils.teaching.publish import check_repo, stamp

STUB = 'raise NotImplementedError("Replace this line with your own code.")'
_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"
_BEGIN_HIDDEN, _END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


class SolutionLeak(RuntimeError):  # noqa: N818 - named for what happened
    """A student version would have shown part of a solution; it was not written."""


def release(paths: list[Path], out: Path, *, repo: str = "", force: bool = False) -> list[Path]:
    """Write the student versions of notebooks into a folder.

    Solutions and hidden tests are taken out, outputs cleared, check cells locked, and the Colab cell stamped with the
    address of the students' repository, if one is given.

    Parameters
    ----------
    paths : the instructor's notebooks
    out : the folder, made if need be
    repo : address of the course's repository for Colab, default as published
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
            stamp(student, repo, path.name)
        leaks = find_leaks(master, student)
        if leaks:
            raise SolutionLeak(f"{path.name}: the student version would still hold {leaks[0]!r}.")
        finished.append((student, target))
    out.mkdir(parents=True, exist_ok=True)
    for student, target in finished:
        write_notebook(student, target)
    return [target for _, target in finished]


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

    A line that the instructor's version also holds outside of them (an import, say) is no leak.
    """
    secret, public = set(), set()
    for cell in master.cells:
        inside = False
        for line in map(str.strip, cell.source.split("\n")):
            if line in (_BEGIN, _BEGIN_HIDDEN):
                inside = True
            elif line in (_END, _END_HIDDEN):
                inside = False
            elif len(line) >= 8:
                (secret if inside else public).add(line)
    text = json.dumps(student, ensure_ascii=False)
    marks = [mark for mark in (_BEGIN, _BEGIN_HIDDEN) if mark in text]
    return marks + sorted(line for line in secret - public if json.dumps(line, ensure_ascii=False)[1:-1] in text)
