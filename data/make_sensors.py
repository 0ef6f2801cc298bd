"""Make sensors.csv and sensor_faults.csv, the course's own sensor series: `python data/make_sensors.py [FOLDER]`.

Three machines over 42 weeks, a value every half hour. Each machine has a rhythm of its own, never twice the same, on
top of a slow drift and of noise. The last weeks hold one fault a week and machine, at a random place. The same numbers
on every run: `RandomState` is a stream that NumPy has promised to keep.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import RandomState
from numpy.typing import NDArray

FIRST_DAY = "2024-01-01"  # a Monday
PER_DAY = 48
WEEKS = {"train": 20, "validation": 13, "test": 9}
DAYS = 7 * sum(WEEKS.values())
SEED = 11
FAULTS = ("spike", "level shift", "flat line", "frequency", "phase", "drift")

Rhythm = Callable[[NDArray], NDArray]  # days since the start -> values without drift and noise


def oven(rng: RandomState) -> Rhythm:
    """Power in kW. Light days are long, heavy days short; a dip at noon; Saturday until one o'clock, Sunday off."""
    heavy = rng.uniform(size=_SPARE) < 0.4
    on = np.where(heavy, 7.5, 5) + rng.uniform(-0.6, 0.6, _SPARE)
    off = np.where(heavy, 17, 22) + rng.uniform(-0.6, 0.6, _SPARE)
    power = np.where(heavy, 58, 32) + rng.uniform(-2, 2, _SPARE)
    noon = 12.5 + rng.uniform(-0.4, 0.4, _SPARE)
    saturday, sunday = _WEEKDAY == 5, _WEEKDAY == 6
    off[saturday] = 13 + rng.uniform(-0.6, 0.6, saturday.sum())
    power[sunday] = 0

    def rhythm(t: NDArray) -> NDArray:
        day, hour = _day_and_hour(t)
        running = _step((hour - on[day]) / 0.7) * _step((off[day] - hour) / 0.7)
        dip = 0.4 * np.exp(-(((hour - noon[day]) / 0.9) ** 2)) * (_WEEKDAY[day] < 5)
        return 8 + power[day] * running * (1 - dip)

    return rhythm


def pump(rng: RandomState) -> Rhythm:
    """Pressure in bar. Two peaks a day at changing hours; a high, narrow one goes with a low, wide one."""
    morning, evening = 7 + rng.uniform(-1.2, 1.2, _SPARE), 19 + rng.uniform(-1.2, 1.2, _SPARE)
    morning[_WEEKDAY >= 5] += 2
    share = rng.uniform(size=_SPARE)

    def rhythm(t: NDArray) -> NDArray:
        day, hour = _day_and_hour(t)
        first = (1.5 + 1.3 * share[day]) * np.exp(-(((hour - morning[day]) / (2.2 - share[day])) ** 2))
        second = (3.6 - 1.3 * share[day]) * np.exp(-(((hour - evening[day]) / (1.2 + share[day])) ** 2))
        return 3 + first + second

    return rhythm


def cooler(rng: RandomState) -> Rhythm:
    """Temperature in degrees C. A thermostat's sawtooth: the warmer the weather, the higher, faster and flatter."""
    t_fine = np.arange(_SPARE * 96) / 96
    weather = np.interp(t_fine, np.arange(_SPARE + 1), _smooth_noise(rng, _SPARE + 1, 3))
    warmth = 0.65 * weather + 0.35 * (0.5 + 0.5 * np.sin(2 * np.pi * (t_fine - 9 / 24)))
    cycles = np.cumsum(3 + 5 * warmth) / 96

    def rhythm(t: NDArray) -> NDArray:
        phase, warm = np.interp(t, t_fine, cycles) % 1, np.interp(t, t_fine, warmth)
        sawtooth = np.where(phase < 0.7, phase / 0.7, (1 - phase) / 0.3) - 0.5
        return 4 + 2 * warm + (2.4 - 1.2 * warm) * sawtooth

    return rhythm


MACHINES = {"oven": (oven, 1.3), "pump": (pump, 0.08), "cooler": (cooler, 0.08)}  # and the noise's standard deviation


