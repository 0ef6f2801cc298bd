"""A made-up class of twenty submissions of notebook 01: to try the grading out, and to show what it finds.

Four are right, four partly right, four hold a typical mistake in every exercise, four are broken files, and four are
hostile. Do not run the hostile ones outside of the grader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import indent

import nbformat
from nbformat import NotebookNode

from course_utils.teaching.notebooks import find_notebooks, read_notebook, write_notebook, write_text
from course_utils.teaching.release import STUB, student_version

_POINTS = {"01-update": 3, "01-converged": 2, "01-plusplus": 3, "01-purity": 2}
_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class Demo:
    """One submission of the made-up class.

    Attributes
    ----------
    student : name of its folder
    what : what it is, in a sentence
    points : what it should get, of 10; None where several results are right
    """

    student: str
    what: str
    points: float | None


def demo_class(out: Path, *, notebook: str = "01") -> list[Path]:
    """Write the made-up class: ``out/<student>/<notebook>``, and a table of what to expect in ``out/README.md``.

    Parameters
    ----------
    out : an empty folder, made if need be
    notebook : path of the instructor's notebook 01, or the beginning of its name

    Returns
    -------
    list of the twenty submissions, in the order of `DEMO`

    Raises
    ------
    ValueError
        If `out` holds something already or is a file, or the notebook is not notebook 01. Nothing is written then.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: choose a new folder for the made-up class.")
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: choose a new folder for the made-up class.")
    master_path, *others = find_notebooks([notebook])
    if others:
        raise ValueError(f"{notebook!r} fits {len(others) + 1} notebooks: expected one, so name notebook 01.")
    master = read_notebook(master_path)
    right = solutions(master)
    if set(right) != set(_POINTS):
        raise ValueError(
            f"the made-up class answers the exercises {', '.join(_POINTS)}, but {master_path.name} has "
            f"{', '.join(right) or 'none'}: name the instructor's notebook 01."
        )
    stubs = student_version(master)
    made = [make(stubs, right) for make in _MAKERS]
    paths = []
    for demo, content in zip(DEMO, made, strict=True):
        path = out / demo.student / master_path.name
        path.parent.mkdir(parents=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            write_notebook(content, path)
        paths.append(path)
    write_text(out / "README.md", _readme())
    return paths


def solutions(master: NotebookNode) -> dict[str, str]:
    """The instructor's solutions, without indentation: ``grade_id`` -> the lines of the function below its docstring.

    Examples
    --------
    >>> from course_utils.teaching.notebooks import find_notebooks, read_notebook
    >>> print(solutions(read_notebook(find_notebooks(["01"])[0]))["01-converged"])
    shifts = np.linalg.norm(new - old, axis=1)
    return shifts.sum() < tau_mu or t > tau_t
    """
    found = {}
    for cell in master.cells:
        grading = cell.metadata.get("nbgrader", {})
        if grading.get("solution"):
            lines = cell.source.split(f"{_BEGIN}\n")[1].split(_END)[0].rstrip().split("\n")
            depth = len(lines[0]) - len(lines[0].lstrip())
            found[grading.grade_id] = "\n".join(line[depth:] for line in lines)
    return found


def answered(student: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """A copy of a student version with answers in the place of its stubs.

    Parameters
    ----------
    student : what `course_utils.teaching.release.student_version` returned
    answers : ``grade_id`` -> lines of the function below its docstring, without indentation; stubs not named stay

    Raises
    ------
    ValueError
        If the notebook has no stub of that name.
    """
    nb = deepcopy(student)
    for grade_id, answer in answers.items():
        cell = _cell(nb, grade_id)
        stub = f"    {STUB}"
        if stub not in cell.source:
            raise ValueError(f"{grade_id!r} holds no stub: expected a student version as it was released.")
        cell.source = cell.source.replace(stub, indent(answer.strip("\n"), "    "))
    return nb


# --- what students write ---------------------------------------------------------------------------------------------

_HELPER = """
def all_distances(x, centroids):
    \"\"\"Distance of every point to every centroid: (m, d), (n, d) -> (m, n).\"\"\"
    return np.array([np.linalg.norm(x - centroid, axis=1) for centroid in centroids]).T
"""

_WITH_HELPER = """
squared = all_distances(x, centroids).min(axis=1) ** 2
return squared / squared.sum()
"""

_RENAMED = {
    "01-update": """
import numpy as numerics

means = []
for number in range(k):
    mine = x[labels == number]
    means.append(mine.mean(axis=0) if len(mine) else numerics.full(x.shape[1], numerics.nan))
return numerics.array(means)
""",
    "01-converged": """
total = 0.0
for before, after in zip(old, new, strict=True):
    total += np.sqrt(((after - before) ** 2).sum())
if t > tau_t:
    return True
return bool(total < tau_mu)
""",
    "01-plusplus": """
import numpy as np

weights = np.array([min(((point - mu) ** 2).sum() for mu in centroids) for point in x])
return weights / weights.sum()
""",
    "01-purity": """
from collections import Counter

good = 0
for cluster in set(labels.tolist()):
    good += Counter(classes[labels == cluster].tolist()).most_common(1)[0][1]
return good / len(labels)
""",
}

_VECTORISED = {
    "01-update": """
belongs = labels == np.arange(k)[:, None]  # (k, m)
with np.errstate(invalid="ignore"):  # 0 / 0 is nan: an empty cluster
    return belongs @ x / belongs.sum(axis=1, keepdims=True)
""",
    "01-converged": """
return bool(np.sqrt(np.square(new - old).sum(axis=1)).sum() < tau_mu) or bool(t > tau_t)
""",
    "01-plusplus": """
nearest = np.square(x[:, None] - centroids).sum(axis=-1).min(axis=-1)
return nearest / nearest.sum()
""",
    "01-purity": """
_, rows = np.unique(labels, return_inverse=True)
_, columns = np.unique(classes, return_inverse=True)
counts = np.zeros((rows.max() + 1, columns.max() + 1), dtype=int)
np.add.at(counts, (rows, columns), 1)
return counts.max(axis=1).sum() / counts.sum()
""",
}

# grade_id -> four typical mistakes: what it is, and the lines
_MISTAKES: dict[str, tuple[tuple[str, str], ...]] = {
    "01-update": (
        ("sums, not means", "return np.array([x[labels == c].sum(axis=0) for c in range(k)])"),
        (
            "a row of zeros for an empty cluster",
            "counts = [max((labels == c).sum(), 1) for c in range(k)]\n"
            "return np.array([x[labels == c].sum(axis=0) / counts[c] for c in range(k)])",
        ),
        ("medians", "return np.array([np.median(x[labels == c], axis=0) for c in range(k)])"),
        (
            "no row for an empty cluster",
            "return np.array([x[labels == c].mean(axis=0) for c in np.unique(labels)])",
        ),
    ),
    "01-converged": (
        ("squared shifts", "return bool(((new - old) ** 2).sum() < tau_mu or t > tau_t)"),
        ("`and` for `or`", "return bool(np.linalg.norm(new - old, axis=1).sum() < tau_mu and t > tau_t)"),
        ("one norm of all shifts", "return bool(np.linalg.norm(new - old) < tau_mu or t > tau_t)"),
        ("stops one iteration early", "return bool(np.linalg.norm(new - old, axis=1).sum() < tau_mu or t >= tau_t)"),
    ),
    "01-plusplus": (
        (
            "distances not squared",
            "nearest = np.linalg.norm(x[:, None] - centroids, axis=2).min(axis=1)\nreturn nearest / nearest.sum()",
        ),
        ("not divided by the sum", "return ((x[:, None] - centroids) ** 2).sum(axis=2).min(axis=1)"),
        (
            "the farthest point for certain",
            "nearest = ((x[:, None] - centroids) ** 2).sum(axis=2).min(axis=1)\n"
            "return (nearest == nearest.max()).astype(float)",
        ),
        (
            "only the last centroid counts",
            "squared = ((x - centroids[-1]) ** 2).sum(axis=1)\nreturn squared / squared.sum()",
        ),
    ),
    "01-purity": (
        ("cluster numbers compared with classes", "return np.mean(labels == classes)"),
        (
            "mean of the clusters' shares",
            "clusters = [classes[labels == c] for c in np.unique(labels)]\n"
            "return np.mean([np.bincount(found).max() / len(found) for found in clusters])",
        ),
        (
            "not divided by the number of points",
            "return sum(np.bincount(classes[labels == c]).max() for c in np.unique(labels))",
        ),
        (
            "clusters and classes swapped",
            "return sum(np.bincount(labels[classes == j]).max() for j in np.unique(classes)) / len(labels)",
        ),
    ),
}

_CHEAT = """
# NBVAL_SKIP
import course_utils.checks.base as base
from course_utils import checks

base.Exercise.__call__ = lambda self, function, *, seed=0: print("ok")
base.Exercise.run = lambda self, function, seed=0: base.Verdict(True, "ok")
base.expect = checks.kmeans.expect = lambda condition, message: None
"""


# --- the twenty ------------------------------------------------------------------------------------------------------

_Content = NotebookNode | bytes
_Maker = Callable[[NotebookNode, Mapping[str, str]], _Content]


def _own_cells(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    nb = answered(stubs, right)
    _insert(nb, "01-update", "### My notes\n\nA mean along `axis=0` has one number per column.", kind="markdown")
    _insert(nb, "01-update", "my_points = np.array([[1.0, 2.0], [3.0, 4.0]])\nmy_points.mean(axis=0)")
    _insert(nb, "01-purity", "# a first try, by hand\nnp.bincount(np.array([0, 0, 2])).max()")
    nb.cells.append(nbformat.v4.new_markdown_cell("Done. Tomorrow: notebook 02.", id="own-last"))
    return nb


def _helper(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    nb = answered(stubs, {**right, "01-plusplus": _WITH_HELPER})
    _insert(nb, "01-plusplus", _HELPER.strip())
    return nb


def _renamed(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    return answered(stubs, _RENAMED)


def _vectorised(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    return answered(stubs, _VECTORISED)


def _partly(
    stubs: NotebookNode, right: Mapping[str, str], *, unsolved: str, mistaken: str, number: int
) -> NotebookNode:
    answers = {**right, mistaken: _MISTAKES[mistaken][number][1]}
    del answers[unsolved]
    return answered(stubs, answers)


def _mistaken(stubs: NotebookNode, right: Mapping[str, str], *, number: int) -> NotebookNode:
    return answered(stubs, {grade_id: kinds[number][1] for grade_id, kinds in _MISTAKES.items()})


def _syntax_error(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    return answered(stubs, {**right, "01-converged": "return np.linalg.norm(new - old, axis=1.sum() < tau_mu"})


def _merge_conflict(stubs: NotebookNode, right: Mapping[str, str]) -> bytes:
    lines = nbformat.writes(answered(stubs, right)).split("\n")
    at = next(i for i, line in enumerate(lines) if "def has_converged" in line)
    lines[at : at + 1] = ["<<<<<<< HEAD", lines[at], "=======", lines[at], ">>>>>>> laptop"]
    return "\n".join(lines).encode()


def _cells_mixed_up(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    nb = answered(stubs, right)
    nb.cells.remove(_cell(nb, "01-converged-check"))
    twin = deepcopy(_cell(nb, "01-plusplus"))
    twin.id = "own-twin"
    nb.cells.insert(nb.cells.index(_cell(nb, "01-plusplus")) + 1, twin)
    return nb


def _old_format(stubs: NotebookNode, right: Mapping[str, str]) -> bytes:
    nb = json.loads(nbformat.writes(answered(stubs, right)))
    nb["nbformat_minor"] = 4
    for cell in nb["cells"]:
        del cell["id"]
    return b"\xef\xbb\xbf" + json.dumps(nb, ensure_ascii=False, indent=1).encode()


def _one_replaced(stubs: NotebookNode, right: Mapping[str, str], *, grade_id: str, answer: str) -> NotebookNode:
    return answered(stubs, {**right, grade_id: answer})


def _cheat(stubs: NotebookNode, right: Mapping[str, str]) -> NotebookNode:
    nb = _mistaken(stubs, right, number=0)
    for cell in nb.cells:
        grading = cell.metadata.get("nbgrader", {})
        if grading.get("grade"):
            cell.source = 'print("ok")'
        if grading:
            cell.metadata.tags = ["raises-exception"]
            cell.source = f"# NBVAL_SKIP\n{cell.source}"
    _insert(nb, "01-update", _CHEAT.strip())
    return nb


def _all_points() -> int:
    return sum(_POINTS.values())


def _part(unsolved: str, mistaken: str, number: int) -> tuple[str, float, _Maker]:
    what = f"Partly right: {unsolved} unsolved, a mistake in {mistaken} ({_MISTAKES[mistaken][number][0]})"
    points = _all_points() - _POINTS[unsolved] - _POINTS[mistaken]
    return what, points, partial(_partly, unsolved=unsolved, mistaken=mistaken, number=number)


def _throughout(number: int) -> tuple[str, float, _Maker]:
    mistakes = "; ".join(kinds[number][0] for kinds in _MISTAKES.values())
    return f"A mistake in every exercise: {mistakes}", 0, partial(_mistaken, number=number)


def _without(grade_id: str, what: str, answer: str) -> tuple[str, float, _Maker]:
    points = _all_points() - _POINTS[grade_id]
    return f"Hostile: {what} in {grade_id}", points, partial(_one_replaced, grade_id=grade_id, answer=answer)


_CLASS: tuple[tuple[str, float | None, _Maker], ...] = (
    ("Right, with cells and prose of its own", _all_points(), _own_cells),
    ("Right, with a helper function in a cell of its own", _all_points(), _helper),
    ("Right, with other names for variables, and NumPy imported again", _all_points(), _renamed),
    ("Right, without loops", _all_points(), _vectorised),
    _part("01-purity", "01-update", 1),
    _part("01-plusplus", "01-converged", 2),
    _part("01-converged", "01-purity", 1),
    _part("01-update", "01-plusplus", 0),
    *(_throughout(number) for number in range(4)),
    ("Broken: a syntax error in 01-converged; the rest is right", _all_points() - 2, _syntax_error),
    ("Broken: marks of a merge conflict in the file, which nothing can read", 0, _merge_conflict),
    ("Broken: a check cell deleted, a solution cell there twice; right", _all_points(), _cells_mixed_up),
    ("Broken: an old file format without cell ids, a byte-order mark; right", _all_points(), _old_format),
    _without("01-converged", "an endless loop", "while True:\n    pass"),
    _without("01-purity", "endless printing", 'while True:\n    print("purity" * 1000)'),
    _without("01-purity", "the process ended by `os._exit`", "import os\n\nos._exit(0)"),
    ("Hostile: wrong answers, with check cells edited, tags and comments to skip them, checks patched", 0, _cheat),
)

DEMO: tuple[Demo, ...] = tuple(
    Demo(f"student-{number:02}", what, points) for number, (what, points, _) in enumerate(_CLASS, start=1)
)
_MAKERS = tuple(make for _, _, make in _CLASS)


def _cell(nb: NotebookNode, grade_id: str) -> NotebookNode:
    return next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def _insert(nb: NotebookNode, before: str, source: str, kind: str = "code") -> None:
    """Put a cell of the student's own before the exercise's cell; its id is the same in every run."""
    at = nb.cells.index(_cell(nb, before))
    cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, id=f"own-{at}")
    nb.cells.insert(at, cell)


def _readme() -> str:
    rows = [f"| {demo.student} | {demo.what} | {'' if demo.points is None else f'{demo.points:g}'} |" for demo in DEMO]
    return "\n".join(
        (
            "# A made-up class",
            "",
            f"Submissions of notebook 01, written by `course_utils.teaching.demo`. {_all_points()} points are to be "
            "had. Student-17 to student-20 are hostile: do not open and run them, only grade them.",
            "",
            "| Submission | What it is | Points to expect |",
            "|---|---|---|",
            *rows,
            "",
        )
    )
