"""ReconstructionDetector: scikit-learn's conventions, every point scored, bad series refused."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from course_utils.anomaly import ReconstructionDetector, make_windows, point_scores, smooth


def dense_autoencoder(window, channels):
    return keras.Sequential(
        [
            layers.Input((window, channels)),
            layers.Flatten(),
            layers.Dense(4),
            layers.Dense(window * channels),
            layers.Reshape((window, channels)),
        ]
    )


def identity(window, channels):
    return keras.Sequential([layers.Input((window, channels)), layers.Identity()])


def zero(window, channels):
    return keras.Sequential([layers.Input((window, channels)), layers.Rescaling(0.0)])


@pytest.fixture(scope="module")
def rhythm():
    t = np.arange(1200)
    return np.sin(2 * np.pi * t / 24) + np.random.default_rng(0).normal(0, 0.05, len(t))


@pytest.fixture(scope="module")
def detector(rhythm):
    model = ReconstructionDetector(dense_autoencoder, 24, epochs=15, learning_rate=0.01, random_state=0)
    return model.fit(rhythm)


@pytest.mark.parametrize("place", [0, 300, 599])
def test_it_finds_a_fault_wherever_it_is(detector, rhythm, place):
    series = rhythm[:600].copy()
    series[place] += 2
    flags = detector.predict(series)
    assert set(np.unique(flags)) <= {-1, 1}
    assert flags[place] == -1
    assert np.argmin(detector.score_samples(series)) == place
    far = np.abs(np.arange(len(series)) - place) >= 24  # a fault spoils the windows that hold it
    assert (flags[far] == 1).mean() > 0.99


def test_scores_follow_scikit_learn(detector, rhythm):
    errors = detector.errors(rhythm)
    assert errors.shape == rhythm.shape
    np.testing.assert_array_equal(detector.score_samples(rhythm), -errors)
    np.testing.assert_allclose(detector.decision_function(rhythm), detector.threshold_ - errors)
    np.testing.assert_array_equal(detector.predict(rhythm) == -1, errors > detector.threshold_)
    assert detector.offset_ == -detector.threshold_
    assert detector.n_features_in_ == 1
    assert clone(detector).get_params() == detector.get_params()
    assert set(clone(detector).fit_predict(rhythm)) <= {-1, 1}
    with pytest.raises(NotFittedError):
        clone(detector).errors(rhythm)


def test_the_threshold_comes_from_the_part_that_is_not_trained_on(rhythm):
    series = rhythm.copy()
    series[-100] += 3
    model = ReconstructionDetector(zero, 24, validation_share=0.25, epochs=1).fit(series)
    assert len(model.validation_errors_) == 300
    assert model.mean_[0] == pytest.approx(series[:900].mean())
    assert model.threshold_ == pytest.approx((((series - model.mean_) / model.scale_) ** 2)[900:].max(), rel=1e-4)
    median = ReconstructionDetector(zero, 24, validation_share=0.25, epochs=1, quantile=0.5).fit(series)
    assert median.threshold_ == pytest.approx(np.median(median.validation_errors_))


@pytest.mark.parametrize("stride", [1, 5, 24])
@pytest.mark.parametrize("n", [24, 100, 10_000])
def test_every_point_gets_a_score_whatever_the_stride(rhythm, stride, n):
    model = ReconstructionDetector(zero, 24, stride=stride, epochs=1).fit(rhythm)
    series = np.random.default_rng(1).normal(size=n)
    wanted = ((series - model.mean_) / model.scale_) ** 2  # the error of a point is the same in every window
    np.testing.assert_allclose(model.errors(series), wanted, rtol=1e-3, atol=1e-6)


def test_errors_are_those_of_all_windows_smoothed(detector, rhythm):
    scaled = ((rhythm - detector.mean_) / detector.scale_).astype(np.float32)
    windows = make_windows(scaled, 24)
    errors = ((windows - detector.model_.predict(windows, verbose=0)) ** 2).mean(axis=2)
    scores = point_scores(errors, len(rhythm))
    np.testing.assert_allclose(detector.errors(rhythm), scores, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(smooth(scores, 1), scores)
    assert smooth([0, 0, 6, 0, 0], 3).tolist() == [0, 2, 2, 2, 0]


def test_channels_are_scaled_each_by_itself_and_constant_ones_kept(rhythm):
    series = np.column_stack([rhythm, 1000 * rhythm + 5, np.full(len(rhythm), 7.0)])
    model = ReconstructionDetector(identity, 24, epochs=1).fit(series)
    np.testing.assert_allclose(model.errors(series), 0, atol=1e-9)
    np.testing.assert_allclose(model.scale_, [rhythm[:840].std(), 1000 * rhythm[:840].std(), 1], rtol=1e-6)


def _frame(n=200, freq="30min"):
    return pd.Series(np.sin(np.arange(n)), index=pd.date_range("2024-01-01", periods=n, freq=freq))


def test_series_with_regular_timestamps_are_welcome():
    model = ReconstructionDetector(zero, 24, epochs=1).fit(_frame())
    assert len(model.errors(_frame(50).to_frame())) == 50


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (_frame().drop(_frame().index[7]), "irregular: after 2024-01-01 03:00:00 comes 2024-01-01 04:00:00"),
        (pd.concat([_frame(), _frame()[-1:]]), "timestamps are irregular"),
        (_frame()[::-1], "timestamps are irregular"),
        (_frame().where(_frame().index != _frame().index[3]), "missing or infinite value at position 3"),
        (pd.Series(["a"] * 50), "must hold numbers"),
        (np.zeros((50, 2, 2)), "must hold numbers, shape"),
        (np.zeros(30), "30 points leave 21 for training and 9 for validation"),
    ],
)
def test_bad_series_are_named(series, words):
    with pytest.raises(ValueError, match=words):
        ReconstructionDetector(zero, 24, epochs=1).fit(series)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 0}, "window must be an integer >= 1, got 0"),
        ({"smooth": 1.5}, "smooth must be an integer >= 1, got 1.5"),
        ({"stride": 0}, "stride must be an integer >= 1, got 0"),
        ({"stride": 25}, "stride 25 leaves points between windows of 24 out"),
        ({"validation_share": 1}, "validation_share must lie between 0 and 1, got 1"),
        ({"quantile": 2}, "quantile must lie in 0..1, got 2"),
        ({"build_model": lambda w, c: keras.Sequential([layers.Input((w, c)), layers.Flatten()])}, r"into \(24,\)"),
    ],
)
def test_bad_parameters_are_named(rhythm, options, words):
    with pytest.raises(ValueError, match=words):
        ReconstructionDetector(**({"build_model": zero, "window": 24, "epochs": 1} | options)).fit(rhythm)


def test_scoring_refuses_what_does_not_fit(detector, rhythm):
    with pytest.raises(ValueError, match="has 2 channels, in training it had 1"):
        detector.errors(np.column_stack([rhythm, rhythm]))
    with pytest.raises(ValueError, match="has 10 points, fewer than a window of 24"):
        detector.errors(rhythm[:10])


def test_scoring_refuses_other_steps_and_columns():
    model = ReconstructionDetector(zero, 24, epochs=1).fit(_frame().to_frame("value"))
    with pytest.raises(ValueError, match="steps of the series are 0 days 01:00:00, in training they were 0 days 00:30"):
        model.errors(_frame(freq="1h").to_frame("value"))
    with pytest.raises(ValueError, match=r"columns of the series are \['other'\], in training they were \['value'\]"):
        model.errors(_frame().to_frame("other"))


def test_a_fit_that_failed_leaves_no_half_fitted_detector(rhythm):
    model = ReconstructionDetector(lambda window, channels: keras.Sequential([layers.Flatten()]), 24, epochs=1)
    with pytest.raises(ValueError, match="the model turns windows"):
        model.fit(rhythm)
    with pytest.raises(NotFittedError):
        model.errors(rhythm)
