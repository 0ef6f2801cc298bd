"""What a student runs before handing in: every cell, every visible check, and a table that can be read."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import symtable
import sys
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from tqdm import tqdm

from course_utils.checks.base import NOT_WRITTEN
from course_utils.teaching.notebooks import read_notebook
from course_utils.teaching.processes import end_family

PASSED, NOT_YET, UNWRITTEN, NOT_RUN = "passed", "not yet", "not written yet", "not run"
FEEDBACK = "This is feedback, not the mark: grading uses other data."
CELL_TIMEOUT = 300
_CHECK = "-check"  # ends the name of a check cell; before it stands the name of the exercise
_MARKER = re.compile(r"^([ \t]*)#[#\s]*(?:NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)[ \t]*$", re.MULTILINE)
_GIVE_UP = 60  # seconds beyond the cells' limits until the run itself counts as stuck
_WIDTH = 100
_LISTED = 8  # errors shown in full


@dataclass(frozen=True)
class CheckedExercise:
    """What the visible check says of one exercise.

    Attributes
    ----------
    grade_id : the exercise's name, e.g. "01-update"
    title : its heading, e.g. "Exercise 1 · Move the centroids"
    points : what it is worth
    state : "passed", "not yet", "not written yet" or "not run"
    message : the check's first line, "" if it passed
    """

    grade_id: str
    title: str
    points: float
    state: str
    message: str = ""


@dataclass(frozen=True)
class FailedCell:
    """A cell outside the exercises that stopped with an error.

    Attributes
    ----------
    number : its number among the code cells, from 1
    first_line : its first line
    error : the error in one line
    because_of : the title of the exercise, or "code cell N", from which the error probably follows; "" if from none
    """

    number: int
    first_line: str
    error: str
    because_of: str = ""


@dataclass(frozen=True)
class Checked:
    """What `check` found.

    Attributes
    ----------
    name : the notebook, without ".ipynb"
    exercises : in the notebook's order
    failures : the other cells that stopped
    cells : number of code cells that hold anything
    failure : why the run itself broke off, "" if it did not
    """

    name: str
    exercises: tuple[CheckedExercise, ...]
    failures: tuple[FailedCell, ...]
    cells: int
    failure: str = ""

    @property
    def exit_code(self) -> int:
        """0 if every exercise passes and every cell runs, else 1."""
        solved = all(exercise.state == PASSED for exercise in self.exercises)
        return 0 if solved and not self.failures and not self.failure else 1


@dataclass(frozen=True)
class _Outcome:
    """How one code cell went: `error` is "" for a cell that ran through."""

    error: str = ""
    message: str = ""

    @property
    def line(self) -> str:
        first = self.message.strip().split("\n")[0]
        return f"{self.error}: {first}" if first else self.error


def check(path: Path, *, cell_timeout: int = CELL_TIMEOUT) -> Checked:
    """Run a notebook from the top and say how each exercise stands. The file itself stays as it is.

    Tags and comments that would hide an error (``raises-exception``, ``NBVAL_SKIP``) do not count.

    Parameters
    ----------
    path : the notebook
    cell_timeout : seconds that a cell may take, at least 1

    Raises
    ------
    ValueError
        If the file is not a notebook, the limit is no positive number, or pytest and nbval are not installed.
    """
    if isinstance(cell_timeout, bool) or not isinstance(cell_timeout, int) or cell_timeout < 1:
        raise ValueError(f"cell_timeout must be a whole number of seconds from 1, got {cell_timeout!r}.")
    if missing := [name for name in ("pytest", "nbval") if find_spec(name) is None]:
        raise ValueError(f'{" and ".join(missing)} not found: install it with `pip install "course_utils[grading]"`.')
    path = Path(path)
    nb = read_notebook(path)
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    outcomes, failure = _run(_cleaned(nb), len(cells), path.stem, cell_timeout)
    exercises, own_cells = _exercises(nb, cells, outcomes)
    failures = _failures(cells, outcomes, exercises, own_cells)
    return Checked(path.stem, exercises, failures, sum(bool(cell.source.strip()) for cell in cells), failure)


def summary(checked: Checked) -> str:
    """A table for the terminal: the exercises, then what else stopped."""
    lines = [checked.name, ""]
    width = max((len(exercise.title) for exercise in checked.exercises), default=0) + 2
    for exercise in checked.exercises:
        lines.append(f"  {exercise.title:{width}}{_points(exercise.points):>10}  {exercise.state}")
        if exercise.message:
            lines += [f"      {line}" for line in _wrapped(exercise.message)]
    if not checked.exercises:
        lines.append("  No exercises in this notebook.")
    own = [cell for cell in checked.failures if not cell.because_of]
    if own:
        lines += ["", "Other cells that stopped:"]
        for cell in own[:_LISTED]:
            lines += [f"  code cell {cell.number}: {_short(cell.first_line, 70)}"]
            lines += [f"      {line}" for line in _wrapped(cell.error)]
    lines += ["", *_closing(checked)]
    return "\n".join(lines)


def markdown(checked: Checked) -> str:
    """The same as Markdown, for the summary page of a GitHub workflow."""
    lines = [f"## {_cell(checked.name)}", ""]
    if checked.exercises:
        lines += ["| Exercise | Points | State | What the check says |", "| --- | ---: | --- | --- |"]
        for exercise in checked.exercises:
            sign = "✅" if exercise.state == PASSED else "❌"
            title, message = _cell(exercise.title), _cell(exercise.message)
            lines.append(f"| {title} | {exercise.points:g} | {sign} {exercise.state} | {message} |")
    else:
        lines.append("No exercises in this notebook.")
    own = [cell for cell in checked.failures if not cell.because_of]
    if own:
        lines += ["", "| Code cell | First line | Error |", "| ---: | --- | --- |"]
        lines += [f"| {c.number} | {_code(c.first_line)} | {_code(c.error)} |" for c in own[:_LISTED]]
    lines.append("")
    for line in _closing(checked):
        lines += [_cell(line), ""]
    return "\n".join(lines)


def _closing(checked: Checked) -> Iterator[str]:
    """Sentences below the table."""
    if checked.failure:
        yield f"The run broke off: {checked.failure}"
    own = sum(not cell.because_of for cell in checked.failures)
    if own > _LISTED:
        yield f"{own - _LISTED} more cells stopped: begin with the first ones."
    following: dict[str, list[int]] = {}
    for cell in checked.failures:
        if cell.because_of:
            following.setdefault(cell.because_of, []).append(cell.number)
    for cause, numbers in following.items():
        shown = ", ".join(map(str, numbers[:6])) + (", …" if len(numbers) > 6 else "")
        cells = f"code cell {shown} stops" if len(numbers) == 1 else f"{len(numbers)} code cells ({shown}) stop"
        why = "" if cause.startswith("code cell ") else ", which is not solved yet"
        sentence = f"{cells} too, most likely because of {cause}{why}."
        yield sentence[0].upper() + sentence[1:]
    passed = [exercise for exercise in checked.exercises if exercise.state == PASSED]
    if not checked.exit_code:
        exercises = f"All {len(passed)} exercises pass, and all" if passed else "All"
        yield f"{exercises} {checked.cells} code cells run."
    elif checked.exercises:
        points = sum(exercise.points for exercise in passed)
        total = sum(exercise.points for exercise in checked.exercises)
        yield f"{len(passed)} of {len(checked.exercises)} exercises pass ({points:g} of {total:g} points)."
    yield FEEDBACK


def _cleaned(nb: NotebookNode) -> NotebookNode:
    """A copy without outputs, and without the tags and comments that would hide an error."""
    nb = deepcopy(nb)
    for cell in nb.cells:
        cell.metadata.pop("tags", None)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
            cell.source = _MARKER.sub(r"\1#", cell.source)
    return nb


class _Recorder:
    """A pytest plugin: writes down, beside nbval, how every cell went, as it happens."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        if call.when == "teardown" or (call.when == "setup" and call.excinfo is None):
            return
        record = {"cell": item.cell_num, "when": call.when, "error": "", "message": ""}
        if call.excinfo is not None:
            errors = [output for output in item.test_outputs or () if output["output_type"] == "error"]
            limit = "Timeout" in str(call.excinfo.value)
            if errors and not limit:
                record |= {"error": errors[-1]["ename"], "message": errors[-1]["evalue"]}
            elif limit:
                seconds = item.config.option.nbval_cell_timeout
                record |= {"error": "Timeout", "message": f"the cell was stopped after {seconds:g} seconds."}
            else:
                record |= {"error": "KernelError", "message": str(call.excinfo.value)}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def _pytest(folder: str, cell_timeout: str) -> int:
    """What the process of its own does; `_run` starts it."""
    import pytest

    arguments = [
        "-q", "-c", f"{folder}/pytest.ini", f"--rootdir={folder}", "--noconftest", "-p", "no:cacheprovider",
        "-p", "nbval.plugin", "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={cell_timeout}",
        "--color=no", f"{folder}/run/notebook.ipynb",
    ]  # fmt: skip
    return int(pytest.main(arguments, plugins=[_Recorder(Path(folder) / "cells.jsonl")]))


