"""Grading a class: one pytest process for each submission, several at a time, resumable."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.checks import EXERCISES
from course_utils.checks.base import NO_FUNCTION
from course_utils.data import cache_folder
from course_utils.teaching.grading.needed import keep_needed
from course_utils.teaching.grading.results import Graded, Mark, from_json, to_json
from course_utils.teaching.grading.sandbox import kernel_spec, sandboxed, unavailable
from course_utils.teaching.grading.submissions import (
    Exercise,
    Submission,
    UnreadableError,
    exercises,
    find_submissions,
    lay_on_master,
    read_submission,
)
from course_utils.teaching.notebooks import COURSE_ROOT, course_metadata, read_notebook, write_text
from course_utils.teaching.processes import end_family

SEEDS = 3
CALL_SECONDS = 20
_PACKAGE = Path(__file__).parents[2]
MEMORY = 2 << 30  # address space of the process that judges a submission, in bytes
_KERNEL = ("-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False", "--colors=NoColor")


class BrokenMasterError(RuntimeError):
    """The instructor's notebook, or the grader, does not give full marks to the right solutions."""


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions of a class."""

    master: Path
    notebook: NotebookNode
    exercises: tuple[Exercise, ...]
    hidden: tuple[Path, ...]
    seeds: dict[str, list[int]]
    sandbox: bool
    all_cells: bool
    cell_seconds: float
    wall_seconds: float
    threads: int = 1

    @property
    def key(self) -> str:
        """Checksum of everything that a mark depends on, beside the submission."""
        settings = (package_checksum(_PACKAGE), self.sandbox, self.all_cells, self.cell_seconds)
        return hashlib.sha256((nbformat.writes(self.notebook) + repr(settings)).encode()).hexdigest()


@functools.cache
def package_checksum(package: Path) -> str:
    """Checksum of a package's sources: a check that has been mended judges everybody anew."""
    sources = sorted(package.rglob("*.py"))
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in sources)).hexdigest()


