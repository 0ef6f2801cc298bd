"""Time series with labelled anomalies: sensors of our own making, and series of the Numenta Anomaly Benchmark."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from course_utils.data.cache import DataUnavailable, fall_back, local_files
from course_utils.data.catalog import data_files

MACHINES = ("oven", "pump", "cooler")
NAB_SERIES = ("art_daily_jumpsup", "art_daily_small_noise", "machine_temperature_system_failure", "nyc_taxi")
SERIES = (*MACHINES, *(f"nab/{name}" for name in NAB_SERIES))

_WEEKS_OF_TRAINING, _WEEKS_OF_VALIDATION = 20, 13


def load_series(source: str = "oven", *, fallback: bool = False) -> pd.DataFrame:
    """Load a time series with labelled anomalies.

    Parameters
    ----------
    source : name of a series, one of `SERIES`
        ``"oven"``, ``"pump"``, ``"cooler"``: built in, half-hourly readings of a machine over 42 weeks; 20 weeks for
        training and 13 for validation are free of faults, the 9 for testing hold one fault a week.
        ``"nab/nyc_taxi"`` and other series of the Numenta Anomaly Benchmark: real, or artificial where the name
        begins with ``art``. Doubled timestamps are averaged.
    fallback : if real data cannot be had, print one line and return the built-in pump instead

    Returns
    -------
    series : DataFrame with a regular DatetimeIndex named timestamp, and the columns
        value : float64, in the sensor's unit
        is_anomaly : bool
        fault : str, kind of the fault, "" for none (built-in series only)
        part : str, "train", "validation" or "test" (built-in series only)

    Raises
    ------
    ValueError
        If the source is unknown.
    DataUnavailable
        If real data is neither in the cache nor to be had, and `fallback` is off.
    """
    if source not in SERIES:
        raise ValueError(f"unknown series {source!r}: expected one of {', '.join(SERIES)}.")
    if source in MACHINES:
        return _sensor(source)
    try:
        *paths, labels = local_files("nab")
    except DataUnavailable as error:
        fall_back(error, fallback, "the built-in pump")
        return _sensor("pump")
    name = source.removeprefix("nab/")
    return _nab({path.stem: path for path in paths}[name], labels)


def _sensor(machine: str) -> pd.DataFrame:
    folder = data_files()
    values = pd.read_csv(folder / "sensors.csv", index_col="timestamp", parse_dates=True).asfreq("30min")[machine]
    faults = pd.read_csv(folder / "sensor_faults.csv", parse_dates=["start", "end"])
    fault = pd.Series("", index=values.index)
    for row in faults[faults.machine == machine].itertuples():
        fault[row.start : row.end] = row.fault
    week = (values.index - values.index[0]).days // 7
    part = pd.cut(
        week,
        [-1, _WEEKS_OF_TRAINING - 1, _WEEKS_OF_TRAINING + _WEEKS_OF_VALIDATION - 1, week.max()],
        labels=["train", "validation", "test"],
    )
    return pd.DataFrame(
        {"value": values, "is_anomaly": fault != "", "fault": fault, "part": part.astype(str)}, index=values.index
    )


def _nab(path: Path, labels: Path) -> pd.DataFrame:
    raw = pd.read_csv(path, parse_dates=["timestamp"])
    value = raw.groupby("timestamp").value.mean()  # the machine's temperature holds an hour twice
    value = value.asfreq(value.index[1] - value.index[0])
    windows = json.loads(labels.read_text(encoding="utf-8"))
    is_anomaly = pd.Series(False, index=value.index)
    for start, end in next(found for name, found in windows.items() if Path(name).stem == path.stem):
        is_anomaly[start:end] = True
    return pd.DataFrame({"value": value.astype(float), "is_anomaly": is_anomaly})