def _run(nb: NotebookNode, total: int, name: str, cell_timeout: int) -> tuple[dict[int, _Outcome], str]:
    """Outcomes by number among code cells, from 0, and why the run broke off, if it did."""
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for variable in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        environment.pop(variable, None)
    code = "import sys; from course_utils.teaching.check import _pytest; sys.exit(_pytest(*sys.argv[1:]))"
    with tempfile.TemporaryDirectory(prefix="course-check-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        (folder / "run").mkdir()
        nbformat.write(nb, folder / "run" / "notebook.ipynb")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        records, log = folder / "cells.jsonl", folder / "log.txt"
        records.touch()
        with log.open("w", encoding="utf-8") as sink:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, temporary, str(cell_timeout)],
                cwd=folder / "run",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
            bar_format = "{desc:34}{bar:24} cell {n} of {total}, {elapsed}"
            with tqdm(total=total, desc=name, bar_format=bar_format, disable=None, leave=False) as bar:
                stuck = _wait(process, records, bar, cell_timeout + _GIVE_UP)
        text = records.read_text(encoding="utf-8")
        outcomes, failure = {}, ""
        for line in text[: text.rfind("\n") + 1].splitlines():
            record = json.loads(line)
            if record["when"] == "setup":
                failure = f"the notebook's Python could not be started ({_short(record['message'], 200)})."
            elif record["error"] != "KernelError":  # the kernel had died before: the cell did not run
                outcomes[record["cell"]] = _Outcome(record["error"], record["message"])
        if not failure and stuck:
            failure = "a cell hangs and cannot be stopped."
        elif not failure and len(outcomes) < total:
            last = max(outcomes, default=-1) + 1
            failure = f"after code cell {last} of {total} the notebook's Python had ended."
            if process.returncode not in (0, 1):
                said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""]
                failure += f" {_short(said[-1], 200)}"
    return outcomes, failure


