"""Finding submissions, reading them leniently, and laying their solutions on the instructor's notebook."""

from __future__ import annotations

import ast
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

LARGEST_FILE = 20 << 20
LARGEST_CELL = 1 << 18
MOST_CELLS = 2_000
_MARKER = re.compile(
    r"^(\s*#+\s*)(PYTEST_VALIDATE_IGNORE_OUTPUT|NBVAL_\w+)\s*$", flags=re.MULTILINE
)  # what nbval takes for an instruction
_STUB = "raise NotImplementedError"


class UnreadableError(ValueError):
    """A submission that is no notebook, with a sentence that says why."""


@dataclass(frozen=True)
class Submission:
    """One student's file.

    Attributes
    ----------
    student : name of the folder, or of the file if it lies in no folder of its own
    path : the file, or None if the folder holds no notebook that could be meant
    remark : what an assistant should know about the choice of the file
    """

    student: str
    path: Path | None
    remark: str = ""


@dataclass(frozen=True)
class Exercise:
    """An exercise of the instructor's notebook."""

    grade_id: str
    title: str
    maximum: float


def find_submissions(folder: Path, notebook: str) -> list[Submission]:
    """Find each student's file in a folder of submissions.

    A student's submission is a folder that holds the notebook, or a notebook that lies in `folder` itself.

    Parameters
    ----------
    folder : with all submissions
    notebook : file name of the instructor's notebook

    Returns
    -------
    submissions : sorted by student

    Raises
    ------
    ValueError
        If the folder is not there, cannot be read, or holds no submission.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: expected one with a notebook or a folder for each student.")
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ValueError(f"{folder} cannot be read ({error.strerror}): see who owns it.") from None
    found = []
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_symlink():
            found.append(Submission(entry.name, None, "This is a link to another place: it was not followed."))
        elif entry.is_dir():
            found.append(_of_folder(entry, notebook))
        elif entry.suffix == ".ipynb" and not entry.is_file():
            found.append(Submission(entry.stem, None, "This is no file."))
        elif entry.suffix == ".ipynb":
            student = entry.name if entry.stem in names else entry.stem
            remark = f"There is a folder {entry.stem} as well." if entry.stem in names else ""
            found.append(Submission(student, entry, remark))
    if not found:
        raise ValueError(f"{folder} holds no submission: expected {notebook} in a folder for each student.")
    return found


def _of_folder(folder: Path, notebook: str) -> Submission:
    try:
        candidates = list(_notebooks(folder))
    except OSError as error:
        return Submission(folder.name, None, f"The folder cannot be read ({error.strerror}).")
    exact = [path for path in candidates if path.name == notebook]
    chosen = exact or candidates
    if not chosen:
        return Submission(folder.name, None, "The folder holds no notebook.")
    chosen.sort(key=lambda path: (len(path.parts), path.name))
    if len(chosen) > 1:
        shown = chosen[0].relative_to(folder)
        return Submission(folder.name, chosen[0], f"There are {len(chosen)} notebooks; {shown} was graded.")
    remark = "" if exact else f"The file is called {chosen[0].name}, not {notebook}."
    return Submission(folder.name, chosen[0], remark)


def _notebooks(folder: Path) -> Iterator[Path]:
    """Notebooks anywhere in a folder, but not in hidden folders or behind links; an unreadable folder is an OSError."""

    def stop(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place) / name for name in files if name.endswith(".ipynb") and not name.startswith(".")):
            if path.is_file() and not path.is_symlink():
                yield path


def read_submission(path: Path, largest: int = LARGEST_FILE) -> tuple[NotebookNode, list[str]]:
    """Read a student's notebook, whatever state it is in; outputs, tags and nbval's markers are dropped.

    Parameters
    ----------
    path : the file
    largest : bytes that are accepted

    Returns
    -------
    notebook, remarks : in nbformat 4, and what was put right

    Raises
    ------
    UnreadableError
        If the file is no notebook.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise UnreadableError(f"The file has {size / 1e6:.0f} MB; up to {largest / 1e6:.0f} MB are accepted.")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"The file cannot be read ({error.strerror}).") from None
    remarks = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        remarks.append("The file began with a byte-order mark.")
    if not data.strip():
        raise UnreadableError("The file is empty.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("The file is no text in UTF-8.") from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        if re.search(r"^(<<<<<<<|>>>>>>>) ", text, flags=re.MULTILINE):
            raise UnreadableError("The file holds the markers of a merge conflict: resolve it in git.") from None
        raise UnreadableError("The file is no valid JSON: was it edited as text, or cut off?") from None
    return _sanitize(content), remarks


def _sanitize(content: Any) -> NotebookNode:
    """A notebook of plain code and Markdown cells."""
    if not isinstance(content, dict):
        raise UnreadableError("The file is JSON, but no notebook.")
    if content.get("nbformat") in (1, 2, 3):
        try:
            content = nbformat.convert(nbformat.from_dict(content), 4)
        except Exception:  # nbformat raises nearly anything
            raise UnreadableError("The notebook has an old format that cannot be converted.") from None
    if not isinstance(content.get("cells"), list):
        raise UnreadableError("The file is JSON, but no notebook: it has no cells.")
    if len(content["cells"]) > MOST_CELLS:
        raise UnreadableError(f"The notebook has {len(content['cells'])} cells; up to {MOST_CELLS} are accepted.")
    nb = nbformat.v4.new_notebook()
    for raw in content["cells"]:
        if not isinstance(raw, dict):
            continue
        source = raw.get("source")
        source = "".join(line for line in source if isinstance(line, str)) if isinstance(source, list) else source
        source = source.encode("utf-8", "replace").decode("utf-8") if isinstance(source, str) else ""
        cell = (new_code_cell if raw.get("cell_type") == "code" else new_markdown_cell)(_MARKER.sub(r"\1", source))
        cell.metadata.original = raw.get("id") if isinstance(raw.get("id"), str) else ""
        metadata = raw.get("metadata")
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
        cell.metadata.grade_id = name if isinstance(name, str) else ""
        nb.cells.append(cell)
    return nb


def exercises(master: NotebookNode) -> list[Exercise]:
    """List the exercises of an instructor's notebook: its cells with points."""
    found, heading = [], ""
    for cell in master.cells:
        if cell.cell_type == "markdown":
            titles = re.findall(r"^### (Exercise .*?)(?: \([^()]*\))?$", cell.source, flags=re.MULTILINE)
            heading = titles[-1] if titles else heading
        elif _is_check(cell):
            name = _exercise_id(cell)
            found.append(Exercise(name, heading or name, float(cell.metadata.nbgrader.points)))
    return found


def lay_on_master(master: NotebookNode, student: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Lay a student's solution cells on the instructor's notebook, by grade_id.

    The instructor's notebook is the skeleton. The student's further code cells are kept where they stood; imports that
    the student added to one of the skeleton's cells come as a cell of their own.

    Parameters
    ----------
    master : the instructor's notebook
    student : from `read_submission`

    Returns
    -------
    notebook, remarks : to run; ``metadata.course_cell`` of every cell is "master", "solution", "check" or "student"
    """
    remarks: list[str] = []
    known = {cell.id: cell for cell in master.cells if "id" in cell}
    names = {cell.metadata.nbgrader.grade_id for cell in master.cells if "nbgrader" in cell.metadata}
    by_source = {cell.source.strip(): cell.id for cell in master.cells if cell.source.strip()}
    counts = Counter(cell.metadata.grade_id for cell in student.cells if cell.metadata.grade_id in names)
    remarks += [
        f"Cell {name} is there {count} times; the first one that is written counts."
        for name, count in sorted(counts.items())
        if count > 1
    ]
    solutions: dict[str, str] = {}
    extra: dict[str, list[str]] = {}
    anchor = ""
    for cell in student.cells:
        name = cell.metadata.grade_id
        home = name if name in names else cell.metadata.original
        home = home if home in known else by_source.get(cell.source.strip(), "")
        if len(cell.source) > LARGEST_CELL:
            remarks.append(f"A cell of {len(cell.source):,} characters was left out.")
            continue
        if name in names and _is_solution(known.get(home), master, name):
            if cell.cell_type != "code":
                remarks.append(f"Cell {name} is no code cell any more.")
            elif name not in solutions or (_STUB in solutions[name] and _STUB not in cell.source):
                solutions[name] = cell.source
            anchor = name
        elif home:
            anchor = home
            original = known[home]
            if cell.cell_type == "code" == original.cell_type and not _is_check(original):
                added = _added_imports(original.source, cell.source)
                if added:
                    extra.setdefault(anchor, []).append(added)
        elif cell.cell_type == "code" and cell.source.strip():
            extra.setdefault(anchor, []).append(cell.source)
    return _assemble(master, solutions, extra, counts, remarks), remarks


def _assemble(
    master: NotebookNode,
    solutions: dict[str, str],
    extra: dict[str, list[str]],
    counts: Counter,
    remarks: list[str],
) -> NotebookNode:
    nb = nbformat.v4.new_notebook(metadata={"kernelspec": deepcopy(master.metadata.get("kernelspec", {}))})

    def add(source: str, role: str, name: str = "") -> None:
        nb.cells.append(new_code_cell(source, metadata={"course_cell": role, "grade_id": name}))

    for source in extra.get("", ()):
        add(source, "student")
    for cell in master.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.cell_type == "code":
            if _is_check(cell):
                if not counts[name]:
                    remarks.append(f"The check cell {name} is missing; the exercise was checked all the same.")
                add("", "check", _exercise_id(cell))
            elif cell.metadata.get("nbgrader", {}).get("solution"):
                if name not in solutions:
                    remarks.append(f"The cell of exercise {name} is missing.")
                add(solutions.get(name, ""), "solution", name)
            else:
                add(_MARKER.sub(r"\1", cell.source), "master")
        for anchor in dict.fromkeys(filter(None, (cell.get("id", ""), name))):
            for source in extra.get(anchor, ()):
                add(source, "student")
    return nb


def _is_check(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and not cell.metadata.nbgrader.get("solution")


def _exercise_id(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader.grade_id.removesuffix("-check")


def _is_solution(home: NotebookNode | None, master: NotebookNode, name: str) -> bool:
    cells = [home] if home is not None else master.cells
    return any(
        cell.metadata.get("nbgrader", {}).get("solution") and cell.metadata.nbgrader.grade_id == name for cell in cells
    )


def _added_imports(original: str, edited: str) -> str:
    """Import statements at the top level of an edited cell that the original has not."""
    try:
        before, after = (
            {ast.unparse(node) for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)}
            for source in (original, edited)
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return "\n".join(sorted(after - before))
