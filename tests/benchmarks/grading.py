"""Grading against plain nbval and against nbgrader, and the grader's memory when a submission prints without end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil

from course_utils.teaching.notebooks import find_notebooks
from tests.benchmarks.measuring import Measured, seconds
from tests.grading import hostile

SUBMISSIONS = 6
PRINTING = (
    "endless_printing",
    "printing_past_the_bound",
    "printing_100_mb_at_once",
    "endless_printing_in_a_cell",
    "displays_of_10_mb",
    "error_of_40_mb",
    "error_of_40_mb_in_a_cell",
    "result_of_1_gb",
)
BIN = Path(sys.executable).parent


def measure() -> Iterator[Measured]:
    master = find_notebooks(["01"])[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / "submissions" / f"student{i}" / master.name for i in range(SUBMISSIONS)]
        for path in paths:
            path.parent.mkdir(parents=True)
            nbformat.write(hostile.correct(), path)
        nbval = seconds(lambda: [_run("pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", path) for path in paths])
        nbgrader = _nbgrader(master, paths, folder / "nbgrader")
        for option, cells in (((), "the cells that the exercises need"), (("--all-cells",), "all cells")):
            out = folder / f"marks{len(option)}"
            ours = seconds(
                lambda out=out, option=option: _run(
                    "course", "grade", "01", folder / "submissions", "--out", out, "-j2", "--min-score=1", *option
                )
            )
            what = f"grading {SUBMISSIONS} of notebook 01, -j 2, {cells} ({ours / SUBMISSIONS:.1f} s each)"
            yield Measured(f"{what} / nbval", ours / nbval, 0.7)
            if not option:
                yield Measured(f"{what} / nbgrader", ours / nbgrader, 0.5)
    for case in PRINTING:
        yield Measured(f"memory of the grader's processes, {case}", _memory(case), 300, "MB")


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([BIN / command[0], *command[1:]], check=True, capture_output=True, cwd=cwd, env=environment)


def _nbgrader(master: Path, paths: list[Path], course: Path) -> float:
    """Seconds that nbgrader takes to grade the class and to write its feedback."""
    copies = {course / "source" / "ps1" / master.name: master}
    copies |= {course / "submitted" / path.parent.name / "ps1" / path.name: path for path in paths}
    for target, source in copies.items():
        target.parent.mkdir(parents=True)
        target.write_bytes(source.read_bytes())
    settings = (f"--CourseDirectory.root={course}", "--CourseDirectory.course_id=course")
    _run("nbgrader", "generate_assignment", "ps1", *settings, cwd=course)
    commands = ("autograde", "generate_feedback")
    taken = seconds(lambda: [_run("nbgrader", command, "ps1", *settings, cwd=course) for command in commands])
    assert len(list(course.glob("feedback/*/ps1/*.html"))) == len(paths)
    return taken


def _memory(case: str) -> float:
    """Peak memory of `course grade` and of its pytest, in MB, shared pages counted once; a kernel is not the grader."""
    with tempfile.TemporaryDirectory() as name:
        submissions = Path(name) / "submissions"
        submissions.mkdir()
        hostile.write(hostile.HOSTILE[case], hostile.correct(), submissions, "student.ipynb")
        command = [BIN / "course", "grade", "01", submissions, "--out", Path(name) / "out", "-j1"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(_proportional, _grader_processes(process.pid))))
            time.sleep(0.05)
        assert process.returncode in (0, 2), process.returncode
    return peak / 1e6


def _grader_processes(pid: int) -> list[psutil.Process]:
    try:
        grader = psutil.Process(pid)
        return [grader, *(process for process in grader.children() if "pytest" in process.cmdline())]
    except psutil.Error:
        return []


def _proportional(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0