def _wait(process: subprocess.Popen, records: Path, bar: tqdm, limit: float) -> bool:
    """Wait for the process, moving the bar; end it if nothing was written for `limit` seconds, and return True."""
    written, quiet = -1, 0.0
    try:
        while True:
            try:
                process.wait(0.25)
                return False
            except subprocess.TimeoutExpired:
                size = records.stat().st_size
                written, quiet = size, (0.0 if size != written else quiet + 0.25)
                bar.n = min(bar.total, records.read_bytes().count(b"\n"))
                bar.refresh()
                if quiet > limit:
                    return True
    finally:
        if process.poll() is None:
            end_family(process.pid)
            process.wait()


def _exercises(
    nb: NotebookNode, cells: list[NotebookNode], outcomes: dict[int, _Outcome]
) -> tuple[tuple[CheckedExercise, ...], dict[int, str]]:
    """The exercises, and to which of them (by name) the code cells with these numbers belong."""
    titles, heading = {}, ""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^### (Exercise.*)$", cell.source, re.MULTILINE)
            heading = re.sub(r"\s*\([^()]*\bpoints?\b[^()]*\)\s*$", "", found[-1]) if found else heading
        else:
            titles[id(cell)] = heading
    solutions: dict[str, list[int]] = {}
    checks: dict[str, list[int]] = {}
    owner: dict[int, str] = {}
    for number, cell in enumerate(cells):
        grading = cell.metadata.get("nbgrader", {})
        if not (grading.get("solution") or grading.get("grade")):
            continue
        name = str(grading.get("grade_id", "?")).removesuffix(_CHECK)
        owner[number] = name
        if grading.get("grade"):
            checks.setdefault(name, []).append(number)
        else:
            solutions.setdefault(name, []).append(number)
    found = []
    for name in dict.fromkeys(owner.values()):
        first = cells[(solutions.get(name) or checks[name])[0]]
        points = max((_number(cells[n].metadata.nbgrader.get("points")) for n in checks.get(name, ())), default=0.0)
        state, message = _state(
            [(cells[n], outcomes.get(n)) for n in checks.get(name, ())],
            [(cells[n], outcomes.get(n)) for n in solutions.get(name, ())],
        )
        found.append(CheckedExercise(name, titles.get(id(first)) or name, points, state, message))
    return tuple(found), owner


