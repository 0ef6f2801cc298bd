"""The catalog: what every dataset is, where its files come from, and how to know that they are whole."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class DataFile:
    """A file of a dataset.

    Attributes
    ----------
    name : path below the cache folder
    bytes : size
    sha256 : its checksum, 64 hexadecimal digits
    urls : where it comes from; mirrors are tried in this order
    fetcher : "module:function" of a library that downloads, checks and writes the file, or ""
    """

    name: str
    bytes: int
    sha256: str
    urls: tuple[str, ...]
    fetcher: str = ""


@dataclass(frozen=True)
class Dataset:
    """A dataset. One without files is built in."""

    name: str
    title: str
    description: str
    licence: str
    citation: str
    homepage: str
    files: tuple[DataFile, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether it needs no download."""
        return not self.files

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.files)


def data_files() -> Path:
    """Folder of the catalog and of the course's own small data files: data/ in a clone, else within the package."""
    packaged = _PACKAGE / "files"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "data"


@cache
def read_catalog(path: Path | None = None) -> dict[str, Dataset]:
    """Datasets by name, in the catalog's order.

    Parameters
    ----------
    path : a catalog in TOML, default the course's own
    """
    text = (path or data_files() / "catalog.toml").read_text(encoding="utf-8")
    catalog = {}
    for name, entry in tomllib.loads(text).items():
        files = tuple(DataFile(**{**file, "urls": tuple(file["urls"])}) for file in entry.pop("files", ()))
        catalog[name] = Dataset(name=name, files=files, **entry)
    return catalog


def find_dataset(name: str) -> Dataset:
    """The dataset of that name.

    Raises
    ------
    ValueError
        If the catalog has no such dataset; the message lists those it has.
    """
    catalog = read_catalog()
    if name not in catalog:
        raise ValueError(f"unknown dataset {name!r}: expected one of {', '.join(catalog)}.")
    return catalog[name]
