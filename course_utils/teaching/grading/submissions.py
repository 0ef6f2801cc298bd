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

from course_utils.checks import EXERCISES
from course_utils.teaching.grading.needed import as_python, names_of

LARGEST_FILE = 20 << 20
LARGEST_CELL = 1 << 18
MOST_CELLS = 1_000
MOST_PARTS = 2_000_000  # lists, objects and separators of a file: each costs memory when it is read
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".xz")
_MARKER = re.compile(
    r"^([ \t]*#+[ \t]*)(PYTEST_VALIDATE_IGNORE_OUTPUT|NBVAL_\w+)[ \t]*$", flags=re.MULTILINE
)  # what nbval takes for an instruction
_STUB = "raise NotImplementedError"
_NO_PYTHON = (SyntaxError, ValueError, RuntimeError, MemoryError)  # RuntimeError: nested without an end


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
        elif entry.suffix.lower() in _ARCHIVES:
            student = entry.stem.removesuffix(".tar")
            if student in names:  # unpacked already
                continue
            found.append(Submission(student, None, f"{entry.name} is an archive: unpack it."))
        elif entry.suffix.lower() == ".ipynb" and not entry.is_file():
            found.append(Submission(entry.stem, None, "This is no file."))
        elif entry.suffix.lower() == ".ipynb":
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
    stem = notebook.removesuffix(".ipynb")
    chosen = [path for path in candidates if path.name.startswith(stem)] or candidates
    if not chosen:
        others = ", ".join(sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")))
        remark = f"The folder holds no notebook, but {others[:200]}." if others else "The folder holds no notebook."
        return Submission(folder.name, None, remark)
    depth = min(len(path.parts) for path in chosen)
    places = {path.parent for path in exact if len(path.parts) == depth}
    if len(places) > 1:
        names = ", ".join(sorted(place.name for place in places))
        return Submission(
            folder.name, None, f"Several students? {names} hold this notebook: grade the folder by itself."
        )
    chosen.sort(key=lambda path: (_unwritten(path), path not in exact, len(path.parts), path.name))
    if len(chosen) > 1:
        shown = chosen[0].relative_to(folder)
        return Submission(
            folder.name,
            chosen[0],
            f"There are {len(chosen)} notebooks; {shown} was graded: fewest exercises are unwritten there.",
        )
    remark = "" if exact else f"The file is called {chosen[0].name}, not {notebook}."
    return Submission(folder.name, chosen[0], remark)


def _unwritten(path: Path) -> int:
    """How many stubs a file holds; very many if it cannot be read."""
    try:
        return path.read_bytes().count(_STUB.encode()) if path.stat().st_size <= LARGEST_FILE else 1_000_000
    except OSError:
        return 1_000_000


def _notebooks(folder: Path) -> Iterator[Path]:
    """Notebooks anywhere in a folder, but not in hidden folders or behind links; an unreadable folder is an OSError."""

    def stop(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (
            Path(place) / name for name in files if name.lower().endswith(".ipynb") and not name.startswith(".")
        ):
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
    if sum(map(text.count, "[{,")) > MOST_PARTS:
        raise UnreadableError("The file has millions of parts, as no notebook has: clear its outputs.")
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
        source = source if len(source) > LARGEST_CELL else _MARKER.sub(r"\1", source)
        cell = (new_code_cell if raw.get("cell_type") == "code" else new_markdown_cell)(source)
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

    The instructor's notebook is the skeleton. The student's further code cells are kept where they stood; imports,
    functions and names that the student added to one of the skeleton's cells come as a cell of their own.

    Parameters
    ----------
    master : the instructor's notebook
    student : from `read_submission`

    Returns
    -------
    notebook, remarks : to run; ``metadata.course_cell`` of every cell is "master", "solution", "check" or "student"

    Raises
    ------
    UnreadableError
        If none of the exercises is there, neither its cell nor its function: this is another notebook.
    """
    remarks: list[str] = []
    known = {cell.id: cell for cell in master.cells if "id" in cell}
    names = {cell.metadata.nbgrader.grade_id for cell in master.cells if "nbgrader" in cell.metadata}
    by_source = {cell.source.strip(): cell.id for cell in master.cells if cell.source.strip()}
    counts = Counter(cell.metadata.grade_id for cell in student.cells if cell.metadata.grade_id in names)
    remarks += [
        f"Cell {name} is there {count} times; all that are written ran, in this order."
        for name, count in sorted(counts.items())
        if count > 1
    ]
    written: dict[str, list[str]] = {}
    extra: dict[str, list[str]] = {}
    edited: dict[str, list[str]] = {"check": [], "given": []}
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
            else:
                written.setdefault(name, []).append(cell.source)
            anchor = name
        elif home:
            anchor = home
            original = known[home]
            if cell.cell_type == "code" == original.cell_type:
                if "setup" not in original.metadata.get("tags", ()) and (
                    _visible(cell.source) != _visible(original.source)
                ):
                    edited["check" if _is_check(original) else "given"].append(name or home)
                extra.setdefault(anchor, []).extend(_added("" if _is_check(original) else original.source, cell.source))
        elif cell.cell_type == "code" and cell.source.strip():
            extra.setdefault(anchor, []).append(cell.source)
    solutions = {name: _joined(sources) for name, sources in written.items()}
    if edited["check"]:
        cells = ", ".join(edited["check"])
        remarks.append(f"Check cells were edited ({cells}); the exercises were checked as released.")
    if edited["given"]:
        remarks.append(f"Given cells were edited ({', '.join(edited['given'])}); they ran as released.")
    if borrowed := _borrowed(master, solutions, extra):
        remarks.append(f"The course's own package answers for the student? {', '.join(borrowed)}.")
    _say_what_is_missing(master, solutions, extra, counts, remarks)
    return _assemble(master, solutions, extra), remarks


def _say_what_is_missing(
    master: NotebookNode,
    solutions: dict[str, str],
    extra: dict[str, list[str]],
    counts: Counter,
    remarks: list[str],
) -> None:
    found = exercises(master)
    checks = [exercise.grade_id for exercise in found if not counts[f"{exercise.grade_id}-check"]]
    lost = [exercise.grade_id for exercise in found if exercise.grade_id not in solutions]
    own = frozenset().union(*(names_of(source).bound for sources in extra.values() for source in sources))
    defined = [name for name in lost if name in EXERCISES and EXERCISES[name].name in own]
    if len(lost) == len(found) and not defined:
        raise UnreadableError("This is another notebook: it holds none of the exercises.")
    if defined:
        remarks.append(
            f"Cells have lost their names, as in some editors; found by their functions: {', '.join(defined)}."
        )
    if missing := [name for name in lost if name not in defined]:
        remarks.append(f"Cells of exercises are missing: {', '.join(missing)}.")
    if checks and not defined:
        remarks.append(f"Check cells are missing ({', '.join(checks)}); the exercises were checked all the same.")


def _assemble(master: NotebookNode, solutions: dict[str, str], extra: dict[str, list[str]]) -> NotebookNode:
    nb = nbformat.v4.new_notebook(metadata={"kernelspec": deepcopy(master.metadata.get("kernelspec", {}))})

    def add(source: str, role: str, name: str = "") -> None:
        nb.cells.append(new_code_cell(source, metadata={"course_cell": role, "grade_id": name}))

    for source in extra.get("", ()):
        add(source, "student")
    for cell in master.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.cell_type == "code":
            if _is_check(cell):
                add("", "check", _exercise_id(cell))
            elif cell.metadata.get("nbgrader", {}).get("solution"):
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


def _joined(sources: list[str]) -> str:
    """The cells of an exercise as one: a cell that was split, or a later attempt below an earlier one."""
    finished = [source for source in sources if _STUB not in source] or sources[:1]
    valid = [source for source in finished if _is_valid(source)]
    return "\n\n".join(valid or finished[-1:])


def _is_valid(source: str) -> bool:
    try:
        _parsed(source)
    except _NO_PYTHON:
        return False
    return True


def _parsed(source: str) -> ast.Module:
    return ast.parse(as_python(source))


def _visible(source: str) -> str:
    """Source as students get it, but for white space and nbval's markers."""
    lines, inside = [], False
    for line in source.split("\n"):
        inside = inside or line == "### BEGIN HIDDEN TESTS"
        lines += [] if inside else [line]
        inside = inside and line != "### END HIDDEN TESTS"
    return " ".join(_MARKER.sub(r"\1", "\n".join(lines)).split())


def _added(original: str, edited: str) -> list[str]:
    """Imports, definitions and assignments of an edited cell, at its top level, of names that the original lacks."""
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
    try:
        before = {ast.unparse(node) for node in _parsed(original).body}
        new = [node for node in _parsed(edited).body if isinstance(node, kinds)]
        sources = [source for node in new if (source := ast.unparse(node)) not in before]
    except _NO_PYTHON:
        return []
    bound = names_of(original).bound
    imports = ("import ", "from ")
    return [s for s in sources if s.startswith(imports) or not names_of(s).bound & bound]


def _borrowed(master: NotebookNode, solutions: dict[str, str], extra: dict[str, list[str]]) -> list[str]:
    """Exercises whose answer uses the package where the instructor's does not."""
    own = {
        cell.metadata.nbgrader.grade_id: names_of(cell.source).used
        for cell in master.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    sources = [cell.source for cell in master.cells if cell.cell_type == "code" and "nbgrader" not in cell.metadata]
    sources += [source for more in extra.values() for source in more]
    imported = frozenset().union(*map(_from_the_package, sources))
    found = []
    for name, source in solutions.items():
        used = (names_of(source).used & imported) | _from_the_package(source)
        if names := sorted(used - own.get(name, frozenset()) - {"checks", "lesson", "plots"}):
            found.append(f"{name} ({', '.join(names)})")
    return found


def _from_the_package(source: str) -> frozenset[str]:
    """Names that a cell imports from the course's package."""
    try:
        nodes = list(ast.walk(_parsed(source)))
    except _NO_PYTHON:
        return frozenset()
    names = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "course_utils"
        for alias in node.names
    }
    names |= {
        alias.asname or "course_utils"
        for node in nodes
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.partition(".")[0] == "course_utils"
    }
    return frozenset(names)
