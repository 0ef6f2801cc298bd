"""pytest plugin beside nbval: check cells are judged here, in pytest's process, and outcomes are written down at once.

nbval collects the cells and runs them in its kernel. This plugin gives it a kernel whose output is bounded and whose
death is noticed at once, replaces what check cells do by the course's checks against the student's functions in the
kernel, and lets cells after a timeout count as what they are.
"""

from __future__ import annotations

import json
import re
import resource
import time
from collections import Counter, deque
from itertools import pairwise
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

import nbval.plugin
import pytest
import zmq
from jupyter_client.manager import KernelManager
from nbval.kernel import NbvalKernelspecManager, RunningKernel

from course_utils.checks import EXERCISES
from course_utils.teaching.grading.wire import RemoteFunction

OUTPUT_LIMIT = 200_000  # bytes of a cell's output that are read
ESSENTIAL_LIMIT = 10_000_000  # bytes of what must be known of a cell: that it began, failed, ended
LARGEST_MESSAGE = 8 << 20  # a larger one cuts the connection; a kernel that nobody has tampered with sends none
# IPython's tee keeps a copy of all output, and puts `write` back after each cell: so it goes first, by itself.
_NO_TEE = """
import contextlib
get_ipython()._tee = lambda channel, nothing=contextlib.nullcontext: nothing()
del contextlib
__course_reply = ""
"""
_BOUND = """
def _bound(stream, left=5_000_000):
    write = stream.write
    def bounded(text):
        nonlocal left
        left -= len(text)
        return write(text) if left > 0 else len(text)
    stream.write = bounded

import sys
_bound(sys.stdout), _bound(sys.stderr)
del _bound, sys
__course_reply = ""
"""
_SHORTEN = """
def _shorten(session, most=5_000_000):
    serialize = session.serialize
    def short(value):
        if isinstance(value, str):
            return value[:10_000]
        if isinstance(value, dict):
            return {key: short(part) for key, part in value.items()}
        return [short(part) for part in value] if isinstance(value, (list, tuple)) else value
    def bounded(message, ident=None):
        parts = serialize(message, ident)
        if sum(map(len, parts)) > most:
            parts = serialize({**message, "content": short(message["content"])}, ident)
        return parts
    session.serialize = bounded

_shorten(get_ipython().kernel.session)
del _shorten
__course_reply = ""
"""


class KernelLostError(BaseException):
    """The kernel died or does not answer; not an Exception, so that a check cannot take it for the student's error."""


class BoundedKernel(RunningKernel):
    """nbval's kernel over unix sockets, with bounded output, and death noticed within a second."""

    settings: ClassVar[dict[str, Any]] = {}

    def __init__(self, kernel_name: str, cwd: str | None = None, startup_timeout: float = 60) -> None:
        context = zmq.Context()
        context.setsockopt(zmq.RCVHWM, 1)
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        folder = Path(self.settings["connection"])
        self.km = KernelManager(
            kernel_name=kernel_name,
            kernel_spec_manager=NbvalKernelspecManager(),
            context=context,
            transport="ipc",
            ip=str(folder / "s"),
            connection_file=str(folder / "kernel.json"),
        )
        with open("/dev/null", "w") as nothing:
            self.km.start_kernel(cwd=cwd, stdout=nothing, stderr=nothing, env=self.settings["environment"])
        self.kc = self.km.client(context=context)
        self.kc.start_channels()
        self._kept: deque[dict] = deque()
        self._received: Counter[bool] = Counter()
        self.kc.wait_for_ready(timeout=startup_timeout)
        if self.settings["memory"]:  # of this process; the kernel, which has begun, has its own limit
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (self.settings["memory"], hard))
        for preparation in (_NO_TEE, _BOUND, _SHORTEN):
            self.ask(preparation, timeout=startup_timeout)

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        """Begin a cell, with its output counted anew."""
        self._received.clear()
        return super().execute_cell_input(cell_input, allow_stdin)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> dict:
        """Wait for the reply to a request; raise Empty after the timeout, RuntimeError if the kernel died."""
        deadline = time.monotonic() + (timeout or 1e9)
        while True:
            self._drain()
            try:
                message = self.kc.shell_channel.get_msg(timeout=0.1)
                if message["parent_header"].get("msg_id") == msg_id:
                    return message
            except Empty:
                if not self.km.is_alive():
                    raise RuntimeError("The kernel died.") from None
            if time.monotonic() > deadline:
                raise Empty

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        """Take the next message; of a cell that prints without end, only the beginning is kept."""
        if stream != "iopub":
            return super().get_message(stream, timeout)
        deadline = time.monotonic() + (timeout or 60)
        while True:
            self._drain()
            if self._kept:
                return self._kept.popleft()
            if time.monotonic() > deadline or not self.km.is_alive():
                raise Empty
            time.sleep(0.002)

    def _drain(self) -> None:
        """Read what the kernel has sent; what is too much is passed over, not decoded."""
        channel = self.kc.iopub_channel
        for _ in range(20):  # a kernel may send without end
            if not channel.msg_ready():
                return
            _, parts = channel.session.feed_identities(channel.socket.recv_multipart())
            message = channel.session.deserialize(parts, content=False)
            essential = message["msg_type"] in ("status", "execute_input", "error")
            self._received[essential] += sum(map(len, parts))
            if self._received[essential] <= (ESSENTIAL_LIMIT if essential else OUTPUT_LIMIT):
                message["content"] = channel.session.unpack(message["content"])
                self._kept.append(message)

    def ask(self, code: str, timeout: float) -> str:
        """Run source that leaves a text in ``__course_reply``, and return that text."""
        self._received.clear()
        msg_id = self.kc.execute(
            code,
            silent=True,
            store_history=False,
            allow_stdin=False,
            user_expressions={"reply": "__course_reply"},
            stop_on_error=False,  # else the kernel may refuse the next cell
        )
        try:
            content = self.await_reply(msg_id, timeout)["content"]
        except Empty:
            self._stop_call(msg_id)
            raise KernelLostError(f"no answer within {timeout:g} s (a loop without an end?)") from None
        except RuntimeError:
            raise KernelLostError("the kernel died in this call") from None
        self._kept.clear()
        reply = content.get("user_expressions", {}).get("reply", {}).get("data", {}).get("text/plain", "''")
        return str(reply).strip("'")

    def _stop_call(self, msg_id: str) -> None:
        """Interrupt a call; a kernel that takes no interrupt is stopped."""
        self.km.interrupt_kernel()
        try:
            self.await_reply(msg_id, timeout=5)
        except (Empty, RuntimeError):
            self.km.shutdown_kernel(now=True)

    def is_alive(self) -> bool:
        """Whether the kernel can run another cell."""
        return hasattr(self, "km") and self.km.is_alive()


