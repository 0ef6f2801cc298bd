"""Set-up: the lock, pyproject, environment.yml and README agree, and an interrupted make is begun again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from course_utils import __version__
from course_utils.teaching.notebooks import read_notebook

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def _direct() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(text) for text in [*PROJECT["dependencies"], *(text for extra in extras for text in extra)]]


def _pinned() -> dict[str, list[str]]:
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK, re.M):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def test_every_dependency_is_locked_within_its_bounds_for_every_platform():
    pins = _pinned()
    for requirement in _direct():
        versions = pins[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_the_lock_holds_hashes_and_no_index():
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.M)[1:]
    assert len(entries) > 100
    for entry in entries:
        assert "--hash=sha256:" in entry, entry[:60]
    assert "://" not in LOCK
    assert "index-url" not in LOCK


def test_conda_installs_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--requirement requirements.lock"]
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    python = next(entry for entry in conda if entry.startswith("python="))
    assert python.removeprefix("python=") in ("3.11", "3.12", "3.13")
    assert set(conda) == {python, "pip"}


def test_lower_bounds_admit_what_colab_ships():
    ships = {"tensorflow": "2.19.0", "keras": "3.10.0", "numpy": "2.0.2", "scikit-learn": "1.6.1", "pandas": "2.2.2"}
    by_name = {requirement.name: requirement for requirement in _direct()}
    for name, version in ships.items():
        assert by_name[name].specifier.contains(version)
    assert "tensorflow-cpu" not in by_name


def test_one_version():
    assert Version(__version__)
    assert "version" in PROJECT["dynamic"]


def test_the_readme_s_table_matches_the_notebooks():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d\d · .+?)\]\((notebooks/\S+)\) \| (.+?) \| (\d+) s \| (.+?) \|$", readme, re.M)
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert [target for _, target, *_ in rows] == [f"notebooks/{path.name}" for path in notebooks]
    for (title, _, question, seconds, outcomes), path in zip(rows, notebooks, strict=True):
        nb = read_notebook(path)
        first = nb.cells[0].source
        assert first.startswith(f"# {title}\n")
        assert f"**{question}**" in first
        measured = nb.metadata.course.seconds
        assert 0.5 * measured <= int(seconds) <= 2 * measured + 5
        assert len(outcomes) > 20


def test_the_readme_names_only_targets_and_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", readme):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for command in set(re.findall(r"`course ([a-z]+)", readme)):
        done = subprocess.run(
            [sys.executable, "-m", "course_utils.cli", command, "--help"], capture_output=True, check=False
        )
        assert done.returncode == 0, command


def test_ci_runs_the_readme_s_command():
    readme, ci = (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake test\n" in ci
    assert "make test" in readme
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    assert "bash .ci/run" in [step.get("run") for step in workflow["jobs"]["make"]["steps"]]
    matrix = workflow["jobs"]["make"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not part of Windows")
def test_an_interrupted_setup_is_begun_again(tmp_path):
    """A stand-in Python whose first installation is killed half-way: the next make does not take it for done."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    log = tmp_path / "log"
    stand_in = tmp_path / "python"
    stand_in.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {log}\n'
        'if [ "$1 $2" = "-m venv" ]; then rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi\n'
        'case "$*" in *requirements.lock*) if [ -e fail ]; then kill -9 $PPID; exit 1; fi;; esac\n'
    )
    stand_in.chmod(0o755)
    environment = {**os.environ, "MAKEFLAGS": ""}

    def make():
        return subprocess.run(
            ["make", "setup", f"PYTHON={stand_in}"], cwd=tmp_path, env=environment, capture_output=True, check=False
        ).returncode

    (tmp_path / "fail").touch()
    assert make() != 0
    assert not (tmp_path / ".venv" / ".installed").exists()
    (tmp_path / "fail").unlink()
    log.unlink()
    assert make() == 0
    assert "-m venv --clear .venv" in log.read_text()
    assert (tmp_path / ".venv" / ".installed").exists()
    log.unlink()
    assert make() == 0
    assert not log.exists()  # nothing left to do


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not part of Windows")
def test_a_python_too_old_or_too_new_is_refused(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    stand_in = tmp_path / "python"
    script = "import sys; sys.version_info = (3, 10, 1); exec(sys.argv[1])"
    stand_in.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{script}' \"$2\"\n")
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", f"PYTHON={stand_in}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "This is Python 3.10, the course wants 3.11, 3.12 or 3.13" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_style_is_clean():
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_no_file_holds_an_index_host():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in files or ["pyproject.toml", "requirements.lock", "environment.yml", "Makefile", ".ci/run"]:
        path = ROOT / name
        if path.suffix in (".toml", ".lock", ".yml", ".md", "") and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?<!no-emit-)index-url", text), name
            assert "pypi.org" not in text
