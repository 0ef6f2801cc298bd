"""Grading against plain nbval, and the grader's memory when a submission prints without end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil

from course_utils.teaching.grading.grade import grade_class
from course_utils.teaching.notebooks import find_notebooks
from tests.benchmarks.measuring import Measured, seconds
from tests.grading import hostile

SUBMISSIONS = 6


def measure() -> Iterator[Measured]:
    master = find_notebooks(["01"])[0]
    with tempfile.TemporaryDirectory() as folder:
        submissions = Path(folder) / "submissions"
        submissions.mkdir()
        paths = [submissions / f"student{i}.ipynb" for i in range(SUBMISSIONS)]
        for path in paths:
            nbformat.write(hostile.correct(), path)
        plain = seconds(lambda: [_nbval(path) for path in paths])
        for all_cells in (False, True):
            out = Path(folder) / f"marks{all_cells}"
            ours = seconds(lambda out=out, all_cells=all_cells: _grade(master, submissions, out, all_cells))
            cells = "all cells" if all_cells else "the cells that the exercises need"
            what = f"grading {SUBMISSIONS} of notebook 01, -j 2, {cells} ({ours / SUBMISSIONS:.1f} s each) / nbval"
            yield Measured(what, ours / plain, 0.7)
    yield Measured("memory of the grader's processes while a submission prints without end", _memory(master), 300, "MB")


def _grade(master: Path, submissions: Path, out: Path, all_cells: bool) -> None:
    results = grade_class(master, submissions, out, workers=2, all_cells=all_cells, progress=False)
    assert all(result.points == result.maximum for result in results)


def _nbval(path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _memory(master: Path) -> float:
    """Peak of this process's growth and of pytest's resident memory, in MB; the kernel is not the grader."""
    with tempfile.TemporaryDirectory() as folder:
        submissions = Path(folder) / "submissions"
        submissions.mkdir()
        hostile.write(hostile.HOSTILE["endless_printing"], hostile.correct(), submissions, "student.ipynb")
        work = threading.Thread(
            target=grade_class, args=(master, submissions, Path(folder) / "out"), kwargs={"progress": False}
        )
        before, peak = psutil.Process().memory_info().rss, 0
        work.start()
        while work.is_alive():
            peak = max(peak, psutil.Process().memory_info().rss - before + sum(_resident(p) for p in _pytests()))
            time.sleep(0.05)
    return peak / 1e6


def _pytests() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "pytest" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
