"""Hostile submissions of notebook 01: what must not stop the grader, and cheats that must not earn a point.

Each function turns a correct submission into a hostile one. NEVER run one outside of the sandbox.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent

import nbformat
import numpy as np
from nbformat import NotebookNode

from course_utils.checks import EXERCISES
from course_utils.teaching.demo import answered, solutions
from course_utils.teaching.notebooks import find_notebooks, read_notebook
from course_utils.teaching.release import student_version

UPDATE, CONVERGED, PLUSPLUS, PURITY = "01-update", "01-converged", "01-plusplus", "01-purity"
ALL = frozenset({UPDATE, CONVERGED, PLUSPLUS, PURITY})
NONE: frozenset[str] = frozenset()

MARK = "left-by-a-submission"  # in the child's command line, in the names of files written
PORT = 47811  # of localhost: a test may listen here, and must hear nothing

WRONG = {
    UPDATE: "return np.zeros((k, x.shape[1]))",
    CONVERGED: "return True",
    PLUSPLUS: "return np.full(len(x), 1 / len(x))",
    PURITY: "return 0.5",
}

Made = NotebookNode | bytes


@dataclass(frozen=True)
class Case:
    """A hostile submission.

    Attributes
    ----------
    name : name of the function that makes it
    kind : "input" or "cheat"
    make : from a correct submission, which it leaves alone
    zero : exercises that must get 0 points
    rest : "full" where all the others must get all their points, "any" where both is right
    files : written beside the notebook: name -> content
    """

    name: str
    kind: str
    make: Callable[[NotebookNode], Made]
    zero: frozenset[str]
    rest: str = "full"
    files: Mapping[str, bytes] = field(default_factory=dict)


HOSTILE: dict[str, Case] = {}


def correct() -> NotebookNode:
    """A correct submission of notebook 01."""
    master = read_notebook(find_notebooks(["01"])[0])
    return answered(student_version(master), solutions(master))


def write(case: Case, nb: NotebookNode, folder: Path, name: str) -> Path:
    """Write a case and its files into a folder; returns the notebook's path."""
    made = case.make(nb)
    path = folder / name
    path.write_bytes(made if isinstance(made, bytes) else nbformat.writes(made).encode())
    for extra, content in case.files.items():
        (folder / extra).write_bytes(content)
    return path


def _register(kind, zero, rest="full", files=None):
    def wrap(function):
        def make(nb):
            return function(deepcopy(nb))

        make.__doc__ = function.__doc__
        HOSTILE[function.__name__] = Case(function.__name__, kind, make, frozenset(zero), rest, files or {})
        return make

    return wrap


