"""Grading: right marks for whatever a class hands in, nothing left behind, the same marks every time.

These tests run submissions in the sandbox. Where user namespaces are forbidden, COURSE_NO_SANDBOX=1 leaves them out.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from textwrap import indent

import nbformat
import psutil
import pytest
from typer.testing import CliRunner

from course_utils import cli
from course_utils.teaching.grading import grade as grading
from course_utils.teaching.grading.needed import keep_needed
from course_utils.teaching.grading.submissions import Submission
from course_utils.teaching.notebooks import find_notebooks, read_notebook
from tests.grading import hostile
from tests.grading.hostile import ALL, HOSTILE, MARK, PORT

pytestmark = pytest.mark.skipif(
    os.environ.get("COURSE_NO_SANDBOX") == "1", reason="COURSE_NO_SANDBOX says that namespaces are forbidden here"
)
NAME = "01_kmeans_from_scratch.ipynb"


def short(nb):
    """A notebook with the imports and the exercises alone."""
    nb.cells = [cell for cell in nb.cells if "nbgrader" in cell.metadata or "lesson.start" in cell.source]
    return nb


@pytest.fixture(scope="session")
def master(tmp_path_factory):
    """The instructor's notebook, shortened, in a folder of its own."""
    path = tmp_path_factory.mktemp("instructor") / NAME
    nbformat.write(short(read_notebook(find_notebooks(["01"])[0])), path)
    return path


@pytest.fixture
def right():
    return short(hostile.correct())


def job_for(master, *hidden, **settings):
    return grading.prepare(master, hidden, **{"all_cells": True, "cell_seconds": 8, **settings})


@pytest.mark.parametrize("name", HOSTILE)
def test_no_submission_harms_anybody_or_gets_a_point_that_it_has_not_earned(name, master, right, tmp_path, monkeypatch):
    case = HOSTILE[name]
    monkeypatch.setattr(grading, "CALL_SECONDS", 4)
    submissions = tmp_path / "submissions"
    for student in ("ada", "ben"):
        (submissions / student).mkdir(parents=True)
    nbformat.write(right, submissions / "ben" / NAME)
    path = hostile.write(case, right, submissions / "ada", NAME)
    before = {p: p.read_bytes() for p in submissions.rglob("*") if p.is_file() and p.stat().st_size < 1 << 20}
    marks_before = _traces()
    job = replace(job_for(master, submissions), wall_seconds=60)
    run, cells = grading._run, []

    def keep_log(*arguments):
        outcome, lines = run(*arguments)
        cells.extend(line["message"] for line in lines if line["role"] == "student")
        return outcome, lines

    monkeypatch.setattr(grading, "_run", keep_log)
    with socket.create_server(("127.0.0.1", PORT), reuse_port=True) as listening:
        listening.settimeout(0)
        result = grading.grade_one(job, Submission("ada", path))
        with pytest.raises(BlockingIOError):
            listening.accept()
    points = {mark.grade_id: mark.points for mark in result.marks}
    assert not [text for text in (*cells, repr(result)) if "NameError: name '" in text], "a case that does nothing"
    assert {grade_id for grade_id in case.zero if points[grade_id]} == set(), result
    if case.rest == "full":
        assert {mark.grade_id for mark in result.marks if mark.points < mark.maximum} == set(case.zero), result
    if case.zero and case.kind == "input":
        assert result.remarks or any(mark.remark for mark in result.marks)
    seeds = [str(seed) for values in job.seeds.values() for seed in values]
    assert not any(seed in repr(result) for seed in seeds)
    assert {p: p.read_bytes() for p in before} == before
    assert _traces() == marks_before
    time.sleep(0.2)
    assert not [p.pid for p in psutil.process_iter() if _belongs_to_a_submission(p)]


def _traces():
    """Files that a hostile submission tries to leave."""
    folders = (Path.home(), Path(tempfile.gettempdir()), Path(grading.__file__).parents[2])
    return {path for folder in folders for path in folder.glob(f"*{MARK}*")}


