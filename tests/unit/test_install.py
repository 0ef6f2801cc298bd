"""Installed elsewhere: a wheel in an empty environment, and a notebook alone in Colab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _run(*command, cwd, **options):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COURSE_DATA", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, **OUTSIDE},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def empty_environment(tmp_path):
    """A new environment without course_utils, which finds the dependencies where they are installed already."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    dependencies = tmp_path / "dependencies"
    dependencies.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "course_utils" not in entry.name and entry.suffix != ".pth" and entry.name != "__pycache__":
            (dependencies / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    (packages / "dependencies.pth").write_text(str(dependencies))
    missing = subprocess.run([python, "-c", "import course_utils"], cwd=tmp_path, capture_output=True, check=False)
    assert missing.returncode != 0
    return python, packages


@pytest.fixture
def copied_course(tmp_path):
    """The course's files, without environment and caches, as a clone would have them."""
    copy = tmp_path / "course"
    ignore = shutil.ignore_patterns(".venv*", ".git", "cache", "__pycache__", ".*_cache", ".hypothesis", "scratch")
    shutil.copytree(ROOT, copy, ignore=ignore)
    return copy


def test_a_wheel_loads_every_built_in_dataset(empty_environment, copied_course, tmp_path):
    python, packages = empty_environment
    _run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--wheel-dir",
        tmp_path / "wheel",
        copied_course,
        cwd=tmp_path,
    )
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    shutil.rmtree(copied_course)
    _run(python, "-m", "pip", "install", "--no-deps", wheel, cwd=tmp_path)
    code = """
import course_utils
from course_utils import data
from course_utils.data.cache import cache_folder, dataset_state
from course_utils.data.catalog import read_catalog
assert course_utils.__file__.startswith(r"PACKAGES"), course_utils.__file__
for kind in data.POINT_KINDS: assert len(data.load_points(kind)[0]) == 300
for name in data.PHOTOS: assert data.load_photo(name).shape[2] == 3
assert data.load_digits()[0][0].shape == (8000, 28, 28, 1)
assert data.load_series("oven").is_anomaly.any()
assert {d.name for d in read_catalog().values() if d.built_in} == {"digits", "points", "photos", "sensors", "faces"}
assert "site-packages" not in str(cache_folder())
from course_utils.figure_texts import read_texts
assert {text.notebook[:2] for text in read_texts().values()} == {f"{i:02}" for i in range(11)}
print("all there")
"""
    assert _run(python, "-c", code.replace("PACKAGES", str(packages)), cwd=tmp_path).endswith("all there\n")
    command = python.parent / ("course.exe" if os.name == "nt" else "course")
    assert "mnist" in _run(command, "data", "list", cwd=tmp_path)
    assert len(_run(command, "paper", "01", "--seed", "1", "--out", "sheets", cwd=tmp_path).split()) == 3


@pytest.mark.skipif(shutil.which("git") is None, reason="Colab has git; a machine without it cannot play Colab")
def test_notebook_01_alone_in_colab(empty_environment, copied_course, tmp_path):
    """A stand-in google.colab, and a repository that is a git clone on this machine."""
    python, packages = empty_environment
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    _run(*git, "init", "--quiet", cwd=copied_course)
    _run(*git, "add", "--all", cwd=copied_course)
    _run(*git, "commit", "--quiet", "-m", "course", cwd=copied_course)

    (packages / "google").mkdir(exist_ok=True)
    (packages / "google" / "colab.py").write_text('"""A stand-in."""\n')
    (packages / "colab.pth").write_text("import google.colab\n")  # Colab's kernels have it imported from the start

    alone = tmp_path / "alone"
    alone.mkdir()
    code = f"""
import nbformat, sys
from nbclient import NotebookClient
sys.path.insert(0, {str(ROOT)!r})
from course_utils.teaching.publish import stamp
from course_utils.teaching.notebooks import read_notebook
from pathlib import Path
nb = read_notebook(Path({str(ROOT / "notebooks" / "01_kmeans_from_scratch.ipynb")!r}))
stamp(nb, {copied_course.as_uri()!r}, "01_kmeans_from_scratch.ipynb")
del sys.path[0]
nb.cells.append(nbformat.v4.new_code_cell(
    "import course_utils, numpy; print(course_utils.__file__); print(numpy.__file__); print(lesson.in_colab())"))
NotebookClient(nb, timeout=600, kernel_name="python3", resources={{"metadata": {{"path": {str(alone)!r}}}}}).execute()
print(nb.cells[-1].outputs[0].text)
"""
    course_file, numpy_file, colab = _run(python, "-c", code, cwd=alone).strip().splitlines()[-3:]
    assert Path(course_file).is_relative_to(packages)
    assert not Path(numpy_file).is_relative_to(packages)  # the NumPy that was there is the NumPy that is there
    assert colab == "True"
    assert list(alone.iterdir()) == []


def test_an_unpublished_notebook_says_in_colab_what_to_do():
    from course_utils.teaching.publish import setup_cell

    code = setup_cell("").replace("    %pip", "    pass  # %pip")
    fake = f"import sys, types; sys.modules['google.colab'] = types.ModuleType('colab')\n{code}"
    done = subprocess.run([sys.executable, "-c", fake], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "ask your lecturer" in done.stderr
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (elsewhere.returncode, elsewhere.stdout, elsewhere.stderr) == (0, "", "")
