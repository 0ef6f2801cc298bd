"""The made-up class is what its table says, as far as this can be told without running the grader."""

from __future__ import annotations

import ast
import json
from copy import deepcopy

import nbformat
import numpy as np
import pytest

from course_utils.checks import EXERCISES
from course_utils.checks.base import NOT_WRITTEN
from course_utils.teaching.demo import _MISTAKES, DEMO, answered, demo_class, solutions
from course_utils.teaching.notebooks import find_notebooks, read_notebook
from course_utils.teaching.release import STUB, student_version
from tests.grading.hostile import ALL, HOSTILE, Case, correct, table_of_seed_0, write

MASTER = find_notebooks(["01"])[0]
POINTS = {"01-update": 3, "01-converged": 2, "01-plusplus": 3, "01-purity": 2}
SEEDS = (0, 1, 20301)
UNREADABLE, OLD = "student-14", "student-16"
HARMLESS = [demo for demo in DEMO[:16] if demo.student != UNREADABLE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("class") / "submissions"
    demo_class(out)
    return out


@pytest.fixture(scope="module")
def master():
    return read_notebook(MASTER)


def _read(folder, student):
    return json.loads((folder / student / MASTER.name).read_bytes().decode("utf-8-sig"))


def _graded(nb):
    return [cell for cell in nb["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") in POINTS]


def _defined(nb, known):
    """Names after the student's own cells and solution cells ran; a cell that does not compile is left out."""
    namespace = {"np": np}
    for cell in nb["cells"]:
        own = cell.get("id", "").startswith("own-")
        solution = cell["metadata"].get("nbgrader", {}).get("grade_id") in POINTS
        assert own or solution or cell.get("id") in known or "id" not in cell
        if cell["cell_type"] == "code" and (own or solution):
            source = "".join(cell["source"])
            try:
                ast.parse(source)
            except SyntaxError:
                continue
            exec(source, namespace)
    return namespace


def _passes(namespace, grade_id, seed=0):
    exercise = EXERCISES[grade_id]
    return exercise.name in namespace and exercise.run(namespace[exercise.name], seed).passed


def test_twenty_submissions_in_folders_named_for_nobody(folder, tmp_path):
    paths = demo_class(tmp_path / "again")
    assert [path.parent.name for path in paths] == [demo.student for demo in DEMO]
    assert [demo.student for demo in DEMO] == [f"student-{n:02}" for n in range(1, 21)]
    assert {path.name for path in paths} == {MASTER.name}
    assert [path.read_bytes() for path in paths] == [(folder / d.student / MASTER.name).read_bytes() for d in DEMO]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"| {demo.student} | {demo.what} | {demo.points:g} |" in readme for demo in DEMO)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["README.md", *(d.student for d in DEMO)])


def test_the_points_to_expect_fit_the_instructor_s_notebook(master):
    cells = [cell.metadata.get("nbgrader", {}) for cell in master.cells]
    points = {cell.grade_id.removesuffix("-check"): cell.points for cell in cells if cell.get("grade")}
    assert points == POINTS
    assert [demo.points for demo in DEMO] == [10] * 4 + [5, 5, 6, 4] + [0] * 4 + [8, 0, 10, 10] + [8, 8, 8, 0]


def test_files_are_valid_or_broken_on_purpose(folder):
    for demo in DEMO:
        path = folder / demo.student / MASTER.name
        if demo.student == UNREADABLE:
            with pytest.raises(ValueError, match="Expecting value: line"):
                _read(folder, demo.student)
            with pytest.raises(ValueError, match="not a readable notebook"):
                read_notebook(path)
        elif demo.student == OLD:
            assert path.read_bytes().startswith(b"\xef\xbb\xbf")
            nb = nbformat.from_dict(_read(folder, demo.student))
            assert (nb.nbformat, nb.nbformat_minor) == (4, 4)
            nbformat.validate(nb)
        else:
            read_notebook(path)
    assert UNREADABLE not in [demo.student for demo in HARMLESS]


@pytest.mark.parametrize("demo", HARMLESS, ids=lambda demo: demo.student)
def test_the_points_are_those_of_the_checks(demo, folder, master):
    nb = _read(folder, demo.student)
    namespace = _defined(nb, {cell.id for cell in master.cells})
    for seed in SEEDS:
        assert sum(p for grade_id, p in POINTS.items() if _passes(namespace, grade_id, seed)) == demo.points