def _belongs_to_a_submission(process):
    try:
        return MARK in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_every_exercise_may_be_right_or_wrong_by_itself(master, right, tmp_path):
    job = job_for(master)
    for grade_id in sorted(ALL):
        nb = hostile._answer(short(hostile.correct()), {grade_id: hostile.WRONG[grade_id]})
        path = tmp_path / f"{grade_id}.ipynb"
        nbformat.write(nb, path)
        result = grading.grade_one(job, Submission("ada", path))
        assert [mark.grade_id for mark in result.marks if mark.state != "passed"] == [grade_id]
        assert next(mark.remark for mark in result.marks if mark.grade_id == grade_id)


def test_a_function_that_no_cell_seems_to_define_is_looked_for_in_all(master, right, tmp_path):
    purity = hostile._cell(right, "01-purity")
    right.cells.insert(
        right.cells.index(purity),
        nbformat.v4.new_code_cell(
            "def other(labels, classes):\n"
            + indent(hostile._body(right, "01-purity"), "    ")
            + "\n\nvars()['pur' + 'ity'] = other"
        ),
    )
    purity.source = ""
    path = tmp_path / NAME
    nbformat.write(right, path)
    assert grading.grade_one(job_for(master, all_cells=False), Submission("ada", path)).points == 10


def test_the_cells_that_were_left_out_run_if_something_is_missing(master, right, tmp_path):
    path = tmp_path / NAME
    hidden_in_text = nbformat.v4.new_code_cell("vars()['SECRET' + 'LY'] = 1")
    nb = hostile._answer(right, {"01-purity": "SECRETLY\n" + hostile._body(right, "01-purity")})
    nb.cells.insert(1, hidden_in_text)
    nbformat.write(nb, path)
    result = grading.grade_one(job_for(master, all_cells=False), Submission("ada", path))
    assert result.points == 10, result


def test_what_a_student_s_cells_prepare_and_where_cells_were_split_does_not_change_a_mark(master, right, tmp_path):
    purity = hostile._cell(right, "01-purity")
    body = hostile._body(right, "01-purity")
    head = purity.source.split("\n")[0]
    half = nbformat.v4.new_code_cell("def half():\n    return SHARES[0] / 2", metadata=dict(purity.metadata))
    purity.source = f"{head}\n    assert half() == 1 and NUMBERS == [0, 1]\n" + indent(body, "    ")
    at = right.cells.index(purity)
    own = (
        "SHARES, NUMBERS = {}, []",
        "def fill(x):\n    x[0] = 2",
        "fill(SHARES)",
        "for i in (0, 1):\n    NUMBERS.append(i)",
    )
    right.cells[at:at] = [*map(nbformat.v4.new_code_cell, own), half]
    path = tmp_path / NAME
    nbformat.write(right, path)
    for all_cells in (False, True):
        result = grading.grade_one(job_for(master, all_cells=all_cells), Submission("ada", path))
        assert result.points == 10, result


def test_one_deadline_holds_for_a_submission_that_ends_its_kernel_again_and_again(master, right, tmp_path, monkeypatch):
    path = tmp_path / NAME
    nbformat.write(hostile._answer(right, dict.fromkeys(ALL, "import os\nos._exit(0)")), path)
    run, allowed = grading._run, []
    monkeypatch.setattr(grading, "_run", lambda job, nb: allowed.append(job.wall_seconds) or run(job, nb))
    result = grading.grade_one(replace(job_for(master), wall_seconds=90), Submission("ada", path))
    assert result.points == 0
    assert len(allowed) == 1 + len(ALL)
    assert sorted(allowed, reverse=True) == allowed
    assert allowed[-1] < 85


def test_cells_that_no_exercise_needs_are_left_out():
    sources = {
        "import numpy as np\nimport plots": "master",
        "helpers = {}": "student",
        "helpers['mean'] = lambda a: a.mean(axis=SIDE)": "student",
        "SIDE = 0\nunused = 1": "student",
        "plots.show(np.zeros(3))": "master",
        "for np_like in range(3):\n    pass": "master",
        "def f(x):\n    side = 3\n    return helpers['mean'](np.asarray(x))": "solution",
        "update = f  # what the check will find": "student",
        "": "check",
        "f([1])": "master",
    }
    cells = [
        nbformat.v4.new_code_cell(source, metadata={"course_cell": role, "grade_id": "01-update"})
        for source, role in sources.items()
    ]
    kept = keep_needed(nbformat.v4.new_notebook(cells=cells))
    kept = [cell.source for cell in kept.cells]
    assert kept == [list(sources)[i] for i in (0, 1, 2, 3, 6, 7, 8)]


