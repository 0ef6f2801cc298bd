"""Repeated, alternating measurements."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One figure, the bound it must keep, and whether it should be small or large."""

    what: str
    value: float
    bound: float
    unit: str = ""
    larger_is_better: bool = False

    @property
    def reached(self) -> bool:
        return self.value >= self.bound if self.larger_is_better else self.value <= self.bound

    def __str__(self) -> str:
        sign = ">=" if self.larger_is_better else "<="
        state = "ok" if self.reached else "MISSED"
        return f"{self.what:78} {self.value:10.3g} {self.unit:3} target {sign} {self.bound:g} {self.unit}  {state}"


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def time_ratio(ours: Callable[[], object], peer: Callable[[], object], repeats: int = 7) -> float:
    """Median of ours/peer over pairs run one after the other, after one warm-up of each."""
    ours()
    peer()
    return statistics.median(seconds(ours) / seconds(peer) for _ in range(repeats))