class GradingPlugin:
    """Judges check cells and writes each cell's outcome to a log, a line of JSON each."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._log = open(settings["log"], "a", encoding="utf-8")  # noqa: SIM115 - closed at the end of the session

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Let check cells run the check here instead of the cell."""
        for item in items:
            if item.cell.metadata.course_cell == "check":
                item.runtest = lambda item=item: self._judge(item)

    def _judge(self, item: pytest.Item) -> None:
        name = item.cell.metadata.grade_id
        exercise, kernel = EXERCISES[name], item.parent.kernel
        if not kernel.is_alive():
            item.user_properties.append(("state", "not run"))
            raise RuntimeError("The kernel had died before.")

        def run(code: str) -> str:
            return kernel.ask(code, self._settings["call_timeout"])

        for seed in self._settings["seeds"][name]:
            try:
                verdict = exercise.run(RemoteFunction(exercise.name, run), seed)
            except KernelLostError as lost:
                item.user_properties.append(("state", "timed out" if "no answer" in str(lost) else "failed"))
                raise RuntimeError(f"{exercise.name}: {lost}.") from None
            if not verdict.passed:
                item.user_properties.append(("state", "failed"))
                raise AssertionError(verdict.message)
        item.user_properties.append(("state", "passed"))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> Any:
        """Write an outcome down as soon as it is known."""
        outcome = yield
        report = outcome.get_result()
        item.parent.timed_out = False  # nbval would take all later cells for expected failures
        if call.when != "call" and not (call.when == "setup" and report.failed):
            return
        metadata = item.cell.metadata
        line = {
            "cell": item.cell_num,
            "role": metadata.course_cell,
            "grade_id": metadata.grade_id,
            "passed": report.passed,
            "state": dict(item.user_properties).get("state", ""),
            "message": _plain_words(call.excinfo.value) if call.excinfo else "",
            "alive": item.parent.kernel is not None and item.parent.kernel.is_alive(),
        }
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()

    def pytest_sessionfinish(self) -> None:
        """Close the log with a line that says that nothing is missing."""
        self._log.write(json.dumps({"finished": True}) + "\n")
        self._log.close()


def _plain_words(error: BaseException) -> str:
    """What a failed cell says, in a line."""
    text = str(getattr(error, "inner_traceback", "") or error).strip()
    if isinstance(error, AssertionError):
        return text[:2000]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else type(error).__name__
    if re.match(r"(Syntax|Indentation|Tab)Error", last):
        for line, after in pairwise(lines):
            if place := re.search(r"\bline (\d+)$", line):
                last = f"{last}, in its line {place[1]}: {after}"
    return last[:500]


def pytest_configure(config: pytest.Config) -> None:
    """Take nbval's kernel out, put ours in, and begin the log."""
    settings = json.loads(Path(config.getoption("--course-grading")).read_text(encoding="utf-8"))
    BoundedKernel.settings = settings
    nbval.plugin.RunningKernel = BoundedKernel
    config.pluginmanager.register(GradingPlugin(settings))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file of settings."""
    parser.addoption("--course-grading", help="settings of this submission, written by `course grade`")