@pytest.fixture
def small_class(right, tmp_path):
    """Six submissions: right, partly right, stub, broken, hostile, nothing."""
    folder = tmp_path / "submissions"
    variants = {
        "ada": right,
        "ben": hostile._answer(short(hostile.correct()), {"01-purity": "return 0.5"}),
        "cy": hostile._answer(short(hostile.correct()), {"01-converged": "import os\nos._exit(0)"}),
        "=di": hostile._answer(short(hostile.correct()), {"01-update": "while True:\n    pass"}),
    }
    for student, nb in variants.items():
        (folder / student).mkdir(parents=True)
        nbformat.write(nb, folder / student / NAME)
    (folder / "ed").mkdir()
    (folder / "fay.ipynb").write_text("<<<<<<< HEAD\n")
    return folder


def grade(master, submissions, out, *options):
    return CliRunner().invoke(
        cli.app, ["grade", str(master), str(submissions), "--out", str(out), "--cell-timeout", "8", *options]
    )


def marks_of(out):
    with open(out / "grades.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row["total"] for row in csv.DictReader(file)}


def test_a_class_gets_the_same_marks_whatever_the_order_and_the_number_of_workers(
    master, small_class, tmp_path, monkeypatch
):
    monkeypatch.setattr(grading, "CALL_SECONDS", 3)
    wanted = {"ada": "10", "ben": "8", "cy": "8", "'=di": "7", "ed": "0", "fay": "0"}
    texts = []
    for workers in ("1", "2", "3"):
        result = grade(master, small_class, tmp_path / f"out{workers}", "-j", workers)
        assert result.exit_code == 2, result.output
        assert marks_of(tmp_path / f"out{workers}") == wanted
        texts.append((tmp_path / f"out{workers}" / "grades.csv").read_bytes())
    assert texts[0] == texts[1] == texts[2]
    listed = json.loads((tmp_path / "out1" / "results.json").read_text())
    assert {entry["outcome"] for entry in listed if entry["student"] in ("ed", "fay")} == {"unreadable"}


def test_a_second_run_grades_only_what_has_changed(master, small_class, tmp_path, monkeypatch):
    graded = []
    real = grading.grade_one
    monkeypatch.setattr(grading, "CALL_SECONDS", 3)
    monkeypatch.setattr(
        grading, "grade_one", lambda job, submission: graded.append(submission.student) or real(job, submission)
    )
    grade(master, small_class, tmp_path / "out")
    assert sorted(graded) == ["=di", "ada", "ben", "cy", "ed", "fay", "instructor's notebook"]
    graded.clear()
    nbformat.write(short(hostile.correct()), small_class / "ben" / NAME)
    assert grade(master, small_class, tmp_path / "out").exit_code == 2
    assert graded == ["ben"]
    assert marks_of(tmp_path / "out")["ben"] == "10"


def test_a_check_that_has_been_mended_judges_everybody_anew(master, tmp_path, monkeypatch):
    package = tmp_path / "course_utils"
    shutil.copytree(grading._PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    keys = set()
    for text in ("", "# mended", "# mended"):
        (package / "checks" / "kmeans.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(grading, "_PACKAGE", package)
        grading.package_checksum.cache_clear()
        keys.add(job_for(master).key)
    assert len(keys) == 2


def test_working_folders_are_deleted_however_deep_and_locked():
    with grading._working_folder() as folder:
        deep = folder / "/".join(["d"] * 1500)
        subprocess.run(["mkdir", "-p", deep], check=True)
        (folder / "d" / "locked").mkdir()
        (folder / "d" / "locked" / "file").touch()
        (folder / "d" / "locked").chmod(0)
    assert not folder.exists()


def test_a_run_that_the_machine_broke_off_is_tried_again(master, right, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    folder.mkdir()
    nbformat.write(right, folder / "ada.ipynb")
    assert grade(master, folder, tmp_path / "out").exit_code == 0
    nbformat.write(short(hostile.correct()), folder / "ben.ipynb")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(grading, "_run", full)
        result = grade(master, folder, tmp_path / "out")
    assert result.exit_code == 2
    assert "ben: crashed" in result.output
    assert "No space left on device" in (tmp_path / "out" / "class.html").read_text(encoding="utf-8")
    assert grade(master, folder, tmp_path / "out").exit_code == 0
    assert marks_of(tmp_path / "out") == {"ada": "10", "ben": "10"}


def test_a_run_that_was_killed_goes_on_where_it_was(master, right, tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    for i in range(4):
        nbformat.write(right, folder / f"student{i}.ipynb")
    arguments = ["grade", str(master), str(folder), "--out", str(tmp_path / "out"), "--cell-timeout", "8", "-j", "1"]
    command = [sys.executable, "-m", "course_utils.cli", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = tmp_path / "out" / "state"
    deadline = time.monotonic() + 120
    while len(list(state.glob("*.json"))) < 3 and time.monotonic() < deadline:  # the instructor's, and two
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out" / "grades.csv").exists()
    stored = {path: path.stat().st_mtime_ns for path in state.glob("*.json")}
    assert len(stored) in (3, 4)
    assert grade(master, folder, tmp_path / "out").exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    assert marks_of(tmp_path / "out") == {f"student{i}": "10" for i in range(4)}


def test_a_broken_master_is_noticed_before_anybody_gets_a_mark(master, small_class, tmp_path):
    nb = read_notebook(master)
    hostile._answer(nb, {"01-purity": "### BEGIN SOLUTION\nreturn 0.5\n### END SOLUTION"})
    broken = tmp_path / NAME
    nbformat.write(nb, broken)
    result = grade(broken, small_class, tmp_path / "out")
    assert result.exit_code == 3
    assert "itself gets 8 of 10 points" in result.output
    assert not (tmp_path / "out" / "grades.csv").exists()


def test_bad_arguments_say_what_to_do(master, small_class, tmp_path):
    for submissions, out, words in (
        (tmp_path / "nowhere", tmp_path / "out", "is no folder"),
        (tmp_path / "empty", tmp_path / "out", "holds no submission"),
        (small_class, small_class / "marks", "lies among the submissions"),
        (small_class, master, "cannot be written"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        result = grade(master, submissions, out)
        assert result.exit_code == 4
        assert words in " ".join(result.output.split())


def test_without_a_sandbox_grading_is_refused_or_labelled(master, right, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    folder.mkdir()
    nbformat.write(right, folder / "ada.ipynb")
    monkeypatch.setattr(grading, "unavailable", lambda: "User namespaces are forbidden here.")
    refused = grade(master, folder, tmp_path / "out")
    assert refused.exit_code == 4
    assert "--no-sandbox" in refused.output
    assert grade(master, folder, tmp_path / "out", "--no-sandbox").exit_code == 0
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file))["sandboxed"] == "no"


def test_the_marks_of_another_notebook_are_not_overwritten(master, right, tmp_path):
    folder, out = tmp_path / "submissions", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    nbformat.write(right, folder / "ada.ipynb")
    (out / "results.json").write_text('[{"notebook": "02_elbow_method"}]')
    result = grade(master, folder, out)
    assert result.exit_code == 4
    assert "holds the marks of 02_elbow_method" in " ".join(result.output.split())
    assert (out / "results.json").read_text() == '[{"notebook": "02_elbow_method"}]'


def test_one_run_at_a_time_writes_to_a_folder(tmp_path):
    with (
        grading._locked(tmp_path / "out"),
        pytest.raises(ValueError, match="another run is writing"),
        grading._locked(tmp_path / "out"),
    ):
        pass


def test_a_thousand_submissions_are_found_and_listed(master, right, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    folder.mkdir()
    nbformat.write(right, folder / "ada.ipynb")
    for i in range(999):
        (folder / f"empty{i:03}.ipynb").write_bytes(b"")
    assert grade(master, folder, tmp_path / "out").exit_code == 2
    found = marks_of(tmp_path / "out")
    assert len(found) == 1000
    assert found.pop("ada") == "10"
    assert set(found.values()) == {"0"}


def test_a_full_disk_is_a_clear_error(master, right, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    folder.mkdir()
    nbformat.write(right, folder / "ada.ipynb")

    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(grading, "write_text", full)
    result = grade(master, folder, tmp_path / "out")
    assert result.exit_code == 4
    assert "No space left on device" in result.output
