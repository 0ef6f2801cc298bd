"""Finding, reading and laying over submissions: lenient with people, exact about what counts."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest

from course_utils.teaching.grading.submissions import (
    UnreadableError,
    exercises,
    find_submissions,
    lay_on_master,
    read_submission,
)
from course_utils.teaching.notebooks import find_notebooks, read_notebook
from course_utils.teaching.release import release, student_version

MASTER = read_notebook(find_notebooks(["01"])[0])


@pytest.fixture
def student():
    return student_version(deepcopy(MASTER))


def write(path, nb):
    path.write_text(nb if isinstance(nb, str) else nbformat.writes(nb), encoding="utf-8")
    return path


def solve(nb, grade_id, source):
    cell = next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
    cell.source = source
    return cell


def laid(path):
    nb, remarks = lay_on_master(MASTER, read_submission(path)[0])
    return (
        {cell.metadata.grade_id: cell.source for cell in nb.cells if cell.metadata.course_cell == "solution"},
        nb,
        remarks,
    )


def test_the_exercises_of_the_master_are_known_with_their_points():
    found = exercises(MASTER)
    assert [exercise.grade_id for exercise in found] == ["01-update", "01-converged", "01-plusplus", "01-purity"]
    assert sum(exercise.maximum for exercise in found) == 10
    assert found[0].title == "Exercise 1 · Move the centroids"


def test_submissions_are_folders_or_files(tmp_path, student):
    (tmp_path / "ada" / "deep").mkdir(parents=True)
    write(tmp_path / "ada" / "deep" / "01_kmeans_from_scratch.ipynb", student)
    (tmp_path / "ada" / ".ipynb_checkpoints").mkdir()
    write(tmp_path / "ada" / ".ipynb_checkpoints" / "01_kmeans_from_scratch.ipynb", "old")
    write(tmp_path / "ben.ipynb", student)
    (tmp_path / "cy").mkdir()
    (tmp_path / "di").mkdir()
    for name in ("mine.ipynb", "01_kmeans_from_scratch.ipynb"):
        write(tmp_path / "di" / name, student)
    (tmp_path / "ed").mkdir()
    write(tmp_path / "ed" / "homework.ipynb", student)
    (tmp_path / "fay").symlink_to("/etc")
    (tmp_path / "notes.txt").write_text("not a submission")
    os.mkfifo(tmp_path / "gus.ipynb")
    write(tmp_path / "di.ipynb", student)
    found = {s.student: s for s in find_submissions(tmp_path, "01_kmeans_from_scratch.ipynb")}
    assert sorted(found) == ["ada", "ben", "cy", "di", "di.ipynb", "ed", "fay", "gus"]
    assert found["ada"].path.parent.name == "deep"
    assert found["cy"].path is None
    assert "no notebook" in found["cy"].remark
    assert (found["di"].path.name, found["di"].remark) == ("01_kmeans_from_scratch.ipynb", "")
    assert "called homework.ipynb" in found["ed"].remark
    assert found["fay"].path is None
    assert "not followed" in found["fay"].remark
    assert "a folder di as well" in found["di.ipynb"].remark
    assert (found["gus"].path, found["gus"].remark) == (None, "This is no file.")


def test_a_folder_that_cannot_be_read_is_told_from_an_empty_one(tmp_path, student, monkeypatch):
    for name in ("ada", "ben"):
        (tmp_path / name / "deep").mkdir(parents=True)
        write(tmp_path / name / "deep" / "01.ipynb", student)
    scandir = os.scandir

    def refuse(place):
        if Path(place) == tmp_path / "ada" / "deep":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    ada, ben = find_submissions(tmp_path, "01.ipynb")
    assert (ada.path, ada.remark) == (None, "The folder cannot be read (Permission denied).")
    assert ben.path is not None
    monkeypatch.setattr(Path, "iterdir", lambda self: refuse(tmp_path / "ada" / "deep"))
    with pytest.raises(ValueError, match="Permission denied"):
        find_submissions(tmp_path, "01.ipynb")


def test_a_folder_without_submissions_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no submission"):
        find_submissions(tmp_path, "01.ipynb")
    with pytest.raises(ValueError, match="is no folder"):
        find_submissions(tmp_path / "nowhere", "01.ipynb")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"{", "no valid JSON"),
        (b'{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> other\n]}', "markers of a merge conflict"),
        (b"[" * 100_000, "no valid JSON"),
        (b"[]", "no notebook"),
        (b'{"a": 1}', "no cells"),
        (b'{"nbformat": 3, "worksheets": 5}', "old format"),
    ],
)
def test_what_is_no_notebook_is_called_so(tmp_path, content, words):
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=words):
        read_submission(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "x.ipynb"
    with open(path, "wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(UnreadableError, match="210 MB; up to 21 MB"):
        read_submission(path)


def test_damaged_cells_and_byte_order_marks_are_put_up_with(tmp_path, student):
    content = json.loads(nbformat.writes(student))
    content["cells"] += [None, 5, {"cell_type": "code", "source": None}, {"source": ["a", 1]}, {"metadata": []}]
    for cell in content["cells"]:
        if isinstance(cell, dict):
            cell.pop("id", None)
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode())
    nb, remarks = read_submission(path)
    assert "byte-order mark" in remarks[0]
    _, remarks = lay_on_master(MASTER, nb)
    assert remarks == []


def test_solutions_go_into_their_places_and_extra_cells_stay(tmp_path, student):
    solve(student, "01-update", "def update(): return 1")
    index = next(
        i for i, c in enumerate(student.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == "01-update"
    )
    student.cells.insert(index, nbformat.v4.new_code_cell("helper = 1"))
    solutions, nb, remarks = laid(write(tmp_path / "x.ipynb", student))
    assert remarks == []
    assert solutions["01-update"] == "def update(): return 1"
    assert "NotImplementedError" in solutions["01-purity"]
    roles = [(cell.metadata.course_cell, cell.source) for cell in nb.cells]
    assert roles.index(("student", "helper = 1")) < roles.index(("solution", "def update(): return 1"))
    originals = [cell.source for cell in MASTER.cells if cell.cell_type == "code" and "nbgrader" not in cell.metadata]
    assert [source for role, source in roles if role == "master"] == originals


def test_no_solution_of_the_master_gets_into_a_submission(tmp_path, student):
    student.cells = [nbformat.v4.new_code_cell("def purity(labels, classes):\n    return 1")]
    solutions, nb, remarks = laid(write(tmp_path / "x.ipynb", student))
    assert set(solutions.values()) == {""}
    assert not any("BEGIN SOLUTION" in cell.source or "HIDDEN" in cell.source for cell in nb.cells)
    assert remarks == [
        "Cells have lost their names, as in some editors; found by their functions: 01-purity.",
        "Cells of exercises are missing: 01-update, 01-converged, 01-plusplus.",
    ]


def test_another_notebook_is_called_so(tmp_path):
    for cells in ([], [nbformat.v4.new_code_cell("x = 1")], read_notebook(find_notebooks(["02"])[0]).cells):
        path = write(tmp_path / "x.ipynb", nbformat.v4.new_notebook(cells=cells))
        with pytest.raises(UnreadableError, match="another notebook"):
            laid(path)


def test_edited_cells_are_reported_and_what_was_added_is_kept(tmp_path, student):
    solve(student, "01-update-check", "print('ok')")
    given = next(c for c in student.cells if c.cell_type == "code" and "def assign(" in c.source)
    given.source += "\n\n%matplotlib inline\ndef helper(x):\n    return x\n\nassign = None\nfactor = 2\nprint(factor)"
    _, nb, remarks = laid(write(tmp_path / "x.ipynb", student))
    assert remarks == [
        "Check cells were edited (01-update-check); the exercises were checked as released.",
        f"Given cells were edited ({given.id}); they ran as released.",
    ]
    added = [cell.source for cell in nb.cells if cell.metadata.course_cell == "student"]
    assert added == ["def helper(x):\n    return x", "factor = 2"]


@pytest.mark.parametrize("repo", ["", "https://github.com/OWNER/NAME"])
def test_a_student_version_as_released_has_no_remarks(tmp_path, repo):
    release(find_notebooks(["01"]), tmp_path / "students", repo=repo)
    _, _, remarks = laid(tmp_path / "students" / "01_kmeans_from_scratch.ipynb")
    assert remarks == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("from course_utils.clustering import update", "01-update (update)"),
        ("import course_utils.clustering as c\ndef update(*a): return c.update(*a)", "01-update (c)"),
        ("def update(*a):\n    return KMeans(2)", "01-update (KMeans)"),
        ("%time\nfrom course_utils.clustering import update", "01-update (update)"),
    ],
)
def test_answers_by_the_course_s_own_package_are_reported(tmp_path, student, source, words):
    student.cells.insert(3, nbformat.v4.new_code_cell("from course_utils.clustering import KMeans"))
    solve(student, "01-update", source)
    assert laid(write(tmp_path / "x.ipynb", student))[2] == [
        f"The course's own package answers for the student? {words}."
    ]


def test_of_several_notebooks_the_one_with_most_answers_counts_and_a_group_is_not_one_student(tmp_path, student):
    name = "01_kmeans_from_scratch.ipynb"
    for folder in ("ada", "group/maria", "group/noel", "ben/old"):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder / name, student)
    solve(student, "01-update", "def update(): return 1")
    write(tmp_path / "ada" / "01_kmeans_from_scratch (1).ipynb", student)
    write(tmp_path / "ben" / name, student)
    write(tmp_path / "ben" / "02_elbow_method.ipynb", student)
    (tmp_path / "cy.zip").write_bytes(b"PK")
    for unpacked in ("ben.zip", "ben.tar.gz"):
        (tmp_path / unpacked).write_bytes(b"PK")
    (tmp_path / "di").mkdir()
    (tmp_path / "di" / "01.ipynb.txt").write_text("{}")
    ada, ben, cy, di, group = find_submissions(tmp_path, name)
    assert ada.path.name == "01_kmeans_from_scratch (1).ipynb"
    assert "There are 2 notebooks" in ada.remark
    assert ben.path == tmp_path / "ben" / name
    assert (cy.student, cy.path, cy.remark) == ("cy", None, "cy.zip is an archive: unpack it.")
    assert di.remark == "The folder holds no notebook, but 01.ipynb.txt."
    assert group.path is None
    assert "maria, noel" in group.remark


def test_checks_tags_and_markers_of_the_student_do_not_count(tmp_path, student):
    cell = solve(student, "01-update", "# NBVAL_SKIP\ndef update(): return 1")
    cell.metadata.tags = ["raises-exception", "nbval-skip"]
    solve(student, "01-update-check", "print('ok')")
    solutions, nb, _ = laid(write(tmp_path / "x.ipynb", student))
    assert "NBVAL" not in solutions["01-update"]
    assert not any(cell.metadata.get("tags") for cell in nb.cells)
    assert [cell.source for cell in nb.cells if cell.metadata.course_cell == "check"] == [""] * 4


def test_a_duplicated_cell_is_reported_and_the_written_one_counts(tmp_path, student):
    stub = deepcopy(next(c for c in student.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "01-update"))
    student.cells.insert(0, stub)
    solve(student, "01-update", "def update(): return 0  # raise NotImplementedError")
    student.cells[-1:] = [student.cells[-1], deepcopy(stub)]
    student.cells[-1].source = "def update(): return 1"
    solutions, _, remarks = laid(write(tmp_path / "x.ipynb", student))
    assert "01-update is there 3 times" in " ".join(remarks)
    assert solutions["01-update"] == "def update(): return 1"


def test_imports_that_the_student_added_to_a_cell_are_kept(tmp_path, student):
    cell = next(cell for cell in student.cells if "import numpy as np" in cell.source)
    cell.source += "\n%matplotlib inline\nfrom scipy import stats\nprint(1 / 0)"
    _, nb, _ = laid(write(tmp_path / "x.ipynb", student))
    added = [cell.source for cell in nb.cells if cell.metadata.course_cell == "student"]
    assert added == ["from scipy import stats"]


def test_a_huge_cell_is_left_out(tmp_path, student):
    student.cells.append(nbformat.v4.new_code_cell("x = '" + "a" * 2_000_000 + "'"))
    _, nb, remarks = laid(write(tmp_path / "x.ipynb", student))
    assert "2,000,006 characters was left out" in remarks[0]
    assert max(len(cell.source) for cell in nb.cells) < 1_000_000
