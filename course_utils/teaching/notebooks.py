"""Finding, reading and writing the course's notebooks."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # nbformat takes a second to import, and finding and writing do without it
    from nbformat import NotebookNode

COURSE_ROOT = Path(__file__).resolve().parents[2]


def notebooks_folder() -> Path:
    """Folder of the course's notebooks: of the clone this package runs from, else of the working directory."""
    for root in (COURSE_ROOT, Path.cwd()):
        if (root / "notebooks" / "00_start_here.ipynb").is_file():
            return root / "notebooks"
    return Path.cwd()


def find_notebooks(names: Sequence[str] = ()) -> list[Path]:
    """Paths of notebooks, given as paths or by the beginning of their names ("01"); all of them if none is given.

    Raises
    ------
    ValueError
        If a name fits no notebook.
    """
    folder = notebooks_folder()
    known = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        if not known:
            raise ValueError(f"no notebooks in {folder}: run this from the course's folder, or name a notebook.")
        return known
    found = []
    for name in names:
        if Path(name).is_file() and name.endswith(".ipynb"):
            found.append(Path(name))
            continue
        fitting = [path for path in known if path.stem.startswith(name)]
        if not fitting:
            there = ", ".join(path.stem for path in known) or "none"
            raise ValueError(f"no notebook {name!r} in {folder}: expected a path or the beginning of one of: {there}.")
        found += fitting
    return found


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook, in nbformat 4.

    Raises
    ------
    ValueError
        If there is no such file, or it is not a notebook.
    """
    import nbformat

    if not path.exists():
        raise ValueError(f"there is no file {path}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name the notebook in it.")
    if zipfile.is_zipfile(path):
        raise ValueError(f"{path} is a zip archive: unpack it, and name the notebook in it.")
    try:
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
    except OSError:
        raise
    except Exception as error:  # nbformat raises nearly anything for a file that is no notebook
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path} is not a readable notebook ({first:.80}).") from None
    return nb


def write_notebook(nb: NotebookNode, path: Path) -> None:
    """Write a notebook under a temporary name, then rename it: a reader never sees half of it."""
    import nbformat

    nbformat.validate(nb)
    write_text(path, nbformat.writes(nb, version=4).rstrip("\n") + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, then rename it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """The code cells that hold anything."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


def source_hash(nb: NotebookNode) -> str:
    """Checksum of all code: stored with the outputs, it tells when they are stale."""
    digest = hashlib.sha256()
    for cell in code_cells(nb):
        digest.update(cell.source.encode() + b"\0")
    return digest.hexdigest()[:16]


def course_metadata(nb: NotebookNode) -> NotebookNode:
    """The notebook's own record: ``budget_seconds``, and since the last run ``seconds`` and ``sources``."""
    from nbformat import NotebookNode

    return nb.metadata.setdefault("course", NotebookNode())


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


# What a cell's tags mean: the set-up for Colab; code that is shown only on request (a figure whose call teaches
# nothing); the course's own assertions, which hold what the text claims and are absent from student versions.
SETUP_TAG, FOLDED_TAG, ASSERTION_TAG = "setup", "hide-input", "assertion"


def fold(cell: NotebookNode, *, assertion: bool = False) -> None:
    """Collapse a code cell in JupyterLab, Colab and the book (changes `cell`)."""
    from nbformat import NotebookNode

    tags = set(cell.metadata.get("tags", [])) - {FOLDED_TAG, ASSERTION_TAG, "remove-cell"}
    tags |= {ASSERTION_TAG, "remove-cell"} if assertion else {FOLDED_TAG}
    cell.metadata["tags"] = sorted(tags)
    cell.metadata["jupyter"] = NotebookNode(source_hidden=True)
    cell.metadata["cellView"] = "form"


def unfold(cell: NotebookNode) -> None:
    """Show a cell's code again (changes `cell`)."""
    tags = [tag for tag in cell.metadata.get("tags", []) if tag not in (FOLDED_TAG, ASSERTION_TAG, "remove-cell")]
    for key in ("tags", "jupyter", "cellView"):
        cell.metadata.pop(key, None)
    if tags:
        cell.metadata["tags"] = tags


IF_TIME_TAG = "if-time"
_SECTION = re.compile(r"^## .+$", re.MULTILINE)
_MINUTES = re.compile(r"^\*(Core|If time) · about (\d+) minutes\*$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A section of a notebook, as it is planned for a class.

    Attributes
    ----------
    heading : its heading, without the marks
    core : whether every class does it; otherwise it is done if there is time
    minutes : in class, exercises included
    """

    heading: str
    core: bool
    minutes: int


def sections(nb: NotebookNode) -> list[Section]:
    """Sections of a notebook that say how long they take, and whether they are core: the line below their heading.

    Raises
    ------
    ValueError
        If a section other than the summary has no such line.
    """
    text = "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    found = []
    for heading, part in _parts(text):
        told = _MINUTES.match(part.lstrip("\n"))
        if told:
            found.append(Section(heading, told[1] == "Core", int(told[2])))
        elif heading != "Summary":
            raise ValueError(
                f"section {heading!r} must begin with a line '*Core · about 10 minutes*', or '*If time …*'."
            )
    return found


def mark_sections(nb: NotebookNode) -> None:
    """Tag every cell of the sections that are done if there is time (changes `nb`); others lose that tag.

    A cell in which a core section begins is core. So a section that is done if there is time begins with a cell of its
    own.
    """
    if_time = False
    for cell in nb.cells:
        if cell.cell_type == "markdown" and (parts := _parts(cell.source)):
            told = _MINUTES.match(parts[-1][1].lstrip("\n"))
            if_time = bool(told) and told[1] == "If time"
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != IF_TIME_TAG]
        tags += [IF_TIME_TAG] * if_time
        if tags:
            cell.metadata["tags"] = tags
        else:
            cell.metadata.pop("tags", None)


def _parts(text: str) -> list[tuple[str, str]]:
    """Headings of sections in a text, each with what stands below it."""
    heads = list(_SECTION.finditer(text))
    if not heads:
        return []
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [(head[0].removeprefix("## "), text[head.end() : end]) for head, end in zip(heads, ends, strict=True)]
