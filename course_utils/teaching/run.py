"""Execute the course in the terminal: live progress, minutes against budget, outputs stored on request."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from course_utils.teaching.notebooks import (
    code_cells,
    course_metadata,
    mark_sections,
    read_notebook,
    source_hash,
    write_notebook,
)

DEFAULT_BUDGET = 90
CELL_TIMEOUT = 600
_FALLBACK = "going on with the built-in"  # what loaders print


@dataclass(frozen=True)
class RunResult:
    """How a notebook's execution went.

    Attributes
    ----------
    name, seconds, budget : the notebook, how long it took, how long it may take
    failure : what failed, "" if nothing did
    fell_back : whether it had to do without real data
    """

    name: str
    seconds: float
    budget: float
    failure: str = ""
    fell_back: bool = False


def calibrate() -> float:
    """Seconds this machine needs for a fixed piece of NumPy and Python work: a yardstick for other machines.

    About 0.5 s on the two-core machine on which budgets are set.
    """
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(600, 600))
    start = time.perf_counter()
    for _ in range(12):
        np.linalg.svd(matrix[:200])
        np.sort(matrix, axis=None)
    sum(i * i for i in range(1_500_000))
    return time.perf_counter() - start


def run_notebook(path: Path, *, save: bool = False) -> RunResult:
    """Execute a notebook from the top in a fresh kernel.

    Parameters
    ----------
    path : the notebook
    save : store the outputs, the seconds taken and the checksum of the sources in the file, if all cells ran

    Raises
    ------
    ValueError
        If the file is not a notebook.
    """
    nb = read_notebook(path)
    record = course_metadata(nb)
    budget = float(record.get("budget_seconds", DEFAULT_BUDGET))
    yardstick = min(calibrate() for _ in range(2)) if save else None
    total = len(code_cells(nb))
    bar_format = "{desc:34}{bar:24} cell {n} of {total}, {elapsed}"
    with tqdm(total=total, desc=path.stem, bar_format=bar_format, disable=None) as bar:
        client = NotebookClient(
            nb,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            coalesce_streams=True,
            record_timing=False,
            extra_arguments=["--IPKernelApp.log_level=40"],
            on_cell_executed=lambda **_: bar.update(),
        )
        start = time.perf_counter()
        try:
            client.execute()
            failure = ""
        except CellExecutionError as error:
            failure = f"a cell failed:\n{error}"
        except (CellTimeoutError, DeadKernelError) as error:
            failure = str(error)
    seconds = time.perf_counter() - start
    fell_back = any(_FALLBACK in output.get("text", "") for cell in code_cells(nb) for output in cell.outputs)
    if save and fell_back and not failure:
        failure = "real data could not be had, so nothing was stored: `course data fetch`, or set COURSE_DATA."
    if save and not failure:
        record.seconds = round(seconds, 1)
        record.yardstick_seconds = round(yardstick, 2)
        record.sources = source_hash(nb)
        record.budget_seconds = budget
        write_notebook(_tidy(nb), path)
    return RunResult(path.stem, seconds, budget, failure, fell_back)


def summary(results: list[RunResult]) -> str:
    """A table of minutes against budgets."""
    lines = [f"{'notebook':34}{'seconds':>9}{'budget':>9}"]
    for result in results:
        state = "failed" if result.failure else "over budget" if result.seconds > result.budget else "ok"
        remark = " (built-in data in place of real data)" if result.fell_back else ""
        lines.append(f"{result.name:34}{result.seconds:9.1f}{result.budget:9.0f}  {state}{remark}")
    total = sum(result.seconds for result in results)
    lines.append(f"{'together':34}{total:9.1f} s = {total / 60:.1f} min")
    return "\n".join(lines)


def _tidy(nb):
    """Leave out what differs from machine to machine and means nothing; keep the tags of sections in step."""
    mark_sections(nb)
    nb.metadata.language_info = {"name": "python"}
    nb.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nb.metadata.pop("widgets", None)
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
    return nb