def _state(
    checks: list[tuple[NotebookNode, _Outcome | None]], solutions: list[tuple[NotebookNode, _Outcome | None]]
) -> tuple[str, str]:
    for _, outcome in solutions:
        if outcome and outcome.error:
            return NOT_YET, f"The cell with your code stops: {outcome.line}"
    if not checks:
        return NOT_RUN, "The check cell is missing: copy it from the notebook you were given."
    if any(_edited(cell) for cell, _ in checks):
        return NOT_RUN, "The check cell was changed: copy it again from the notebook you were given."
    for _, outcome in checks:
        if outcome is None:
            return NOT_RUN, "The run ended before this check."
        if outcome.error == "CheckFailed":
            message = outcome.message.strip().split("\n")[0].removeprefix("Not yet: ")
            return (UNWRITTEN if NOT_WRITTEN in message else NOT_YET), message
        if outcome.error:
            return NOT_YET, f"The check cell stops: {outcome.line}"
    return PASSED, ""


def _edited(cell: NotebookNode) -> bool:
    """Whether a check cell differs from the released one; unknown, hence False, without its checksum."""
    released = cell.metadata.nbgrader.get("checksum")
    if not released or find_spec("nbgrader") is None:
        return False
    from nbgrader.utils import compute_checksum

    return compute_checksum(cell) != released


def _failures(
    cells: list[NotebookNode],
    outcomes: dict[int, _Outcome],
    exercises: tuple[CheckedExercise, ...],
    owner: dict[int, str],
) -> tuple[FailedCell, ...]:
    """The failing cells that belong to no exercise, each with what it probably follows from.

    A name is tainted if it comes from an unsolved exercise, from a failed cell, or from code that uses a tainted name.
    """
    unsolved = {exercise.grade_id: exercise.title for exercise in exercises if exercise.state != PASSED}
    tainted: dict[str, str] = {}
    failures = []
    for number, cell in enumerate(cells):
        made, used = _names(cell.source)
        outcome = outcomes.get(number, _Outcome())
        cause = next((tainted[name] for name in sorted(used & tainted.keys())), "")
        if number in owner:
            cause = unsolved.get(owner[number], "")
        elif outcome.error:
            lines = [line for line in cell.source.split("\n") if line.strip()] or [""]
            if outcome.error == "Timeout":
                cause = ""  # no missing result makes a cell slow
            elif unknown := re.match(r"name '(\w+)' is not defined", outcome.message):
                cause = tainted.get(unknown[1], "")
            failures.append(FailedCell(number + 1, lines[0].strip(), outcome.line, cause))
            cause = cause or f"code cell {number + 1}"
        for name in made:
            if cause:
                tainted[name] = cause
            else:
                tainted.pop(name, None)
    return tuple(failures)


def _names(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell makes in the notebook, and names that it takes from the notebook."""
    try:
        statements = ast.parse(TransformerManager().transform_cell(source)).body
    except (SyntaxError, ValueError):
        return set(re.findall(r"^(?:def|class)\s+(\w+)", source, re.MULTILINE)), set()
    made: set[str] = set()
    used: set[str] = set()
    for statement in statements:
        top = symtable.symtable(ast.unparse(statement), "cell", "exec")
        symbols = top.get_symbols()
        taken = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
        inner = list(top.get_children())
        while inner:
            table = inner.pop()
            taken |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
            inner += table.get_children()
        used |= taken - made
        made |= {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}
    return made, used


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _points(points: float) -> str:
    return f"{points:g} point" + ("" if points == 1 else "s")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(_short(text, 400), _WIDTH - 6, break_on_hyphens=False) or [""]


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return _short(text, 400).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _code(text: str) -> str:
    """Code for a cell of a Markdown table."""
    text = _short(text, 200).replace("`", "'").replace("|", "\\|").replace("\n", " ")
    return f"`{text}`" if text.strip() else ""
