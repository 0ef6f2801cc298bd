"""The cache of downloaded files: checked after every download and before every read, never half-written.

The folder is ``$COURSE_DATA``, else data/cache in a clone of the course, else the user's cache folder.
``COURSE_OFFLINE=1`` forbids any connection.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
from pathlib import Path

from course_utils.data.catalog import DataFile, Dataset, data_files, find_dataset

CONNECT_SECONDS = 5
READ_SECONDS = 30


class DataUnavailable(RuntimeError):  # noqa: N818 - named for what it tells the reader
    """A file of real data cannot be had; the message says what was tried and what to do.

    Attributes
    ----------
    summary : the same in a few words
    """

    def __init__(self, message: str, summary: str = "") -> None:
        super().__init__(message)
        self.summary = summary or message.splitlines()[0]


def offline() -> bool:
    """Whether ``COURSE_OFFLINE`` forbids connections (any value but empty, 0, no, false)."""
    return os.environ.get("COURSE_OFFLINE", "").strip().lower() not in ("", "0", "no", "false")


def cache_folder() -> Path:
    """Where downloaded files live. The folder need not exist."""
    if chosen := os.environ.get("COURSE_DATA", "").strip():
        return Path(chosen).expanduser().resolve()
    if data_files().name == "data":  # a clone
        return data_files() / "cache"
    import pooch

    return Path(pooch.os_cache("course_utils"))


def local_files(name: str) -> list[Path]:
    """Paths of all files of a dataset, downloaded if need be, each just checked.

    Parameters
    ----------
    name : name of a dataset in the catalog

    Raises
    ------
    ValueError
        If the catalog has no such dataset.
    DataUnavailable
        If a file is neither in the cache, whole, nor to be had.
    """
    dataset = find_dataset(name)
    return [_local_file(dataset, file) for file in dataset.files]


def fall_back(error: DataUnavailable, allowed: bool, instead: str) -> None:
    """Say in one line that other data is used instead, or raise the error if that is not allowed.

    Parameters
    ----------
    error : why the real data cannot be had
    allowed : the loader's argument `fallback`
    instead : what is used, in words

    Raises
    ------
    DataUnavailable
        If falling back is not allowed.
    """
    if not allowed:
        raise error
    print(f"{error.summary}: going on with {instead}.")


def file_state(file: DataFile) -> str:
    """Tell whether a cached file is "complete", "missing", "damaged" or "unreadable"."""
    path = cache_folder() / file.name
    try:
        if not path.is_file():
            return "missing"
        return "complete" if _sha256(path) in _accepted(file, path) else "damaged"
    except OSError:
        return "unreadable"


def dataset_state(dataset: Dataset) -> str:
    """Tell whether a dataset is "built in", "complete", "partly there", "missing", "damaged" or "unreadable"."""
    if dataset.built_in:
        return "built in"
    states = {file_state(file) for file in dataset.files}
    for bad in ("unreadable", "damaged"):
        if bad in states:
            return bad
    return states.pop() if len(states) == 1 else "partly there"


def _local_file(dataset: Dataset, file: DataFile) -> Path:
    path = cache_folder() / file.name
    state = file_state(file)
    if state == "complete":
        return path
    problem = {
        "missing": f"{path} is not there.",
        "unreadable": f"{path} cannot be read: see who owns it and its folder.",
        "damaged": "",
    }[state]
    if state == "damaged":
        problem = f"{path} is damaged: expected sha256 {file.sha256}, found {_sha256(path)}. It was not used."
    if offline():
        raise _unavailable(dataset, state, problem, ["COURSE_OFFLINE forbids connections"])
    tried = _download(file, path)
    if file_state(file) != "complete":
        raise _unavailable(dataset, state, problem, tried)
    return path


def _download(file: DataFile, path: Path) -> list[str]:
    """Try every mirror until one gives the file; return what went wrong with each that did not."""
    tried = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.fetcher:
            reason = _fetch_with_library(file, path)
            return [f"{file.fetcher}: {reason}"] if reason else []
        for url in file.urls:
            reason = _download_from(url, file, path)
            if reason is None:
                return tried
            tried.append(f"{url}: {reason}")
    except OSError as error:
        if error.errno is None:  # what network libraries raise
            return [*tried, f"{file.fetcher or file.urls[0]}: {_first_line(error)}"]
        what = {
            errno.ENOSPC: "the disk is full",
            errno.EDQUOT: "the disk quota is used up",
            errno.EACCES: "no permission to write there",
            errno.EPERM: "no permission to write there",
            errno.EROFS: "the folder is read-only",
        }.get(error.errno, error.strerror)
        tried.append(f"writing to {path.parent}: {what}")
    return tried


def _download_from(url: str, file: DataFile, path: Path) -> str | None:
    """Download to a temporary name, check, rename. Return None, or why it failed."""
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.ERROR)
    downloader = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS))
    try:
        pooch.retrieve(url, f"sha256:{file.sha256}", fname=path.name, path=path.parent, downloader=downloader)
    except requests.ConnectTimeout:
        return f"no answer within {CONNECT_SECONDS} s"
    except requests.HTTPError as error:
        return f"the server answered {error.response.status_code}"
    except requests.ConnectionError:
        return "no connection, or it broke off"
    except requests.RequestException as error:
        return _first_line(error)
    except ValueError:
        return "what arrived is not the file expected (another sha256)"
    return None


def _fetch_with_library(file: DataFile, path: Path) -> str | None:
    """Let the library that owns the format download and check; remember the checksum of what it wrote.

    Return None, or why it failed. A damaged file is set aside first: the library would open it unchecked.
    """
    module, function = file.fetcher.split(":")
    aside = path.with_name(path.name + ".damaged")
    if path.exists():
        path.replace(aside)
    try:
        getattr(importlib.import_module(module), function)(data_home=str(path.parent))
        _recorded(path).write_text(_sha256(path) + "\n", encoding="ascii")
    except Exception as error:  # whatever a library raises, the file that was there comes back
        if aside.exists():
            aside.replace(path)
        return _first_line(error)
    return None


def _recorded(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _accepted(file: DataFile, path: Path) -> set[str]:
    accepted = {file.sha256}
    if file.fetcher and _recorded(path).is_file():
        accepted.add(_recorded(path).read_text(encoding="ascii").strip())
    return accepted


def _sha256(path: Path) -> str:
    import pooch

    return pooch.file_hash(str(path))


def _unavailable(dataset: Dataset, state: str, problem: str, tried: list[str]) -> DataUnavailable:
    attempts = "".join(f"\n  - {line}" for line in tried)
    return DataUnavailable(
        f"{dataset.title} cannot be had. {problem}\nTried:{attempts}\n"
        f"What to do: with a connection, run `course data fetch {dataset.name}`; or copy the files "
        f"({', '.join(file.name for file in dataset.files)}) into {cache_folder()}; or point COURSE_DATA to a folder "
        "that holds them; or use the built-in data.",
        f"{dataset.title}: {state} here, and cannot be had",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
