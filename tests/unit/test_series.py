"""Time series: the built-in sensors with their faults, and NAB's files as they come."""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from course_utils.data import SERIES, DataUnavailable, load_series
from course_utils.data import series as module
from course_utils.data.series import MACHINES

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_sensor_is_regular_complete_and_labelled(machine):
    table = load_series(machine)
    assert table.index.freq == pd.Timedelta("30min")
    assert table.index.name == "timestamp"
    assert table.value.dtype == float
    assert table.value.notna().all()
    assert list(table.part.unique()) == ["train", "validation", "test"]
    assert table.part.value_counts().to_dict() == {"train": 20 * 336, "validation": 13 * 336, "test": 9 * 336}
    assert not table.is_anomaly[table.part != "test"].any()
    assert ((table.fault != "") == table.is_anomaly).all()
    assert set(table.fault) - {""} == {"spike", "level shift", "flat line", "frequency", "phase", "drift"}


def test_a_flat_line_is_flat_and_a_spike_stands_out():
    for machine in MACHINES:
        table = load_series(machine)
        flat = table.value[table.fault == "flat line"]
        gaps = flat.index.to_series().diff() > pd.Timedelta("30min")
        assert flat.groupby(gaps.cumsum()).nunique().eq(1).all()
        spike = np.flatnonzero(table.fault == "spike")
        neighbours = (table.value.iloc[spike - 1].to_numpy() + table.value.iloc[spike + 1].to_numpy()) / 2
        usual = (table.value - (table.value.shift(1) + table.value.shift(-1)) / 2).abs().quantile(0.9)
        assert (np.abs(table.value.iloc[spike].to_numpy() - neighbours) > usual).all()


def test_the_generator_makes_the_committed_bytes(tmp_path):
    runpy.run_path(str(DATA / "make_sensors.py"))["main"](tmp_path)
    for name in ("sensors.csv", "sensor_faults.csv"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), f"run python data/make_sensors.py: {name}"


def test_an_unknown_series_is_named():
    with pytest.raises(ValueError, match="unknown series 'nyc': expected one of oven, pump, cooler, nab/"):
        load_series("nyc")


@pytest.fixture
def nab_files(tmp_path, monkeypatch):
    """Files in NAB's format: an hour is doubled, as in the machine's temperature."""
    (tmp_path / "nyc_taxi.csv").write_text(
        "timestamp,value\n2014-07-01 00:00:00,1\n2014-07-01 00:30:00,2\n2014-07-01 01:00:00,3\n"
        "2014-07-01 00:30:00,4\n2014-07-01 01:30:00,5\n"
    )
    windows = {"realKnownCause/nyc_taxi.csv": [["2014-07-01 00:30:00.000000", "2014-07-01 01:00:00.000000"]]}
    (tmp_path / "combined_windows.json").write_text(json.dumps({"other/x.csv": []} | windows))
    paths = [tmp_path / "nyc_taxi.csv", tmp_path / "combined_windows.json"]
    monkeypatch.setattr(module, "local_files", lambda name: paths)


@pytest.mark.usefixtures("nab_files")
def test_nab_s_labels_are_windows_and_doubled_timestamps_are_averaged():
    table = load_series("nab/nyc_taxi")
    assert table.value.tolist() == [1, 3, 3, 5]
    assert table.is_anomaly.tolist() == [False, True, True, False]
    assert table.index.freq == pd.Timedelta("30min")


def test_without_the_files_real_series_say_so_or_fall_back(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(DataUnavailable, match="course data fetch nab"):
        load_series("nab/nyc_taxi")
    table = load_series("nab/nyc_taxi", fallback=True)
    assert capsys.readouterr().out.count("\n") == 1
    pd.testing.assert_frame_equal(table, load_series("pump"))


def test_the_loader_s_names_are_those_of_the_catalog():
    from course_utils.data.catalog import read_catalog

    stems = {Path(file.name).stem for file in read_catalog()["nab"].files} - {"combined_windows"}
    assert {f"nab/{stem}" for stem in stems} == set(SERIES) - set(MACHINES)
    assert len({hashlib.sha256(load_series(m).value.to_numpy().tobytes()).hexdigest() for m in MACHINES}) == 3
