"""What is wrong with this machine, in words a student understands."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from course_utils.data.cache import cache_folder, offline

MARKS = {"ok": "ok  ", "note": "note", "problem": "FIX "}
_MIN_MEMORY = 3e9
_MIN_DISK = 1e9


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    state : "ok", "note" (works, but worth knowing) or "problem"
    what : what was found
    advice : what to do about it, or ""
    """

    state: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"\n      -> {self.advice}" if self.advice else ""
        return f"{MARKS[self.state]}  {self.what}{advice}"


def examine(*, tensorflow: bool = False) -> list[Finding]:
    """Look at Python, packages, kernel, memory, disk and cache.

    Parameters
    ----------
    tensorflow : also start TensorFlow in a process of its own, which takes about ten seconds
    """
    findings = [*_python(), *_packages(), *_kernel(), *_machine(), *_cache()]
    if tensorflow:
        findings += _tensorflow()
    return findings


def report(findings: list[Finding]) -> str:
    """The findings, a line each, and a last line that sums up."""
    problems = sum(finding.state == "problem" for finding in findings)
    verdict = "Everything is in place." if not problems else f"{problems} to fix, see the arrows above."
    return "\n".join([*map(str, findings), "", verdict])


def _python() -> Iterator[Finding]:
    wanted = importlib.metadata.metadata("course_utils")["Requires-Python"]
    version = platform.python_version()
    if version not in SpecifierSet(wanted, prereleases=True):
        yield Finding(
            "problem",
            f"Python {version}, the course wants {wanted}",
            "Install Python 3.12, delete the folder .venv and run `make lab` again.",
        )
    elif sys.maxsize < 2**32:
        yield Finding("problem", f"Python {version} is a 32-bit one", "Install a 64-bit Python: TensorFlow needs it.")
    else:
        yield Finding("ok", f"Python {version} on {platform.system()} {platform.machine()}")


def _packages() -> Iterator[Finding]:
    requirements = [Requirement(text) for text in importlib.metadata.requires("course_utils") or ()]
    needed = [r for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = []
    for requirement in needed:
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not fit {requirement.specifier}")
    if wrong:
        advice = "Run `make lab` again; in Colab, run the set-up cell again and restart the session."
        yield Finding("problem", "packages: " + "; ".join(wrong), advice)
    else:
        yield Finding("ok", f"all {len(needed)} packages the course needs are here")


def _kernel() -> Iterator[Finding]:
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        yield Finding("problem", "Jupyter is not installed in this Python", "Run `make lab`.")
        return
    try:
        command = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    except NoSuchKernel:
        yield Finding("problem", "Jupyter finds no Python kernel", "Run `make lab` again.")
        return
    # Jupyter takes a bare "python" for the Python that it runs in itself.
    if command.is_absolute() and command.parent.resolve() != Path(sys.executable).parent.resolve():
        yield Finding(
            "note",
            f"Jupyter's default kernel is another Python: {command}",
            "Start Jupyter with `make lab`, from the course's folder.",
        )
    else:
        yield Finding("ok", "Jupyter's kernel is this Python")


def _machine() -> Iterator[Finding]:
    import psutil

    memory, cores = psutil.virtual_memory(), os.cpu_count() or 1
    what = f"{memory.available / 1e9:.1f} GB of {memory.total / 1e9:.1f} GB memory free, {cores} cores"
    if memory.available < _MIN_MEMORY:
        yield Finding("note", what, "Close other programs and notebooks: a lesson needs up to 3 GB.")
    else:
        yield Finding("ok", what)
    free = shutil.disk_usage(Path.cwd()).free
    if free < _MIN_DISK:
        yield Finding("problem", f"only {free / 1e6:.0f} MB of disk free", "Make room: a gigabyte or more.")


def _cache() -> Iterator[Finding]:
    folder = cache_folder()
    existing = next(parent for parent in [folder, *folder.parents] if parent.exists())
    if not existing.is_dir():
        yield Finding("problem", f"{existing} is a file, the cache wants a folder", "Set COURSE_DATA to a folder.")
        return
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        there = folder.is_dir() or not os.environ.get("COURSE_DATA", "").strip()
        remark = "" if there else ", which does not exist yet"
        yield Finding("ok" if there else "note", f"real data is kept in {_name_of(folder)}{remark}")
    except OSError:
        advice = "That is fine if it holds the data already; else set COURSE_DATA to a folder of your own."
        yield Finding("note", f"{_name_of(folder)} cannot be written to", advice)
    if offline():
        yield Finding("note", "COURSE_OFFLINE is set: no downloads, built-in data and the cache only")


def _name_of(cache: Path) -> str:
    """A name for the cache folder that does not show where somebody's home is."""
    if os.environ.get("COURSE_DATA", "").strip():
        return "the folder that COURSE_DATA names"
    return "data/cache in the course's folder" if cache.parent.name == "data" else "the user's cache folder"


def _tensorflow() -> Iterator[Finding]:
    code = "import tensorflow as tf, keras; print(tf.__version__, keras.__version__, float(tf.reduce_sum([1.0, 2.0])))"
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        yield Finding("problem", "TensorFlow did not start within three minutes", "Restart the computer and try again.")
        return
    if done.returncode == 0:
        tensorflow, keras, _ = done.stdout.split()[-3:]
        yield Finding("ok", f"TensorFlow {tensorflow} with Keras {keras} starts and computes")
    elif done.returncode < 0:
        advice = "The processor may lack AVX instructions: use Colab, or a computer built after 2013."
        yield Finding("problem", f"TensorFlow crashes on this processor (signal {-done.returncode})", advice)
    else:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield Finding(
            "problem", f"TensorFlow does not start: {last}", "Delete the folder .venv and run `make lab` again."
        )
