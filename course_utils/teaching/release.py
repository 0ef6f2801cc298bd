"""The student version of a notebook, made by nbgrader's preprocessors."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config

from course_utils.teaching.notebooks import ASSERTION_TAG, has_tag, read_notebook, write_notebook, write_text
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

    Without solutions, hidden tests and outputs, and without the course's own assertions: what they hold is for those
    who change the course.

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
        nb.cells = [cell for cell in nb.cells if not has_tag(cell, ASSERTION_TAG)]
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
    and so are most lines of a solution together in one cell. Attachments are decoded.
    """
    secret, public = _secret_lines(master)
    text = json.dumps(student, ensure_ascii=False).encode()
    leaks = _held(text, set().union(*secret) - public)
    for cell in student.cells:
        for hidden in filter(None, secret):
            together = {line for line in hidden if line in cell.source}
            if len(together) >= 2 and len(together) > len(hidden) / 2:
                leaks |= together
        for attachment in cell.get("attachments", {}).values():
            for content in attachment.values():
                leaks |= _held(_attached(str(content)), set().union(*secret) - public)
    return sorted(leaks)


def find_leaks_in_folder(masters: list[NotebookNode], folder: Path) -> list[str]:
    """Files of a folder that hold a line of a solution or of a hidden test, its git history included.

    Parameters
    ----------
    masters : the instructor's notebooks
    folder : as `release` wrote it, with all that has come to it since

    Returns
    -------
    leaks : "file: line" each, or "file (in git): line" for what git still knows of this folder, on any branch

    Raises
    ------
    ValueError
        If it is no folder.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: expected one with student versions.")
    secret, public = zip(*map(_secret_lines, masters), strict=True)
    lines = set().union(*(hidden for sets in secret for hidden in sets)) - set().union(*public)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.parts)
    found = [(str(path.relative_to(folder)), path.read_bytes()) for path in files]
    found += [(f"{name} (in git)", content) for name, content in _git_blobs(folder)]
    return [f"{name}: {line}" for name, content in found for line in sorted(_held(content, lines))]


def _secret_lines(master: NotebookNode) -> tuple[list[set[str]], set[str]]:
    """Lines of solutions and hidden tests, a set for each cell, and the lines of all other code."""
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
    return secret, public


def _attached(content: str) -> bytes:
    """Return an attachment as it stands there and, where it is base64, decoded."""
    raw = content.encode(errors="replace")
    try:
        return raw + b"\n" + b64decode(raw)
    except ValueError:
        return raw


def _held(content: bytes, lines: set[str]) -> set[str]:
    """Which of these lines, or nbgrader's marks, a file holds, as text or within JSON."""
    marks = {_BEGIN, _BEGIN_HIDDEN}
    return {
        line
        for line in lines | marks
        if line.encode() in content or json.dumps(line, ensure_ascii=False)[1:-1].encode() in content
    }


def _git_blobs(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every version of every file that git knows of this folder: name and content; none if there is no repository."""
    git = ("git", "-C", str(folder))
    try:
        listing = subprocess.run([*git, "rev-list", "--objects", "--all", "--", "."], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    for entry in listing.stdout.decode(errors="replace").splitlines():
        name, _, path = entry.partition(" ")
        shown = subprocess.run([*git, "cat-file", "blob", name], capture_output=True, check=False)
        if path and shown.returncode == 0:
            yield path, shown.stdout
