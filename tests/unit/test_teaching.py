"""Running, publishing, the doctor and the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from course_utils import doctor
from course_utils.cli import app
from course_utils.teaching import notebooks
from course_utils.teaching.notebooks import find_notebooks, read_notebook, source_hash, write_notebook
from course_utils.teaching.publish import check_repo, publish, published_repo, setup_cell
from course_utils.teaching.run import RunResult, run_notebook, summary

ROOT = Path(__file__).parents[2]


def _invoke(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def _write(path, *sources, budget=30):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"course": {"budget_seconds": budget}})
    nbformat.write(nb, path)
    return path


# --- running ---------------------------------------------------------------------------------------------------------


def test_a_run_that_is_saved_stores_outputs_seconds_and_the_hash_of_its_sources(tmp_path):
    path = _write(tmp_path / "a.ipynb", "x = 20", "print(x + 1)\nprint('once more')")
    result = run_notebook(path, save=True)
    assert not result.failure
    nb = read_notebook(path)
    assert [output.text for output in nb.cells[1].outputs] == ["21\nonce more\n"]
    assert nb.metadata.course.sources == source_hash(nb)
    assert nb.metadata.course.seconds == pytest.approx(result.seconds, abs=0.1)
    assert nb.metadata.course.budget_seconds == 30
    first = path.read_bytes()
    run_notebook(path, save=True)
    again = read_notebook(path)
    assert [cell.outputs for cell in again.cells] == [cell.outputs for cell in nb.cells]
    assert first.count(b"\n") == path.read_bytes().count(b"\n")


def test_a_run_that_is_not_saved_leaves_the_file_alone(tmp_path):
    path = _write(tmp_path / "a.ipynb", "print(1)")
    before = path.read_bytes()
    run_notebook(path)
    assert path.read_bytes() == before


def test_a_failing_cell_is_reported_and_nothing_is_saved(tmp_path):
    path = _write(tmp_path / "a.ipynb", "print(1)", "1 / 0")
    before = path.read_bytes()
    result = run_notebook(path, save=True)
    assert "ZeroDivisionError" in result.failure
    assert path.read_bytes() == before


def test_outputs_without_real_data_are_not_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "empty"))
    code = "from course_utils.data import load_digits\n(x, _), _ = load_digits('mnist', fallback=True)"
    path = _write(tmp_path / "a.ipynb", code)
    before = path.read_bytes()
    result = run_notebook(path, save=True)
    assert "real data could not be had" in result.failure
    assert path.read_bytes() == before
    assert "built-in data in place of real data" in summary([run_notebook(path)])


def test_a_dead_kernel_is_reported(tmp_path):
    result = run_notebook(_write(tmp_path / "a.ipynb", "import os; os._exit(1)"))
    assert "kernel" in result.failure.lower()


def test_the_summary_tells_failed_from_slow_from_fine():
    text = summary([RunResult("a", 5, 30), RunResult("b", 40, 30), RunResult("c", 5, 30, "boom")])
    assert [line.split()[-1] for line in text.splitlines()[1:4]] == ["ok", "budget", "failed"]
    assert text.splitlines()[-1].endswith("0.8 min")


def test_course_run_has_exit_codes(tmp_path):
    good, bad = _write(tmp_path / "good.ipynb", "1"), _write(tmp_path / "bad.ipynb", "1 / 0")
    slow = _write(tmp_path / "slow.ipynb", "1", budget=0.001)
    assert _invoke("run", good).exit_code == 0
    result = _invoke("run", bad, good)
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.output
    assert _invoke("run", slow).exit_code == 1
    result = _invoke("run", "77")
    assert result.exit_code == 2
    assert "no notebook '77'" in result.output
    assert "01_kmeans_from_scratch" in result.output


def test_notebooks_are_found_by_number_name_or_path(tmp_path, monkeypatch):
    assert [path.name[:2] for path in find_notebooks(["01", "03_color"])] == ["01", "03"]
    assert find_notebooks() == sorted((ROOT / "notebooks").glob("*.ipynb"))
    elsewhere = _write(tmp_path / "mine.ipynb", "1")
    assert find_notebooks([str(elsewhere)]) == [elsewhere]
    monkeypatch.setattr(notebooks, "COURSE_ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="run this from the course's folder"):
        find_notebooks()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', "\xff"])
def test_what_is_no_notebook_is_named(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=r"x\.ipynb is not a readable notebook"):
        read_notebook(path)


def test_a_write_that_fails_leaves_the_old_file_and_no_scraps(tmp_path, monkeypatch):
    path = _write(tmp_path / "a.ipynb", "print('old')")
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_notebook(read_notebook(path), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.ipynb"]


def test_the_hash_sees_code_and_only_code(tmp_path):
    nb = read_notebook(_write(tmp_path / "a.ipynb", "x = 1", "y = 2"))
    before = source_hash(nb)
    nb.cells.insert(0, nbformat.v4.new_markdown_cell("# A title"))
    nb.cells[1].execution_count = 5
    assert source_hash(nb) == before
    nb.cells[1].source = "x = 3"
    assert source_hash(nb) != before


# --- publishing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in sorted((ROOT / "notebooks").glob("0[01]_*.ipynb")):
        shutil.copy(path, tmp_path / "notebooks")
    return tmp_path


def test_publishing_stamps_pyproject_cells_and_badges_and_keeps_outputs_fresh(course):
    repo = "https://github.com/somebody/some-course"
    changed = publish(repo + "/", course)
    assert published_repo(course) == repo
    assert {path.name for path in changed} == {"pyproject.toml", *(p.name for p in (course / "notebooks").iterdir())}
    for path in (course / "notebooks").iterdir():
        nb = read_notebook(path)
        assert nb.cells[1].source == setup_cell(repo)
        badge = f"https://colab.research.google.com/github/somebody/some-course/blob/main/notebooks/{path.name}"
        assert nb.cells[0].source.count(badge) == 1
        assert nb.metadata.course.sources == source_hash(nb)
    assert publish(repo, course) == []
    publish("https://github.com/other/place", course)
    assert "somebody" not in (course / "notebooks" / "01_kmeans_from_scratch.ipynb").read_text(encoding="utf-8")


def test_only_the_lines_that_hold_the_address_change(course):
    before = (course / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    publish("https://github.com/somebody/some-course", course)
    after = (course / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == ['Repository = "https://github.com/somebody/some-course"']
    assert [line for line in before if line not in after] == []


def test_a_repository_elsewhere_gets_no_badge_since_colab_opens_github_only(course):
    publish("https://gitlab.com/somebody/some-course", course)
    nb = read_notebook(course / "notebooks" / "00_start_here.ipynb")
    assert "colab.research" not in nb.cells[0].source
    assert "gitlab.com" in nb.cells[1].source


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "github.com/a/b",
        "https://",
        'https://github.com/a/"b',
        "not a url",
        "ftp://x/y",
        "https://github.com/onlyowner",
        "https://github.com/a/b/tree/main",
    ],
)
def test_a_bad_address_is_named_and_nothing_is_written(course, repo):
    before = (course / "pyproject.toml").read_bytes()
    with pytest.raises(ValueError, match="is not the address of a git repository"):
        publish(repo, course)
    assert (course / "pyproject.toml").read_bytes() == before


def test_git_hosts_of_all_kinds_are_addresses():
    assert check_repo("https://www.github.com/a/b/") == "https://github.com/a/b"
    for repo in ("https://git.example.org/a/b.git", "ssh://git@example.org/a/b", "file:///srv/course"):
        assert check_repo(repo) == repo


# --- the doctor ------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_this_machine_well():
    findings = doctor.examine()
    assert all(finding.state in doctor.MARKS for finding in findings)
    assert not [finding for finding in findings if finding.state == "problem"]
    assert doctor.report(findings).endswith("Everything is in place.")


def test_the_doctor_starts_tensorflow_when_asked():
    (finding,) = doctor._tensorflow()
    assert finding.state == "ok"
    assert "TensorFlow" in finding.what


def test_the_doctor_names_what_is_missing(monkeypatch, tmp_path):
    real_version = doctor.importlib.metadata.version

    def version(name):
        if name == "pooch":
            raise doctor.importlib.metadata.PackageNotFoundError(name)
        return "1.26.4" if name == "numpy" else real_version(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.9.1")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    text = doctor.report(doctor.examine())
    assert "Python 3.9.1, the course wants" in text
    assert "pooch is missing" in text
    assert "numpy 1.26.4 does not fit >=2.0" in text
    assert "is a file, the cache wants a folder" in text
    assert text.count("->") >= 3
    assert text.endswith("3 to fix, see the arrows above.")


def test_the_doctor_explains_a_tensorflow_that_crashes(monkeypatch):
    class Crashed:
        returncode, stdout, stderr = -4, "", ""

    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: Crashed)
    (finding,) = doctor._tensorflow()
    assert finding.state == "problem"
    assert "AVX" in finding.advice


# --- the command line ------------------------------------------------------------------------------------------------


def test_help_reads_well():
    text = _invoke("--help").output
    for command in ("run", "doctor", "release", "publish", "data"):
        assert command in text
        assert _invoke(command, "--help").exit_code == 0
    assert _invoke("--version").output.startswith("course 0.")


def test_data_list_and_verify(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    listed = _invoke("data", "list").output
    assert "built in" in listed
    assert "missing" in listed
    assert "CC BY-SA 3.0" in listed
    assert _invoke("data", "verify").exit_code == 0
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "mnist.npz").write_bytes(b"half")
    result = _invoke("data", "verify")
    assert result.exit_code == 1
    assert "damaged    mnist/mnist.npz" in result.output


def test_data_fetch_without_network_is_an_answer_not_a_stack(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    result = _invoke("data", "fetch", "mnist")
    assert result.exit_code == 2
    assert "cannot be had" in result.output
    assert "Traceback" not in result.output
    assert _invoke("data", "fetch", "nothing").exit_code == 2
    assert _invoke("data", "fetch", "points").exit_code == 0
    result = _invoke("data", "fetch", "mnist", "points")
    assert result.exit_code == 2
    assert "points is built in" in result.output  # one that fails does not stop the others


def test_release_and_publish_answer_bad_input_with_a_sentence(tmp_path):
    result = _invoke("release", "99", "--out", tmp_path)
    assert result.exit_code == 2
    assert "no notebook '99'" in result.output
    result = _invoke("publish", "--repo", "nowhere")
    assert result.exit_code == 2
    assert "is not the address" in result.output
    result = _invoke("release", "00", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert (tmp_path / "out" / "00_start_here.ipynb").is_file()
