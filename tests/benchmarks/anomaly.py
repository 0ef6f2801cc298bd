"""Scoring a long series: seconds for each point as the series grows, and the memory of a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.measuring import Measured

_SCORE = """
import json, resource, sys, time
import keras, numpy as np
from keras import layers
from course_utils.anomaly import ReconstructionDetector

def build(window, channels):
    small = [layers.Flatten(), layers.Dense(8), layers.Dense(window * channels), layers.Reshape((window, channels))]
    return keras.Sequential([layers.Input((window, channels)), *small])

n = int(sys.argv[1])
series = np.sin(np.arange(n) / 40) + np.random.default_rng(0).normal(0, 0.1, n)
detector = ReconstructionDetector(build, 288, epochs=1, random_state=0).fit(series[:5000])
detector.errors(series[:20_000])
began = time.perf_counter()
errors = detector.errors(series)
seconds = time.perf_counter() - began
assert errors.shape == (n,) and np.isfinite(errors).all()
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([seconds, kilobytes / 1e6]))
"""


def _score(n: int) -> tuple[float, float]:
    """Return seconds, and the peak memory of the whole process in GB."""
    done = subprocess.run([sys.executable, "-c", _SCORE, str(n)], check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def measure() -> Iterator[Measured]:
    few, _ = _score(250_000)
    many, gigabytes = _score(1_000_000)
    what = f"1,000,000 points, window 288 ({1e6 / many:,.0f} points/s): seconds / 4 x those of 250,000"
    yield Measured(what, many / (4 * few), 1.25)
    yield Measured("the same: peak memory of the process, TensorFlow included", gigabytes, 1, "GB")
