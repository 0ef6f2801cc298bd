"""Anomalies in time series: windows, scores of points, thresholds, events and how well they are found.

A series is an array of shape (n,) or (n, channels) with regular steps. An event is a half-open interval (start, stop)
of positions. `ReconstructionDetector` does all of it, with any autoencoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    import keras

Event = tuple[int, int]
_WINDOWS_AT_ONCE = 8192  # 8192 windows of 288 points take 9 MB


def make_windows(values: ArrayLike, size: int, stride: int = 1) -> NDArray:
    """Cut a series into windows, without copying.

    Parameters
    ----------
    values : array of shape (n,) or (n, channels)
    size : points in a window
    stride : points from the start of one window to the start of the next

    Returns
    -------
    windows : read-only view of shape (n_windows, size, channels); window i holds the points i * stride to
        i * stride + size - 1. Points after the last whole window are left out.

    Raises
    ------
    ValueError
        If a number is out of range, the series is shorter than a window, or values are missing.
    """
    values = _series(values)
    _check_positive(size=size, stride=stride)
    if len(values) < size:
        raise ValueError(f"the series has {len(values)} points, fewer than a window of {size}.")
    windows = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)  # (n - size + 1, channels, size)
    return np.moveaxis(windows, -1, 1)[::stride]


def point_scores(errors: ArrayLike, n_points: int, stride: int = 1) -> NDArray[np.float64]:
    """Score each point of a series: its mean error over *all* the windows that hold it.

    The first point lies in one window only, the second in two (with a stride of 1), those in the middle in `size`.

    Parameters
    ----------
    errors : array of shape (n_windows, size), the error of each point of each window
    n_points : points of the series
    stride : that of the windows

    Returns
    -------
    scores : array of shape (n_points,); nan for points that no window holds

    Raises
    ------
    ValueError
        If windows of this shape and stride do not fit a series of that length.
    """
    errors = np.asarray(errors)
    if errors.ndim != 2:
        raise ValueError(f"errors must have the shape (n_windows, size), got {errors.shape}.")
    totals = PointScores(n_points, errors.shape[1], stride)
    totals.add(errors)
    return totals.scores()


class PointScores:
    """`point_scores` for more windows than fit into memory: add them in parts, in order.

    Parameters
    ----------
    n_points : points of the series
    size : points in a window
    stride : points from one window to the next

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    def __init__(self, n_points: int, size: int, stride: int = 1) -> None:
        _check_positive(n_points=n_points, size=size, stride=stride)
        self.n_points, self.size, self.stride = n_points, size, stride
        self._sums, self._counts, self._next = np.zeros(n_points), np.zeros(n_points), 0

    def add(self, errors: ArrayLike, first: int | None = None) -> None:
        """Add the errors of windows.

        Parameters
        ----------
        errors : array of shape (n_windows, size)
        first : the point at which the first of these windows begins; by default they follow those added before

        Raises
        ------
        ValueError
            If they have another size, or reach beyond the end of the series.
        """
        errors = np.asarray(errors)
        if errors.ndim != 2 or errors.shape[1] != self.size:
            raise ValueError(f"errors must have the shape (n_windows, {self.size}), got {errors.shape}.")
        n, first = len(errors), self._next if first is None else first
        end = first + (n - 1) * self.stride + self.size
        if n and (first < 0 or end > self.n_points):
            raise ValueError(f"windows reach from point {first} to {end}, but the series has {self.n_points} points.")
        for place in range(self.size if n else 0):  # over the places in a window, not over windows or points
            points = slice(first + place, first + place + (n - 1) * self.stride + 1, self.stride)
            self._sums[points] += errors[:, place]
            self._counts[points] += 1
        self._next = first + n * self.stride

    def scores(self) -> NDArray[np.float64]:
        """Mean error of each point so far, shape (n_points,); nan where no window has been."""
        scores = np.full(self.n_points, np.nan)
        np.divide(self._sums, self._counts, out=scores, where=self._counts > 0)
        return scores