def default_workers() -> int:
    """Workers that this machine can bear: its cores, or a gigabyte of memory for each, whichever is less."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return max(1, min(_cores(), gigabytes))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare(
    master: Path,
    hidden: Sequence[Path] = (),
    *,
    sandbox: bool = True,
    all_cells: bool = False,
    cell_seconds: float | None = None,
    workers: int = 1,
) -> Job:
    """Read the instructor's notebook and settle how its submissions are run.

    Parameters
    ----------
    master : the instructor's notebook
    hidden : folders that submissions must not read: those of all submissions and of the results
    sandbox : run submissions in namespaces, without network
    all_cells : run every cell of the notebook, not only those that the exercises need
    cell_seconds : limit for a cell; by default the notebook's budget, at least 20
    workers : submissions run at the same time, which share the cores

    Returns
    -------
    job : for `grade_one`

    Raises
    ------
    ValueError
        If the notebook has no exercises, or one that the course has no check for; or if this machine has no sandbox.
    """
    master = Path(master).resolve()
    nb = read_notebook(master)
    found = tuple(exercises(nb))
    if not found:
        raise ValueError(f"{master.name} has no exercises: expected the instructor's notebook, with check cells.")
    unknown = [exercise.grade_id for exercise in found if exercise.grade_id not in EXERCISES]
    if unknown:
        raise ValueError(f"the course has no check for {', '.join(unknown)}: see course_utils.checks.")
    reason = unavailable() if sandbox else None
    if reason:
        raise ValueError(
            f"no sandbox on this machine: {reason} Grade on Linux, or in a container with `--network none --read-only "
            "--pids-limit --memory`, or trust the submissions and say --no-sandbox; the marks are then labelled."
        )
    budget = float(course_metadata(nb).get("budget_seconds", 60))
    secret = master.read_bytes()
    return Job(
        master=master,
        notebook=nb,
        exercises=found,
        hidden=tuple(Path(path).resolve() for path in (master.parent, *hidden, *_own_secrets())),
        seeds={exercise.grade_id: _seeds(secret, exercise.grade_id) for exercise in found},
        sandbox=sandbox,
        all_cells=all_cells,
        threads=max(1, _cores() // workers),
        cell_seconds=cell_seconds or max(20.0, budget),
        wall_seconds=4 * max(20.0, cell_seconds or budget) + 120,
    )


def grade_class(
    master: Path,
    submissions: Path,
    out: Path,
    *,
    workers: int | None = None,
    sandbox: bool = True,
    all_cells: bool = False,
    cell_seconds: float | None = None,
    progress: bool = True,
) -> list[Graded]:
    """Grade every submission of a folder; what an earlier, interrupted run has finished is not run again.

    Parameters
    ----------
    master : the instructor's notebook
    submissions : folder with a notebook or a folder for each student
    out : folder for the results, made if need be
    workers : submissions graded at the same time; by default as many as the machine bears
    sandbox, all_cells, cell_seconds : as for `prepare`
    progress : show a bar with the time to go

    Returns
    -------
    results : one for each submission, sorted by student

    Raises
    ------
    ValueError
        If a folder cannot be used, `out` holds the marks of another notebook, or another run writes to it.
    BrokenMasterError
        If the instructor's own solutions do not get full marks. No submission is graded then.
    """
    from tqdm import tqdm

    submissions, out = Path(submissions), Path(out)
    found = find_submissions(submissions, Path(master).name)
    if out.resolve() == submissions.resolve() or submissions.resolve() in out.resolve().parents:
        raise ValueError(f"{out} lies among the submissions: choose a folder outside of {submissions}.")
    workers = max(1, workers or default_workers())
    with _locked(out) as state:
        _refuse_another_notebook(out, Path(master).stem)
        _remove_leftovers()
        job = prepare(
            master, (submissions, out), sandbox=sandbox, all_cells=all_cells, cell_seconds=cell_seconds, workers=workers
        )
        _probe(job, state)
        results = []
        with (
            ThreadPoolExecutor(workers) as pool,
            tqdm(total=len(found), unit=" submissions", disable=not progress, smoothing=0.1) as bar,
        ):
            pending = [pool.submit(_graded_or_stored, job, submission, state) for submission in found]
            try:
                for future in as_completed(pending):
                    results.append(future.result())
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return sorted(results, key=lambda result: result.student)


def grade_one(job: Job, submission: Submission) -> Graded:
    """Grade one submission, whatever state it is in."""
    began = time.monotonic()
    empty = Graded(
        student=submission.student,
        notebook=job.master.stem,
        marks=tuple(Mark(e.grade_id, e.title, 0.0, e.maximum) for e in job.exercises),
        remarks=(submission.remark,) if submission.remark else (),
        sandboxed=job.sandbox,
    )
    if submission.path is None:
        return replace(empty, outcome="unreadable")
    try:
        student, remarks = read_submission(submission.path)
        laid, more = lay_on_master(job.notebook, student)
        needed = laid if job.all_cells else keep_needed(laid)
    except UnreadableError as error:
        return replace(empty, outcome="unreadable", remarks=(*empty.remarks, str(error)))
    except Exception as error:  # one notebook, however odd, must not end the grading of the others
        odd = f"The grader could not read this notebook ({type(error).__name__}): look at it, and tell its authors."
        return replace(empty, outcome="unreadable", remarks=(*empty.remarks, odd))
    try:
        outcome, lines, ended = _run_past_deaths(job, needed)
        if not job.all_cells and _may_need_more(lines):
            outcome, lines, ended = _run_past_deaths(job, laid)
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        outcome, lines, ended = "crashed", [], []
        more.append(f"The run could not be made or read ({type(error).__name__}: {error!s:.200}).")
    marks = tuple(_mark(exercise, lines) for exercise in job.exercises)
    if outcome == "timed out":
        more.append(f"The submission took longer than {job.wall_seconds:.0f} s and was stopped.")
    if outcome == "crashed":
        more.append("The run of this submission broke off.")
    for grade_id in ended:
        own = "a cell of the student's own; what comes after it was not run."
        more.append("The kernel ended in " + (f"{grade_id}; the others were run without it." if grade_id else own))
    seconds = time.monotonic() - began
    remarks = (*empty.remarks, *remarks, *more)
    return replace(empty, marks=marks, outcome=outcome, remarks=remarks, seconds=seconds)


def judge(job: Job, submission: Submission, more: Sequence[NotebookNode] = ()) -> list[dict]:
    """Run a submission, and further cells below it; returns the lines of the log, one for each cell, without marks.

    Parameters
    ----------
    job : from `prepare`
    submission : one that can be read
    more : code cells with ``course_cell`` and ``grade_id`` in their metadata, as `lay_on_master` makes them
    """
    laid, _ = lay_on_master(job.notebook, read_submission(submission.path)[0])
    notebook = keep_needed(laid)
    notebook.cells += more
    return _run(job, notebook)[1]


def _mark(exercise: Exercise, lines: list[dict]) -> Mark:
    """The mark of an exercise, from the log."""
    mark = Mark(exercise.grade_id, exercise.title, 0.0, exercise.maximum)
    own = [line for line in lines if line.get("grade_id") == exercise.grade_id]
    judged = [line for line in own if line["role"] == "check"]
    if not judged:
        return mark
    line = judged[-1]
    if line["passed"] and line["state"] == "passed":
        return replace(mark, points=exercise.maximum, state="passed")
    broken = [other["message"] for other in own if other["role"] == "solution" and not other["passed"]]
    remark = f"Its cell stops with {broken[0]}" if broken else line["message"]
    return replace(mark, state=line["state"] or "not run", remark=remark)


def _may_need_more(lines: list[dict]) -> bool:
    """Whether a solution stopped with an error that a cell which was left out might have prevented."""
    signs = (NO_FUNCTION, "NameError", "AttributeError", "ImportError", "ModuleNotFoundError", "KeyError")
    return any(not line["passed"] and any(sign in line["message"] for sign in signs) for line in lines)


def _run_past_deaths(job: Job, notebook: NotebookNode) -> tuple[str, list[dict], list[str]]:
    """Run a notebook; an exercise that ends the kernel costs its own points, not those of the exercises after it.

    Returns how the last run ended, the lines of its log, and in which exercises the kernel ended ("" for other cells).
    """
    notebook = deepcopy(notebook)
    kept: list[dict] = []
    ended: list[str] = []
    deadline = time.monotonic() + job.wall_seconds
    while True:
        outcome, lines = _run(replace(job, wall_seconds=max(1.0, deadline - time.monotonic())), notebook)
        name = next((line["grade_id"] for line in lines if not line["alive"]), None)
        if name is None:
            break
        written = [cell for cell in notebook.cells if cell.metadata.grade_id == name and cell.source]
        if not name or not written:
            ended.append("")
            break
        ended.append(name)
        kept += [line for line in lines if line["grade_id"] == name]
        for cell in written:
            cell.source = ""
    return outcome, [line for line in lines if line["grade_id"] not in ended] + kept, ended


def _run(job: Job, notebook: NotebookNode) -> tuple[str, list[dict]]:
    """Run a notebook in a process of its own: how that ended, and the lines of its log."""
    last = max(i for i, cell in enumerate(notebook.cells) if cell.metadata.course_cell == "check")
    notebook.cells = notebook.cells[: last + 1]
    with _working_folder() as folder:
        control, work, connection = (folder / name for name in ("control", "work", "c"))
        for path in (control, work, connection):
            path.mkdir()
        shutil.copytree(_matplotlib_cache(), work / ".mpl", ignore=shutil.ignore_patterns("*.lock", "tex.cache"))
        path = work / job.master.name
        nbformat.write(notebook, path)
        log = control / "log"
        log.touch()
        argv = [sys.executable, *_KERNEL]
        if job.sandbox:
            argv = sandboxed(argv, work=work, writable=(connection,), hidden=(*job.hidden, control))
        name = kernel_spec(control, argv)
        settings = {
            "log": str(log),
            "connection": str(connection),
            "environment": _environment(work, job.threads),
            "seeds": job.seeds,
            "call_timeout": CALL_SECONDS,
            "memory": MEMORY if job.sandbox else 0,
        }
        (control / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        code = _watch(_pytest(job, control, path, name), control, job.wall_seconds)
        lines = _read_log(log)
    finished = bool(lines) and bool(lines[-1].get("finished"))
    outcome = "timed out" if code is None else "graded" if finished and code in (0, 1) else "crashed"
    return outcome, [line for line in lines if "cell" in line]


def _pytest(job: Job, control: Path, path: Path, kernel: str) -> list[str]:
    return [
        *(sys.executable, "-I", "-m", "pytest", "-q", "--tb=no", "--noconftest", "-c", os.devnull),
        *(f"--rootdir={path.parent}", "-p", "no:cacheprovider", "-p", "nbval.plugin"),
        *("-p", "course_utils.teaching.grading.plugin", f"--course-grading={control / 'settings.json'}"),
        *("--nbval-lax", f"--nbval-cell-timeout={job.cell_seconds}", f"--nbval-kernel-name={kernel}", str(path)),
    ]


def _watch(command: list[str], control: Path, seconds: float) -> int | None:
    """Run a command in a process group of its own; None if it had to be stopped after so many seconds."""
    own = {
        "JUPYTER_PATH": str(control),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        "PYTEST_PLUGINS": "",
    }
    environment = os.environ | own
    with open(control / "pytest.txt", "wb") as output:
        process = subprocess.Popen(
            command, cwd=control, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end_family(process.pid)
            process.wait()


def _read_log(path: Path) -> list[dict]:
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:  # the last line of a process that was killed
            break
    return lines


def _environment(work: Path, threads: int) -> dict[str, str]:
    """What a submission's kernel sees of the environment."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    own = {name: os.environ[name] for name in kept if name in os.environ} | {"COURSE_DATA": str(cache_folder())}
    places = {"HOME": work, "IPYTHONDIR": work / ".ipython", "MPLCONFIGDIR": work / ".mpl", "KERAS_HOME": work}
    quiet = {"COURSE_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), str(threads))
    return own | {name: str(path) for name, path in places.items()} | quiet | counts


@functools.cache
def _matplotlib_cache() -> Path:
    """Folder with matplotlib's list of fonts, which takes seconds to make anew."""
    import matplotlib
    import matplotlib.font_manager  # writes the list, if there is none yet

    return Path(matplotlib.get_cachedir())


def _own_secrets() -> list[Path]:
    """What submissions must not read: solutions, in a clone and in the package, and what only root may read."""
    own = [COURSE_ROOT / name for name in ("notebooks", "tests", ".git")]
    machine = [Path(name) for name in ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/srv", "/mnt", "/media")]
    return [path for path in (*own, Path(__file__).parents[1], *machine) if path.exists()]


def _seeds(secret: bytes, grade_id: str) -> list[int]:
    """Seeds that depend on the instructor's notebook, which students do not have: the same in every run."""
    digests = (hmac.digest(secret, f"{grade_id} {i}".encode(), "sha256") for i in range(SEEDS))
    return [int.from_bytes(digest[:4], "big") for digest in digests]


def _probe(job: Job, state: Path) -> None:
    """Grade the instructor's own solutions first."""
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(job.master, folder)
        result = _graded_or_stored(job, Submission("instructor's notebook", Path(path)), state)
    if result.points < result.maximum:
        lost = [f"{mark.grade_id}: {mark.remark or mark.state}" for mark in result.marks if mark.points < mark.maximum]
        raise BrokenMasterError(
            f"{job.master.name} itself gets {result.points:g} of {result.maximum:g} points, so no submission was "
            f"graded. {' '.join((*result.remarks, *lost))}"
        )


def _graded_or_stored(job: Job, submission: Submission, state: Path) -> Graded:
    """The stored result of an earlier run if nothing has changed, else a new one, stored.

    A run that broke off is tried again: perhaps the machine was at fault.
    """
    name = hashlib.sha256(submission.student.encode(errors="surrogateescape")).hexdigest()[:20]
    stored = state / f"{name}.json"
    key = hashlib.sha256(job.key.encode() + _content(submission)).hexdigest()
    try:
        earlier = from_json(stored.read_text(encoding="utf-8"))
        if earlier.key == key and earlier.student == submission.student and earlier.outcome != "crashed":
            return earlier
    except (OSError, ValueError):
        pass
    result = replace(grade_one(job, submission), key=key)
    write_text(stored, to_json(result))
    return result


def _refuse_another_notebook(out: Path, notebook: str) -> None:
    try:
        other = json.loads((out / "results.json").read_text(encoding="utf-8"))[0]["notebook"]
    except (OSError, ValueError, LookupError, TypeError):
        return
    if other != notebook:
        raise ValueError(f"{out} holds the marks of {other}: choose a folder for each notebook.")


@contextmanager
def _working_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"cg{os.getpid()}-"))
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Delete a folder, however deep: Python's own rmtree stops where it would recurse too far."""
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):  # a submission may have locked its folders
        subprocess.run([*command, "--", str(folder)], check=False, capture_output=True)


def _remove_leftovers() -> None:
    """Delete the working folders of runs that were killed."""
    import psutil

    for folder in Path(tempfile.gettempdir()).glob("cg*-*"):
        process = re.fullmatch(r"cg(\d+)-\w+", folder.name)
        if process and not psutil.pid_exists(int(process[1])) and folder.lstat().st_uid == os.getuid():
            _remove(folder)


def _content(submission: Submission) -> bytes:
    if submission.path is None:
        return submission.remark.encode()
    try:
        with open(submission.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest() + submission.remark.encode()
    except OSError as error:
        return str(error).encode()


@contextmanager
def _locked(out: Path) -> Iterator[Path]:
    """The folder of finished results, for one run at a time."""
    state = out / "state"
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = open(out / ".lock", "w", encoding="ascii")  # noqa: SIM115 - held until the end
    except OSError as error:
        raise ValueError(f"{out} cannot be written ({error.strerror}): choose another folder.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"another run is writing to {out}: wait for it, or choose another folder.") from None
        yield state
