"""Student versions: no solution in them, every cell valid, and the first check says kindly what is missing."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from base64 import b64encode
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbgrader.utils import compute_checksum

from course_utils.teaching.notebooks import ASSERTION_TAG, code_cells, has_tag, read_notebook
from course_utils.teaching.publish import setup_cell
from course_utils.teaching.release import STUB, SolutionLeak, find_leaks, find_leaks_in_folder, release, student_version

ROOT = Path(__file__).parents[2]
MASTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))

every_master = pytest.mark.parametrize("master", MASTERS, ids=lambda path: path.stem)


def _graded(nb):
    return [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]


@every_master
def test_a_student_version_stops_at_the_first_stub_with_a_message_that_helps(master, tmp_path):
    (path,) = release([master], tmp_path / "out")
    nb = read_notebook(path)
    client = NotebookClient(nb, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(CellExecutionError):
        client.execute()
    failed = next(i for i, c in enumerate(nb.cells) if any(o.output_type == "error" for o in c.get("outputs", [])))
    assert nb.cells[failed] is _graded(nb)[0]
    (error,) = (output for output in nb.cells[failed].outputs if output.output_type == "error")
    message = "\n".join(error.traceback)
    assert error.ename == "CheckFailed"
    assert "is not written yet" in message
    assert "raise NotImplementedError" in message
    assert len(message.splitlines()) <= 3  # the message alone, no stack of the course's own lines


@every_master
def test_every_cell_of_a_student_version_is_valid_python(master):
    student = student_version(read_notebook(master))
    for cell in code_cells(student):
        ast.parse(TransformerManager().transform_cell(cell.source))


@every_master
def test_nothing_of_a_solution_remains(master):
    """Every line of every solution and hidden test, looked for in the whole file: sources, outputs, metadata."""
    nb = read_notebook(master)
    student = student_version(nb)
    text = json.dumps(student)
    secrets = 0
    for cell in code_cells(nb):
        for block in re.findall(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", cell.source, re.S):
            for line in map(str.strip, block.splitlines()):
                if len(line) >= 8 and cell.source.count(line) == 1:
                    secrets += 1
                    elsewhere = any(line in other.source for other in nb.cells if other is not cell)
                    assert elsewhere or json.dumps(line)[1:-1] not in text, line
    assert secrets >= 4
    assert find_leaks(nb, student) == []
    assert "seed=20" not in text
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text


@every_master
def test_outputs_are_cleared_checks_are_locked_stubs_are_open(master):
    nb = read_notebook(master)
    student = student_version(nb)
    kept = [cell for cell in nb.cells if not has_tag(cell, ASSERTION_TAG)]
    for before, cell in zip(kept, student.cells, strict=True):
        assert before.id == cell.id
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
        grading = cell.metadata.get("nbgrader")
        if grading and grading.solution:
            assert STUB in cell.source
            assert cell.source.split("\n")[:2] == before.source.split("\n")[:2]  # signature and docstring
            assert cell.metadata.get("editable", True)
        if grading and grading.grade:
            assert cell.metadata.editable is False
            assert cell.metadata.deletable is False
            assert grading.checksum == compute_checksum(cell)
            assert grading.points == before.metadata.nbgrader.points
        assert not any(tag.startswith("nbval") for tag in cell.metadata.get("tags", []))
    assert set(student.metadata.course) <= {"budget_seconds"}


def test_the_master_is_left_as_it_was():
    nb = read_notebook(MASTERS[1])
    before = deepcopy(nb)
    student_version(nb)
    assert nb == before


def test_the_students_repository_is_stamped_for_colab(tmp_path):
    (path,) = release([MASTERS[1]], tmp_path / "students", repo="https://github.com/somebody/course")
    nb = read_notebook(path)
    (setup,) = (cell for cell in nb.cells if has_tag(cell, "setup"))
    assert setup.source == setup_cell("https://github.com/somebody/course")
    assert "colab.research.google.com/github/somebody/course/blob/main/students/01_" in nb.cells[0].source


def test_nothing_is_overwritten_without_force(tmp_path):
    (path,) = release([MASTERS[0]], tmp_path)
    path.write_text("a student's night of work")
    with pytest.raises(ValueError, match="is there already: choose another folder"):
        release([MASTERS[0]], tmp_path)
    assert path.read_text() == "a student's night of work"
    release([MASTERS[0]], tmp_path, force=True)
    read_notebook(path)


def test_the_instructor_s_folder_is_refused():
    with pytest.raises(ValueError, match="holds the instructor's"):
        release([MASTERS[0]], MASTERS[0].parent, force=True)
    assert "BEGIN SOLUTION" in MASTERS[0].read_text(encoding="utf-8")


def test_all_or_nothing(tmp_path):
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    with pytest.raises(ValueError, match="not a readable notebook"):
        release([MASTERS[0], broken], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def _tiny(solution="    ### BEGIN SOLUTION\n    return 'a secret line'\n    ### END SOLUTION", extra=""):
    grading = {"schema_version": 3, "grade_id": "x", "grade": False, "solution": True, "locked": False, "task": False}
    cell = nbformat.v4.new_code_cell(f"def f():\n{solution}", metadata={"nbgrader": grading})
    return nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell(extra)])


def test_a_solution_repeated_in_metadata_is_a_leak(tmp_path):
    nb = _tiny()
    nb.metadata["note"] = "the answer: return 'a secret line'"
    nbformat.write(nb, tmp_path / "leaky.ipynb")
    with pytest.raises(SolutionLeak, match="a secret line"):
        release([tmp_path / "leaky.ipynb"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_a_solution_pasted_into_another_cell_is_a_leak(kind):
    nb = read_notebook(MASTERS[1])
    solution = next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    lines = solution.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
    nb.cells.append(getattr(nbformat.v4, f"new_{kind}_cell")(lines))
    assert find_leaks(nb, student_version(nb))


def test_a_solution_in_an_attachment_is_a_leak():
    nb = _tiny()
    text = b64encode(b"as a file: return 'a secret line'").decode()
    nb.cells[1].attachments = {"notes.txt": {"text/plain": text}}
    assert find_leaks(nb, student_version(nb)) == ["return 'a secret line'"]
    nb.cells[1].attachments["notes.txt"]["text/plain"] = "no base64, but return 'a secret line'"
    assert find_leaks(nb, student_version(nb)) == ["return 'a secret line'"]


def test_what_git_remembers_of_a_release_is_searched(tmp_path):
    master, out = tmp_path / "x.ipynb", tmp_path / "students"
    nbformat.write(_tiny(), master)
    release([master], out, repo="https://github.com/OWNER/NAME")
    assert find_leaks_in_folder([_tiny()], out) == []
    (out / "notes.txt").write_text("return 'a secret line'")
    assert find_leaks_in_folder([_tiny()], out) == ["notes.txt: return 'a secret line'"]

    def git(*arguments):
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(out), *who, *arguments], check=True, capture_output=True)

    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "first")
    git("rm", "notes.txt")
    git("commit", "-m", "second")
    assert find_leaks_in_folder([_tiny()], out) == ["notes.txt (in git): return 'a secret line'"]
    with pytest.raises(ValueError, match="is no folder"):
        find_leaks_in_folder([_tiny()], tmp_path / "nowhere")


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match="is a file: choose a folder"):
        release([MASTERS[0]], tmp_path / "out")


@pytest.mark.parametrize(
    "nb",
    [
        _tiny(solution="    ### BEGIN SOLUTON\n    return 1\n    ### END SOLUTION"),
        _tiny(solution="    ### BEGIN SOLUTION\n    return 1"),
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_tiny().cells[0].source)]),
        nbformat.v4.new_notebook(cells=[deepcopy(_tiny().cells[0]), deepcopy(_tiny().cells[0])]),
    ],
    ids=["misspelt", "no end", "a solution in an ordinary cell", "the same name twice"],
)
def test_broken_exercise_cells_are_named(nb):
    with pytest.raises(ValueError, match="broken exercise cells"):
        student_version(nb)


def test_with_an_address_the_release_holds_a_workflow_that_checks_each_notebook(tmp_path):
    out = tmp_path / "handed-out"
    release(MASTERS[:2], out, repo="https://example.org/staff/course")
    text = (out / ".github" / "workflows" / "check.yml").read_text()
    assert all(f'course check "{path.name}"' in text for path in MASTERS[:2])
    assert "https://example.org/staff/course" in text
    release(MASTERS[2:3], tmp_path / "without")
    assert not (tmp_path / "without" / ".github").exists()
