"""How long `import course_utils` takes, in a fresh process, over an empty one."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.measuring import Measured, seconds


def _process(code: str) -> float:
    return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))


def measure() -> Iterator[Measured]:
    extra = statistics.median(_process("import course_utils") - _process("pass") for _ in range(9))
    yield Measured("import course_utils, over an empty process", extra, 0.3, "s")