def make() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return values, a column for each machine, and faults: machine, fault, first and last timestamp."""
    timestamps = pd.date_range(FIRST_DAY, periods=DAYS * PER_DAY, freq="30min", name="timestamp")
    columns, rows = {}, []
    for number, (machine, (make_rhythm, noise)) in enumerate(MACHINES.items()):
        rng = RandomState(SEED + number)
        columns[machine], faults = _series(make_rhythm(rng), noise, rng)
        rows += [(machine, fault, timestamps[start], timestamps[stop - 1]) for fault, start, stop in faults]
    table = pd.DataFrame(rows, columns=["machine", "fault", "start", "end"])
    return pd.DataFrame(columns, index=timestamps), table


def _series(rhythm: Rhythm, noise: float, rng: RandomState) -> tuple[NDArray, list[tuple[str, int, int]]]:
    """Return one machine's values, and its faults as (kind, start, stop)."""
    t = np.arange(DAYS * PER_DAY) / PER_DAY
    low, high = np.quantile(rhythm(t), [0.02, 0.98])
    span = high - low
    drift = 0.08 * span * (_smooth_noise(rng, len(t), 4 * PER_DAY) - 0.5)
    noise = rng.normal(0, noise, len(t))
    added, stuck, faults = np.zeros(len(t)), [], []
    kinds = [*FAULTS, *rng.permutation(FAULTS[1:])[: WEEKS["test"] - len(FAULTS)]]
    for week, kind in enumerate(rng.permutation(kinds), start=WEEKS["train"] + WEEKS["validation"]):
        start = int((7 * week + rng.uniform(0.6, 3.6)) * PER_DAY)
        if kind == "flat line":  # sticks in the morning, so that something is missed
            start = start // PER_DAY * PER_DAY + int(2 * rng.uniform(9.5, 11))
        fault = slice(start, start + max(1, int(2 * _hours(kind, rng))))
        sign = rng.choice([-1, 1])
        since = t[fault] - t[start]
        if kind == "spike":
            added[fault] = sign * span * rng.uniform(0.3, 0.45)
        elif kind == "level shift":
            added[fault] = sign * span * rng.uniform(0.14, 0.2)
        elif kind == "drift":
            added[fault] = sign * span * rng.uniform(0.25, 0.35) * since / since[-1]
        elif kind == "frequency":
            t[fault] = t[start] + since * rng.uniform(1.4, 1.7)
        elif kind == "phase":
            t[fault] += sign * rng.uniform(5, 7) / 24
        else:
            stuck.append(fault)
        faults.append((kind, fault.start, fault.stop))
    values = rhythm(t) + drift + noise + added
    for fault in stuck:
        values[fault] = values[fault.start]
    return values, faults


def _hours(kind: str, rng: RandomState) -> float:
    """Return how long a fault lasts."""
    shortest, longest = {
        "spike": (0.5, 0.5),
        "level shift": (8, 20),
        "flat line": (13, 19),
        "frequency": (18, 30),
        "phase": (20, 30),
        "drift": (28, 40),
    }[kind]
    return rng.uniform(shortest, longest)


_SPARE = DAYS + 3  # days to draw: a rhythm that runs fast or ahead needs some beyond the end
_WEEKDAY = np.arange(_SPARE) % 7


def _day_and_hour(t: NDArray) -> tuple[NDArray, NDArray]:
    day = np.clip(np.floor(t).astype(int), 0, _SPARE - 1)
    return day, 24 * (t - day)


def _step(x: NDArray) -> NDArray:
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def _smooth_noise(rng: RandomState, n: int, width: int) -> NDArray:
    """Return a moving mean of white noise, scaled to 0..1."""
    x = np.convolve(rng.normal(size=n + width - 1), np.ones(width) / width, "valid")
    return (x - x.min()) / (x.max() - x.min())


def main(folder: Path) -> None:
    """Write both files."""
    values, faults = make()
    values.round({"oven": 1, "pump": 2, "cooler": 2}).to_csv(folder / "sensors.csv", lineterminator="\n")
    faults.to_csv(folder / "sensor_faults.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