def test_every_submission_differs_in_its_own_way(folder):
    sources = ["\n".join("".join(cell["source"]) for cell in _graded(_read(folder, d.student))) for d in HARMLESS]
    assert len(set(sources[:13])) == 13
    assert sum(STUB in source for source in sources) == 4
    cheat = _read(folder, "student-20")
    checks = [cell for cell in cheat["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    assert all("".join(cell["source"]) == '# NBVAL_SKIP\nprint("ok")' for cell in checks)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("grade_id", "number"), [(g, n) for g, kinds in _MISTAKES.items() for n in range(len(kinds))])
def test_a_typical_mistake_fails_with_a_hint_of_its_check(grade_id, number, seed, master):
    nb = answered(student_version(master), {grade_id: _MISTAKES[grade_id][number][1]})
    (cell,) = (cell for cell in _graded(nb) if cell.metadata.nbgrader.grade_id == grade_id)
    namespace = {"np": np}
    exec(cell.source, namespace)
    verdict = EXERCISES[grade_id].run(namespace[EXERCISES[grade_id].name], seed)
    assert not verdict.passed
    assert NOT_WRITTEN not in verdict.message
    assert "stopped" not in verdict.message


def test_solutions_are_the_instructor_s(master):
    assert set(solutions(master)) == set(POINTS)
    assert not any("SOLUTION" in lines for lines in solutions(master).values())
    with pytest.raises(ValueError, match="holds no stub"):
        answered(master, solutions(master))


def test_a_folder_in_use_and_other_notebooks_are_refused(tmp_path):
    (tmp_path / "mine").write_text("a night of work")
    with pytest.raises(ValueError, match="is not empty: choose a new folder"):
        demo_class(tmp_path)
    with pytest.raises(ValueError, match="is a file: choose a new folder"):
        demo_class(tmp_path / "mine")
    with pytest.raises(ValueError, match=r"but 02_elbow_method\.ipynb has"):
        demo_class(tmp_path / "new", notebook="02")
    with pytest.raises(ValueError, match="fits 10 notebooks"):
        demo_class(tmp_path / "new", notebook="0")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


# --- hostile submissions are made, never run here --------------------------------------------------------------------


@pytest.mark.parametrize("case", HOSTILE.values(), ids=lambda case: case.name)
def test_a_hostile_case_is_made_from_a_correct_submission(case: Case, tmp_path):
    nb = correct()
    before = deepcopy(nb)
    if case.name == "file_of_200_mb":
        assert case.zero == ALL
        return
    path = write(case, nb, tmp_path, MASTER.name)
    assert nb == before
    assert path.stat().st_size >= 0
    assert case.kind in ("input", "cheat")
    assert case.zero <= ALL
    assert case.kind == "input" or case.zero == ALL
    assert case.make.__doc__
    assert sorted(case.files) == sorted(p.name for p in tmp_path.iterdir() if p != path)
    made = case.make(nb)
    if not isinstance(made, bytes):
        nbformat.validate(made)
        for cell in made.cells:
            if cell in _graded(made) or cell.id.startswith("own-"):
                ast.parse(cell.source.replace("!true", "pass"))


@pytest.mark.parametrize("case", [c for c in HOSTILE.values() if c.kind == "cheat"], ids=lambda case: case.name)
def test_a_cheat_s_answers_are_wrong_unless_it_saw_what_it_must_not_see(case: Case):
    made = case.make(correct())
    for seen in (True, False):
        namespace = {"np": np, "SEEN": seen, "watched": lambda seen=seen: seen, "wanted": lambda: None, "TABLE": {}}
        for cell in _graded(made):
            exec(cell.source, namespace)
        for grade_id in ALL:
            conditional = "SEEN" in namespace[EXERCISES[grade_id].name].__code__.co_names or "detects" in case.name
            assert _passes(namespace, grade_id) == (seen and conditional)


def test_the_table_of_seed_0_passes_that_seed_alone():
    made = table_of_seed_0(correct())
    namespace = {"np": np}
    for cell in made.cells:
        if cell.id.startswith("own-") or cell in _graded(made):
            exec(cell.source, namespace)
    for grade_id in ALL:
        assert _passes(namespace, grade_id, 0)
        assert not any(_passes(namespace, grade_id, seed) for seed in (1, 2, 20301))