def smooth(scores: ArrayLike, size: int) -> NDArray[np.float64]:
    """Replace each score by the mean of the `size` scores around it; at the ends, of those that there are.

    A fault lasts, noise does not: the mean over an hour brings out what is too weak to be seen at a single point. A
    spike, in turn, is spread and lowered.

    Parameters
    ----------
    scores : array of shape (n,)
    size : number of points to average over; 1 changes nothing

    Returns
    -------
    smoothed : array of shape (n,)

    Raises
    ------
    ValueError
        If scores are not one row of numbers, or the size is not an integer >= 1.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1:
        raise ValueError(f"scores must have the shape (n,), got {scores.shape}.")
    _check_positive(size=size)
    return pd.Series(scores).rolling(size, center=True, min_periods=1).mean().to_numpy(copy=True)


def quantile_threshold(clean_scores: ArrayLike, quantile: float = 0.999) -> float:
    """Threshold that a given share of the scores of *clean* data does not exceed.

    Parameters
    ----------
    clean_scores : scores of data without anomalies that the model was not trained on; nan is left out
    quantile : share in 0..1

    Returns
    -------
    threshold : a point is anomalous if its score is larger

    Raises
    ------
    ValueError
        If there is no score, or the quantile does not lie in 0..1.
    """
    scores = _clean_scores(clean_scores)
    if not 0 <= quantile <= 1:
        raise ValueError(f"quantile must lie in 0..1, got {quantile!r}.")
    return float(np.quantile(scores, quantile))


def extreme_value_threshold(clean_scores: ArrayLike, probability: float = 1e-4, tail: float = 0.02) -> float:
    """Threshold that a clean score exceeds with a given probability, also one too small to be counted.

    A generalised Pareto distribution is fitted to the excesses of the largest scores, and extrapolated ("peaks over
    threshold"). It takes the scores for independent; smoothed ones come in clumps, which makes the result less certain.

    Parameters
    ----------
    clean_scores : scores of data without anomalies that the model was not trained on; nan is left out
    probability : of a false alarm at a single point, in 0..tail
    tail : share of the scores that the tail is fitted to

    Returns
    -------
    threshold : a point is anomalous if its score is larger

    Raises
    ------
    ValueError
        If a number is out of range, or the tail holds fewer than ten scores.

    References
    ----------
    S. Coles (2001), An Introduction to Statistical Modeling of Extreme Values, chapter 4.
    """
    from scipy.stats import genpareto

    scores = _clean_scores(clean_scores)
    if not 0 < probability <= tail < 1:
        raise ValueError(f"expected 0 < probability <= tail < 1, got probability {probability!r} and tail {tail!r}.")
    start = np.quantile(scores, 1 - tail)
    excesses = scores[scores > start] - start
    if len(excesses) < 10:
        raise ValueError(f"the tail of {tail:g} holds {len(excesses)} of {len(scores)} scores: at least 10 are needed.")
    shape, _, scale = genpareto.fit(excesses, floc=0)
    return float(start + genpareto.isf(probability / tail, shape, loc=0, scale=scale))


def events(flags: ArrayLike, *, gap: int = 0, shortest: int = 1) -> list[Event]:
    """Runs of flagged points as intervals.

    Parameters
    ----------
    flags : boolean array of shape (n,)
    gap : runs with at most so many unflagged points between them become one
    shortest : runs of fewer points (after joining, gaps included) are dropped

    Returns
    -------
    events : (start, stop) of each, stop exclusive, in order

    Raises
    ------
    ValueError
        If flags are not one row of booleans, or a number is out of range.
    """
    flags = np.asarray(flags)
    if flags.ndim != 1 or flags.dtype != bool:
        raise ValueError(f"flags must be booleans of shape (n,), got {flags.dtype} of shape {flags.shape}.")
    if gap < 0 or shortest < 1:
        raise ValueError(f"expected gap >= 0 and shortest >= 1, got {gap!r} and {shortest!r}.")
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    starts, stops = edges[::2], edges[1::2]
    if len(starts):
        apart = starts[1:] - stops[:-1] > gap
        starts, stops = starts[np.append(True, apart)], stops[np.append(apart, True)]
    long_enough = stops - starts >= shortest
    return [(int(a), int(b)) for a, b in zip(starts[long_enough], stops[long_enough], strict=True)]


@dataclass(frozen=True)
class EventScores:
    """How well events were found.

    Attributes
    ----------
    precision : share of the found events that touch a true one; nan if none was found
    recall : share of the true events that a found one touches; nan if there is none
    f1 : harmonic mean of both; 0 if either is 0 or undefined
    delays : for each true event, points from its start to the first found point within it; None if it was missed
    false_alarms : found events that touch no true one
    """

    precision: float
    recall: float
    f1: float
    delays: tuple[int | None, ...]
    false_alarms: int

    @property
    def median_delay(self) -> float:
        """Median delay of the events that were found, in points; nan if none was."""
        found = [delay for delay in self.delays if delay is not None]
        return float(np.median(found)) if found else float("nan")


def event_scores(true_events: Sequence[Event], found: Sequence[Event]) -> EventScores:
    """Compare found events with true ones.

    Two events touch if they share a point. Several found events within one true event all count as right: an alarm that
    stutters is one alarm to an engineer.

    Parameters
    ----------
    true_events, found : (start, stop) of each, stop exclusive

    Returns
    -------
    EventScores

    Raises
    ------
    ValueError
        If an event is empty or backwards.
    """
    true, claimed = _intervals(true_events), _intervals(found)
    touch = (true[:, None, 0] < claimed[None, :, 1]) & (claimed[None, :, 0] < true[:, None, 1])  # (n_true, n_found)
    right = touch.any(axis=0)
    delays = [
        int(max(0, claimed[touches, 0].min() - start)) if touches.any() else None
        for (start, _), touches in zip(true, touch, strict=True)
    ]
    precision = float(right.mean()) if len(claimed) else float("nan")
    recall = float(touch.any(axis=1).mean()) if len(true) else float("nan")
    f1 = 2 * precision * recall / (precision + recall) if precision * recall > 0 else 0.0
    return EventScores(precision, recall, f1, tuple(delays), int((~right).sum()))


class ReconstructionDetector(OutlierMixin, BaseEstimator):
    """Find anomalies by how badly an autoencoder, trained on normal data, reconstructs them.

    The autoencoder sees windows of the series, each channel scaled by mean and standard deviation of the training
    data. A point's error is its squared difference, averaged over the channels, over all the windows that hold the
    point, and over `smooth` neighbours. The threshold is a quantile of the errors of clean data that the network was
    not trained on.

    Follows scikit-learn's outlier detectors: low scores and -1 mean anomalous. Rows are points in time; missing values
    and irregular timestamps are refused.

    Parameters
    ----------
    build_model : function (window, channels) -> Keras model whose output has its input's shape
    window : points in a window
    smooth : points to average errors over, 1 for none
    validation_share : the last part of what `fit` gets, kept from training; it sets the threshold
    quantile : share of the validation errors that the threshold is not exceeded by; 1.0 for the largest of them
    stride : points from one window to the next; more saves time and memory, and scores less evenly
    epochs, batch_size, learning_rate : of the training, see `course_utils.autoencoders.train`
    random_state : seed for Keras, set for the whole process; None leaves it alone

    Attributes
    ----------
    model_ : the trained autoencoder
    mean_, scale_ : arrays of shape (channels,), the training data's
    threshold_ : float, points with larger errors are anomalous
    validation_errors_ : array, what the threshold comes from
    offset_ : float, -threshold_
    history_ : dict, the training's losses
    n_features_in_ : int, number of channels

    Notes
    -----
    A point's error uses windows that end up to `window` - 1 points after it, and `smooth` // 2 points more: this is for
    looking back at a series, and an alarm in real time knows less. The first and the last points lie in fewer windows,
    so their errors scatter more. Training copies its windows: n / stride * window * channels * 4 bytes.
    """

    def __init__(
        self,
        build_model: Callable[[int, int], keras.Model],
        window: int,
        *,
        smooth: int = 1,
        validation_share: float = 0.3,
        quantile: float = 1.0,
        stride: int = 1,
        epochs: int = 20,
        batch_size: int = 64,
        learning_rate: float = 0.003,
        random_state: int | None = None,
    ) -> None:
        self.build_model = build_model
        self.window = window
        self.smooth = smooth
        self.validation_share = validation_share
        self.quantile = quantile
        self.stride = stride
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> ReconstructionDetector:
        """Train on the first part of clean data, and set the threshold by the last.

        Parameters
        ----------
        X : array, Series or DataFrame of shape (n,) or (n, channels), without anomalies as far as is known
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a value is missing, timestamps are irregular, a parameter is out of range, the series is too short, or
            the model does not return what it gets.
        """
        from course_utils.autoencoders import train

        values = _regular_series(X)
        _check_positive(window=self.window, smooth=self.smooth, stride=self.stride)
        if self.stride > self.window:
            raise ValueError(f"stride {self.stride} leaves points between windows of {self.window} out: choose less.")
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share must lie between 0 and 1, got {self.validation_share!r}.")
        n_train = round(len(values) * (1 - self.validation_share))
        if n_train < self.window or n_train >= len(values):
            raise ValueError(
                f"{len(values)} points leave {n_train} for training and {len(values) - n_train} for validation: "
                f"at least one window of {self.window} and one point are needed."
            )
        self._step, self._columns = _step_and_columns(X)
        self.n_features_in_ = values.shape[1]
        self.mean_, self.scale_ = values[:n_train].mean(axis=0), values[:n_train].std(axis=0)
        self.scale_[self.scale_ == 0] = 1
        windows = np.ascontiguousarray(make_windows(self._scaled(values[:n_train]), self.window, self.stride))
        self.model_ = self._built_model(windows[:1])
        options = {"epochs": self.epochs, "batch_size": self.batch_size, "learning_rate": self.learning_rate}
        self.history_ = train(self.model_, windows, loss="mean_squared_error", **options)
        start = max(0, n_train - self.window + 1)  # so that the first of them lie in as many windows as the others
        self.validation_errors_ = self._errors(values[start:])[n_train - start :]
        self.threshold_ = quantile_threshold(self.validation_errors_, self.quantile)
        self.offset_ = -self.threshold_
        return self

    def errors(self, X: ArrayLike) -> NDArray[np.float64]:
        """Reconstruction error of each point; large is anomalous.

        Parameters
        ----------
        X : array, Series or DataFrame of shape (n,) or (n, channels)

        Returns
        -------
        errors : array of shape (n,)

        Raises
        ------
        ValueError
            If a value is missing, timestamps are irregular, the number of channels is another than in training, or the
            series is shorter than a window.
        """
        check_is_fitted(self, "threshold_")
        values = _regular_series(X)
        for what, known, found in zip(
            ("steps", "columns"), (self._step, self._columns), _step_and_columns(X), strict=True
        ):
            if known is not None and found is not None and found != known:
                raise ValueError(f"{what} of the series are {found}, in training they were {known}.")
        if values.shape[1] != self.n_features_in_:
            raise ValueError(f"the series has {values.shape[1]} channels, in training it had {self.n_features_in_}.")
        return self._errors(values)

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Scores in scikit-learn's sense, the negative errors: low is anomalous. See `errors`."""
        return -self.errors(X)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Scores minus `offset_`: below 0 is anomalous. See `errors`."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """-1 for anomalous points, 1 for normal ones, shape (n,). See `errors`."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _scaled(self, values: NDArray) -> NDArray[np.float32]:
        return ((values - self.mean_) / self.scale_).astype(np.float32)

    def _built_model(self, one_window: NDArray) -> keras.Model:
        import keras

        if self.random_state is not None:
            keras.utils.set_random_seed(self.random_state)
        model = self.build_model(*one_window.shape[1:])
        found = tuple(model(one_window).shape)
        if found != one_window.shape:
            raise ValueError(f"the model turns windows of shape {one_window.shape[1:]} into {found[1:]}.")
        return model

    def _errors(self, values: NDArray) -> NDArray[np.float64]:
        scaled = self._scaled(values)
        windows = make_windows(scaled, self.window, self.stride)
        scores = PointScores(len(scaled), self.window, self.stride)
        for start in range(0, len(windows), _WINDOWS_AT_ONCE):
            scores.add(self._window_errors(windows[start : start + _WINDOWS_AT_ONCE]))
        if (len(scaled) - self.window) % self.stride:  # the last points lie in no window yet
            last = scaled[None, -self.window :]
            scores.add(self._window_errors(last), first=len(scaled) - self.window)
        return smooth(scores.scores(), self.smooth)

    def _window_errors(self, windows: NDArray) -> NDArray:
        """Windows of shape (n, window, channels) -> squared errors of shape (n, window)."""
        windows = np.ascontiguousarray(windows)
        reconstructed = self.model_.predict(windows, batch_size=512, verbose=0)
        return ((windows - reconstructed) ** 2).mean(axis=2)


def _regular_series(values: ArrayLike) -> NDArray[np.float64]:
    """Check numbers and, if there are any, timestamps; shape (n,) or (n, channels) -> (n, channels)."""
    index = getattr(values, "index", None)
    if isinstance(index, pd.DatetimeIndex) and len(index) > 1:
        steps = np.diff(index.asi8)
        odd = np.flatnonzero((steps != np.median(steps)) | (steps <= 0))
        if len(odd):
            before, after = index[odd[0]], index[odd[0] + 1]
            raise ValueError(
                f"timestamps are irregular: after {before} comes {after}. Sort them, drop duplicates and fill gaps "
                "(`sort_index`, `asfreq` and `interpolate` of pandas)."
            )
    return _series(values).astype(float)


def _step_and_columns(values: ArrayLike) -> tuple[pd.Timedelta | None, list | None]:
    """Time from point to point, and names of the channels, as far as they are known."""
    index = getattr(values, "index", None)
    timed = isinstance(index, pd.DatetimeIndex) and len(index) > 1
    columns = list(values.columns) if isinstance(values, pd.DataFrame) else None
    return index[1] - index[0] if timed else None, columns


def _series(values: ArrayLike) -> NDArray:
    values = np.asarray(values)
    if values.ndim not in (1, 2) or values.dtype.kind not in "iuf":
        raise ValueError(
            f"a series must hold numbers, shape (n,) or (n, channels), got {values.dtype} of shape {values.shape}."
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        place = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(
            f"the series has a missing or infinite value at position {place}: fill it (`interpolate` of pandas) or cut."
        )
    return values[:, None] if values.ndim == 1 else values


def _clean_scores(scores: ArrayLike) -> NDArray:
    scores = np.asarray(scores, dtype=float).ravel()
    scores = scores[~np.isnan(scores)]
    if not len(scores):
        raise ValueError("there is no score to set a threshold by.")
    return scores


def _intervals(pairs: Iterable[Event]) -> NDArray[np.int64]:
    intervals = np.array([tuple(pair) for pair in pairs], dtype=np.int64).reshape(-1, 2)
    for start, stop in intervals:
        if stop <= start:
            raise ValueError(f"an event must be (start, stop) with start < stop, got ({start}, {stop}).")
    return intervals


def _check_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {number!r}.")