def _cell(nb, grade_id):
    return next(cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def _graded(nb):
    return [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def _answer(nb, answers):
    """Put other lines below signature and docstring."""
    for grade_id, lines in answers.items():
        cell = _cell(nb, grade_id)
        head = cell.source.split("\n")[:2]
        cell.source = "\n".join([*head, indent(dedent(lines).strip("\n"), "    ")])
    return nb


def _body(nb, grade_id):
    return dedent("\n".join(_cell(nb, grade_id).source.split("\n")[2:]))


def _own(nb, source):
    """Add a cell before the first exercise."""
    at = nb.cells.index(_cell(nb, UPDATE))
    nb.cells.insert(at, nbformat.v4.new_code_cell(dedent(source).strip("\n"), id=f"own-{at}"))
    return nb


def _right_only_if_seen(nb, source):
    """Right answers if the cell's code set SEEN: all points then mean that the code saw what it must not see."""
    _answer(nb, {g: f"if not SEEN:\n    {WRONG[g]}\n{_body(nb, g)}" for g in ALL})
    return _own(nb, "SEEN = False\n" + dedent(source).strip("\n"))


# --- input that must not stop the grader -----------------------------------------------------------------------------


@_register("input", {CONVERGED})
def infinite_loop(nb):
    """Ends with an interrupt; the exercises after it still count."""
    return _answer(nb, {CONVERGED: "while True:\n    pass"})


@_register("input", {PURITY})
def loop_that_swallows_interrupts(nb):
    """Ends only with the kernel; what was right before still counts."""
    loop = """
    while True:
        try:
            while True:
                pass
        except KeyboardInterrupt:
            pass
    """
    return _answer(nb, {PURITY: loop})


@_register("input", {PURITY})
def exit_at_the_end(nb):
    """The kernel dies in the last exercise; what was right before still counts."""
    return _answer(nb, {PURITY: "import os\n\nos._exit(0)"})


@_register("input", {UPDATE})
def exit_at_the_beginning(nb):
    """The kernel dies in the first exercise; the exercises after it still count."""
    return _answer(nb, {UPDATE: "import os\n\nos._exit(0)"})


@_register("input", {PURITY})
def endless_printing(nb):
    """Fills the grader's memory, if it keeps all that is printed."""
    return _answer(nb, {PURITY: 'while True:\n    print("x" * 10_000)'})


@_register("input", {PURITY})
def printing_past_the_bound(nb):
    """As `endless_printing`, with the stream's own `write` in the place of the grader's."""
    return _answer(nb, {PURITY: "import sys\n\nwhile True:\n    type(sys.stdout).write(sys.stdout, 'x' * 100_000)"})


@_register("input", NONE)
def endless_printing_in_a_cell(nb):
    """Stopped at the limit for a cell; no exercise needs the cell."""
    return _own(nb, 'while True:\n    print("x" * 10_000)')


@_register("input", {PURITY})
def displays_of_10_mb(nb):
    """Pictures, or what claims to be: the grader keeps none."""
    lines = """
    from IPython.display import display

    while True:
        display({"image/png": "x" * 10_000_000}, raw=True)
    """
    return _answer(nb, {PURITY: lines})


@_register("input", {PURITY})
def error_of_40_mb(nb):
    """An error message as long as a library."""
    return _answer(nb, {PURITY: 'raise ValueError("x" * 40_000_000)'})


@_register("input", NONE)
def error_of_40_mb_in_a_cell(nb):
    """The same, where the traceback is sent as output."""
    return _own(nb, 'raise ValueError("x" * 40_000_000)')


@_register("input", {PURITY})
def printing_100_mb_at_once(nb):
    """As `printing_past_the_bound`, in pieces that the grader does not accept, from a kernel that shortens nothing."""
    lines = """
    import sys

    del get_ipython().kernel.session.serialize
    while True:
        type(sys.stdout).write(sys.stdout, "x" * 100_000_000)
    """
    return _answer(nb, {PURITY: lines})


@_register("input", {PURITY})
def result_of_1_gb(nb):
    """The right shape is a number; this is an array that would fill the grader's memory."""
    return _answer(nb, {PURITY: "return np.zeros(1 << 27)"})


@_register("input", {PURITY})
def text_of_40_mb(nb):
    """An answer that is longer than the kernel may send."""
    return _answer(nb, {PURITY: 'return "x" * 40_000_000'})


@_register("input", {CONVERGED})
def five_thousand_shell_lines(nb):
    """IPython reads a cell once more for each of its magics: the kernel may do so, the grader must not."""
    return _answer(nb, {CONVERGED: "!true\n" * 5000})


@_register("input", ALL)
def very_many_cells(nb):
    """Small ones, in a file that is not too large."""
    content = json.loads(nbformat.writes(nb))
    content["cells"] += [{"cell_type": "code", "source": ""}] * 300_000
    return json.dumps(content).encode()


@_register("input", {CONVERGED})
def half_a_character(nb):
    """A lone surrogate, which no file can hold in UTF-8."""
    return json.dumps(_answer(nb, {CONVERGED: "return '\ud800'"})).encode()


@_register("input", {CONVERGED})
def error_with_half_a_character(nb):
    """The remark reaches the reports."""
    return _answer(nb, {CONVERGED: "raise ValueError(chr(0xD800))"})


@_register("input", NONE)
def folders_in_folders(nb):
    """Deeper than Python's own rmtree can delete."""
    return _own(nb, 'import os\n\nfor _ in range(3000):\n    os.mkdir("d")\n    os.chdir("d")')


@_register("input", NONE)
def lines_without_end(nb):
    """A cell of newlines: quadratic for a careless pattern."""
    content = json.loads(nbformat.writes(nb))
    content["cells"].insert(0, {"cell_type": "code", "source": "\n" * 5_000_000, "metadata": {}})
    return json.dumps(content).encode()


@_register("input", NONE)
def name_of_a_builtin(nb):
    """Takes away names that the grader's calls might need."""
    return _own(nb, "exec = eval = globals = get_ipython = json = 3")


@_register("input", NONE)
def child_process_that_stays(nb):
    """A process in a session of its own, with MARK in its command line; it ends by itself after two minutes."""
    source = f"""
    import subprocess
    import sys

    try:
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(120)", "{MARK}"],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        pass
    """
    return _own(nb, source)


@_register("input", NONE)
def writes_outside_its_folder(nb):
    """Files named MARK in the folder above, the home and temporary folders, and the course's own."""
    source = f"""
    import tempfile
    from pathlib import Path

    import course_utils

    for place in (Path.cwd().parent, Path.home(), Path(tempfile.gettempdir()), Path(course_utils.__file__).parent):
        try:
            (place / "{MARK}").write_text("here")
        except OSError:
            pass
    """
    return _own(nb, source)


@_register("input", NONE)
def opens_a_connection(nb):
    """Tells a listener on PORT that the network is open."""
    source = f"""
    import socket

    try:
        with socket.create_connection(("127.0.0.1", {PORT}), timeout=1) as line:
            line.sendall(b"{MARK}")
    except OSError:
        pass
    """
    return _own(nb, source)


@_register("input", ALL)
def bad_json(nb):
    """Half of a file."""
    text = nbformat.writes(nb)
    return text[: len(text) // 2].encode()


@_register("input", NONE)
def byte_order_mark(nb):
    """As some editors of Windows write it; right otherwise."""
    return b"\xef\xbb\xbf" + nbformat.writes(nb).encode()


@_register("input", ALL)
def merge_markers(nb):
    """As git leaves a file after a conflict."""
    lines = nbformat.writes(nb).split("\n")
    at = next(i for i, line in enumerate(lines) if "def purity" in line)
    lines[at : at + 1] = ["<<<<<<< HEAD", lines[at], "=======", lines[at], ">>>>>>> other"]
    return "\n".join(lines).encode()


@_register("input", {CONVERGED})
def null_source(nb):
    """A solution cell whose source is null."""
    _cell(nb, CONVERGED).source = None
    return json.dumps(nb).encode()


@_register("input", ALL)
def empty_file(nb):
    """No byte at all."""
    return b""


@_register("input", ALL)
def no_cells(nb):
    """A valid notebook without cells."""
    nb.cells = []
    return nb


@_register("input", ALL)
def file_of_200_mb(nb):
    """Valid JSON, with spaces at its end: only its size is wrong."""
    return nbformat.writes(nb).encode().ljust(200_000_000)


@_register("input", NONE, rest="any")
def cell_of_20_mb(nb):
    """One cell that holds a long string; right otherwise."""
    return _own(nb, f'text = "{"x" * 20_000_000}"')


@_register("input", ALL)
def wrong_notebook(nb):
    """Notebook 00, solved, under the name of notebook 01."""
    master = read_notebook(find_notebooks(["00"])[0])
    return answered(student_version(master), solutions(master))


# --- cheats, with wrong answers --------------------------------------------------------------------------------------


@_register("cheat", ALL)
def checks_deleted(nb):
    """No check, no failure?"""
    checks = _graded(nb)
    nb.cells = [cell for cell in nb.cells if cell not in checks]
    return _answer(nb, WRONG)


@_register("cheat", ALL)
def checks_edited(nb):
    """Checks that print what they print for a right answer."""
    for cell in _graded(nb):
        cell.source = 'print("ok")'
    return _answer(nb, WRONG)


@_register("cheat", ALL)
def points_raised(nb):
    """The metadata say that the checks are worth nothing, or a lot, and no longer are checks."""
    for cell, points in zip(_graded(nb), (0, 1000, -5, "10"), strict=True):
        cell.metadata.nbgrader.points = points
        cell.metadata.nbgrader.grade = points != 0
    return _answer(nb, WRONG)


@_register("cheat", ALL)
def tag_raises_exception(nb):
    """The tag that lets a cell fail."""
    for cell in nb.cells:
        cell.metadata.tags = ["raises-exception"]
    return _answer(nb, WRONG)


@_register("cheat", ALL)
def tag_nbval_skip(nb):
    """The tag that leaves a cell out."""
    for cell in nb.cells:
        cell.metadata.tags = ["nbval-skip"]
    return _answer(nb, WRONG)


@_register("cheat", ALL)
def nbval_comments(nb):
    """The same, as comments."""
    _answer(nb, WRONG)
    for cell in nb.cells:
        if cell.metadata.get("nbgrader"):
            cell.source = f"# NBVAL_RAISES_EXCEPTION\n{cell.source}"
    for cell in _graded(nb):
        cell.source = f"# NBVAL_SKIP\n{cell.source}"
    return nb


_PATCH = """
import course_utils.checks.base as base
from course_utils import checks

base.Exercise.__call__ = lambda self, function, *, seed=0: print("ok")
base.Exercise.run = lambda self, function, seed=0: base.Verdict(True, "ok")
base.expect = checks.kmeans.expect = lambda condition, message: None
base.close = checks.kmeans.close = lambda found, wanted, rtol=0: True
"""


@_register("cheat", ALL)
def checks_patched(nb):
    """The course's checks are replaced in the kernel."""
    return _own(_answer(nb, WRONG), _PATCH)


@_register("cheat", ALL)
def numpy_patched(nb):
    """NumPy's comparisons say yes."""
    source = """
    np.allclose = np.isclose = np.array_equal = lambda *arguments, **options: True
    np.testing.assert_allclose = lambda *arguments, **options: None
    """
    return _own(_answer(nb, WRONG), source)


@_register("cheat", ALL)
def int_that_equals_everything(nb):
    """A number of a class of its own."""
    source = """
    class Yes(int):
        def _yes(self, *others):
            return True

        __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _yes

        def __hash__(self):
            return 0

        def __sub__(self, other):
            return Yes(0)

        __rsub__ = __abs__ = __sub__
    """
    return _own(_answer(nb, dict.fromkeys(ALL, "return Yes(1)")), source)


@_register("cheat", ALL)
def array_that_equals_everything(nb):
    """An array whose comparisons are always true, in whatever function of NumPy."""
    source = """
    class Agrees(np.ndarray):
        def __array_ufunc__(self, *arguments, **options):
            return np.ones(self.shape, dtype=bool)

        def __array_function__(self, *arguments):
            return True

        __eq__ = __lt__ = __gt__ = lambda self, other: np.ones(self.shape, dtype=bool)
    """
    shapes = {UPDATE: "(k, x.shape[1])", CONVERGED: "()", PLUSPLUS: "len(x)", PURITY: "()"}
    return _own(_answer(nb, {g: f"return np.zeros({shape}).view(Agrees)" for g, shape in shapes.items()}), source)


@_register("cheat", ALL)
def object_that_unpickles_into_code(nb):
    """Writes the file MARK in the temporary folder of whoever unpickles it."""
    source = f"""
    class Answer:
        def __reduce__(self):
            return eval, ('open("/tmp/{MARK}", "w").close() or 1.0',)
    """
    return _own(_answer(nb, dict.fromkeys(ALL, "return Answer()")), source)


@_register("cheat", ALL)
def tree_without_asserts(nb):
    """IPython drops asserts and calls of checks from the code's tree."""
    source = """
    import ast


    class Drop(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.copy_location(ast.Pass(), node)

        def visit_Expr(self, node):
            return ast.copy_location(ast.Pass(), node) if "checks." in ast.unparse(node) else node


    get_ipython().ast_transformers.append(Drop())
    """
    return _own(_answer(nb, WRONG), source)


@_register("cheat", ALL)
def input_without_checks(nb):
    """IPython drops the lines before they are code."""
    source = """
    def drop(lines):
        return [line for line in lines if not line.startswith(("checks.", "assert"))]


    get_ipython().input_transformers_cleanup.append(drop)
    """
    return _own(_answer(nb, WRONG), source)


@_register("cheat", ALL)
def exceptions_swallowed(nb):
    """IPython shows no exception at all."""
    source = """
    get_ipython().set_custom_exc((BaseException,), lambda *arguments, **options: None)
    """
    return _own(_answer(nb, WRONG), source)


@_register(
    "cheat",
    ALL,
    files={
        "conftest.py": b"import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n"
        b'    result = yield\n    result.get_result().outcome = "passed"\n'
    },
)
def conftest_beside(nb):
    """pytest would read it: every test passes."""
    return _answer(nb, WRONG)


@_register("cheat", ALL, files={"pytest.ini": b"[pytest]\naddopts = --collect-only -p no:nbval\n"})
def pytest_ini_beside(nb):
    """pytest would read it: no test is run."""
    return _answer(nb, WRONG)


@_register("cheat", ALL, files={"sitecustomize.py": _PATCH.encode()})
def sitecustomize_beside(nb):
    """Python would read it, if the folder were on its path."""
    return _answer(nb, WRONG)


@_register(
    "cheat",
    ALL,
    files={
        "course_utils.py": b"class _Anything:\n    def __getattr__(self, name):\n        return self\n\n"
        b'    def __call__(self, *arguments, **options):\n        print("ok")\n        return self, self\n\n\n'
        b"checks = lesson = plots = _Anything()\n"
    },
)
def course_utils_beside(nb):
    """A module of the course's name: its checks always say ok."""
    return _answer(nb, WRONG)


@_register(
    "cheat",
    ALL,
    files={"numpy.py": b"def __getattr__(name):\n    return lambda *arguments, **options: True\n"},
)
def numpy_beside(nb):
    """A module of NumPy's name: it agrees with everything."""
    return _answer(nb, WRONG)


@_register("cheat", ALL)
def hook_that_reads_hidden_tests(nb):
    """Right if any cell that IPython runs names a seed or hidden tests."""
    source = """
    def look(info):
        global SEEN
        SEEN = SEEN or "seed=" in (info.raw_cell or "") or "HIDDEN" in (info.raw_cell or "")


    get_ipython().events.register("pre_run_cell", look)
    """
    return _right_only_if_seen(nb, source)


@_register("cheat", ALL)
def reads_the_master(nb):
    """Right if the instructor's notebook can be read: in the course's folder, its own, or one above."""
    source = """
    from pathlib import Path

    import course_utils

    for root in (Path(course_utils.__file__).parents[1], Path.cwd(), *Path.cwd().parents):
        try:
            for path in [*root.glob("*.ipynb"), *root.glob("notebooks/*.ipynb")]:
                text = path.read_text()
                SEEN = SEEN or "### BEGIN " + "SOLUTION" in text or "HIDDEN" + " TESTS" in text
        except OSError:
            pass
    """
    return _right_only_if_seen(nb, source)


@_register("cheat", ALL)
def reads_other_submissions(nb):
    """Right if a notebook of another student lies in the folders around, or in the temporary ones."""
    source = """
    import os
    from pathlib import Path

    here = Path.cwd()
    for root in {here.parent, here.parent.parent, Path("/tmp"), Path("/var/tmp")} - {Path("/")}:
        for folder, _, names in os.walk(root):
            SEEN = SEEN or (Path(folder) != here and any(name.startswith("01_") for name in names))
    """
    return _right_only_if_seen(nb, source)


@_register("cheat", ALL)
def looks_for_the_seeds(nb):
    """Right if the grader's processes can be seen, or a seed stands in a command line or an environment."""
    source = """
    import re
    from pathlib import Path

    for path in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]:
        try:
            text = path.read_bytes().replace(b"PYTHONHASHSEED", b"")
        except OSError:
            continue
        SEEN = SEEN or b"pytest" in text or bool(re.search(rb"(?i)seeds?[^a-z]{0,3}[0-9]", text))
    """
    return _right_only_if_seen(nb, source)


@_register("cheat", ALL)
def reads_the_caller_s_variables(nb):
    """Walks up the call stack to the check, and hands back what the check wants."""
    source = """
    import sys


    def wanted():
        frame = sys._getframe()
        while frame := frame.f_back:
            if "rng" in frame.f_locals and "sums" in frame.f_locals:
                return frame.f_locals["sums"] / frame.f_locals["counts"]
            if "wanted" in frame.f_locals:
                return frame.f_locals["wanted"]
    """
    return _own(
        _answer(nb, {g: f"if (found := wanted()) is not None:\n    return found\n{WRONG[g]}" for g in ALL}), source
    )


@_register("cheat", ALL)
def detects_the_grader(nb):
    """Right if the call stack or the loaded modules name the grader, pytest or nbval."""
    source = """
    import inspect
    import sys


    def watched():
        files = " ".join(frame.filename for frame in inspect.stack(0))
        return "grading" in files or bool({"pytest", "nbval", "course_utils.teaching.grading"} & set(sys.modules))
    """
    nb = _right_only_if_seen(nb, source)
    for grade_id in ALL:
        cell = _cell(nb, grade_id)
        cell.source = cell.source.replace("if not SEEN:", "if not watched():")
    return nb


_KEY = """
import hashlib


def key(*arguments):
    return hashlib.sha256(b"".join(np.asarray(a, dtype=float).tobytes() for a in arguments)).hexdigest()[:12]
"""


@_register("cheat", ALL)
def table_of_seed_0(nb):
    """Answers that were right for the data of the visible check, looked up; wrong for all other data."""
    tables = {}
    for grade_id in sorted(ALL):
        exercise, table = EXERCISES[grade_id], tables.setdefault(grade_id, {})
        namespace = {"np": np}
        exec(_cell(nb, grade_id).source, namespace)

        def record(*arguments, _function=namespace[exercise.name], _table=table):
            found = _function(*arguments)
            _table[_key(*arguments)] = np.asarray(found).tolist()
            return found

        exercise.run(record, seed=0)
    lookups = {
        UPDATE: "x, labels, k",
        CONVERGED: "old, new, t, tau_mu, tau_t",
        PLUSPLUS: "x, centroids",
        PURITY: "labels, classes",
    }
    for grade_id, names in lookups.items():
        found = f"TABLE[{grade_id!r}][key({names})]"
        value = f"np.array({found})" if grade_id in (UPDATE, PLUSPLUS) else found
        _answer(nb, {grade_id: f"if key({names}) in TABLE[{grade_id!r}]:\n    return {value}\n{WRONG[grade_id]}"})
    return _own(nb, f"{_KEY.strip()}\n\n\nnan = np.nan\nTABLE = {tables!r}")


def _key(*arguments):
    return hashlib.sha256(b"".join(np.asarray(a, dtype=float).tobytes() for a in arguments)).hexdigest()[:12]


@_register("cheat", ALL)
def results_made_up(nb):
    """Prints and writes what a grader might take for results."""
    source = """
    from pathlib import Path

    print("ok")
    print('{"grade_id": "01-update", "points": 3, "maximum": 3, "state": "passed"}')
    print("================ 60 passed in 9.99s ================")
    suite = '<testsuite tests="60" failures="0"/>'
    for name, text in (("results.json", "[]"), ("junit.xml", suite), ("grades.csv", "student,total")):
        for folder in (Path.cwd(), Path.cwd().parent):
            try:
                (folder / name).write_text(text)
            except OSError:
                pass
    """
    nb = _own(_answer(nb, WRONG), source)
    for cell in _graded(nb):
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="ok\n")]
        cell.execution_count = 1
    return nb
