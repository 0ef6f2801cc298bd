"""Write the address of the course's repository into everything that needs it: Colab cells and badges."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from nbformat import NotebookNode

from course_utils.teaching.notebooks import (
    COURSE_ROOT,
    course_metadata,
    has_tag,
    read_notebook,
    source_hash,
    write_notebook,
    write_text,
)

BADGE_MARK = "<!-- colab -->"
_SETUP_CELL = """\
# In Colab, this installs the course's helpers and leaves Colab's own packages alone.
# Elsewhere it does nothing.
import sys

COURSE_REPO = "{repo}"  # written by `course publish --repo URL`
if "google.colab" in sys.modules and COURSE_REPO:
    %pip install --quiet --no-deps "git+{{COURSE_REPO}}"
    %pip install --quiet pooch
elif "google.colab" in sys.modules:
    raise SystemExit("Set COURSE_REPO to the course's git address (ask your lecturer).")"""


def setup_cell(repo: str = "") -> str:
    """Source of the set-up cell, the same in every notebook."""
    return _SETUP_CELL.format(repo=repo)


def published_repo(root: Path = COURSE_ROOT) -> str:
    """The repository's address in pyproject's project.urls, "" until the course is published."""
    if not (root / "pyproject.toml").is_file():  # an installed package
        return ""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project.get("urls", {}).get("Repository", "")


def check_repo(repo: str) -> str:
    """The address, without a trailing slash.

    Raises
    ------
    ValueError
        If it is not an address that ``pip install git+…`` takes.
    """
    repo = repo.strip().rstrip("/").replace("://www.github.com/", "://github.com/")
    parts = urlsplit(repo)
    if parts.netloc == "github.com" and len(parts.path.strip("/").split("/")) != 2:
        raise ValueError(f"{repo!r} is not the address of a git repository: expected https://github.com/OWNER/NAME.")
    if (
        parts.scheme not in ("https", "http", "ssh", "git", "file")
        or not parts.path.strip("/")
        or re.search(r'["\s]', repo)
    ):
        raise ValueError(
            f"{repo!r} is not the address of a git repository: expected for instance https://HOST/OWNER/NAME "
            "(ssh://…, file:///… work as well)."
        )
    return repo


def stamp(nb: NotebookNode, repo: str, name: str, folder: str = "notebooks") -> None:
    """Write the address into a notebook's set-up cell, and the badge into its title cell (changes `nb`).

    Parameters
    ----------
    nb : the notebook
    repo : the address, or "" to take it out again
    name : the notebook's file name
    folder : the notebook's folder in the repository, for the badge
    """
    record = course_metadata(nb)
    fresh = record.get("sources") == source_hash(nb)
    for cell in nb.cells:
        if has_tag(cell, "setup"):
            cell.source = setup_cell(repo)
        elif cell.cell_type == "markdown" and BADGE_MARK in cell.source:
            badge = f"{BADGE_MARK}{_badge(repo, name, folder)}"
            cell.source = "\n".join(badge if BADGE_MARK in line else line for line in cell.source.split("\n"))
    if fresh:  # the set-up cell prints nothing: the stored outputs stay true
        record.sources = source_hash(nb)


def publish(repo: str, root: Path = COURSE_ROOT) -> list[Path]:
    """Write the repository's address into pyproject.toml and into every notebook; return the files that changed.

    Raises
    ------
    ValueError
        If the address is none that pip takes, or a notebook cannot be read. Nothing is written then.
    """
    import tomlkit

    repo = check_repo(repo)
    path = root / "pyproject.toml"
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    document["project"].setdefault("urls", tomlkit.table())["Repository"] = repo
    notebooks = [(file, read_notebook(file)) for file in sorted((root / "notebooks").glob("*.ipynb"))]
    changed = []
    for file, nb in notebooks:
        before = str(nb)
        stamp(nb, repo, file.name)
        if str(nb) != before:
            write_notebook(nb, file)
            changed.append(file)
    if (text := tomlkit.dumps(document)) != path.read_text(encoding="utf-8"):
        write_text(path, text)
        changed.append(path)
    return changed


def _badge(repo: str, name: str, folder: str) -> str:
    """A link that opens the notebook in Colab, which reads public repositories on GitHub only."""
    parts = urlsplit(repo)
    if parts.netloc != "github.com":
        return ""
    owner_and_name = parts.path.strip("/").removesuffix(".git")
    place = f"https://colab.research.google.com/github/{owner_and_name}/blob/main/{folder}/{name}"
    return f" [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({place})"
