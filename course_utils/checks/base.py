"""What a check is made of.

A check is a function ``(answer, rng)``. ``answer`` is called like the student's function; it hands over copies of the
arguments, and turns an exception, a changed argument or a missing result into a `CheckFailed` with a helpful sentence.
``rng`` is a fresh generator, so that the same check serves in the notebook (fixed seed) and in grading (other seeds).
"""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOT_WRITTEN = "is not written yet. Replace the line with `raise NotImplementedError` by your own code"
NO_FUNCTION = "there is no function"


class CheckFailed(AssertionError):  # noqa: N818 - named for what it tells the student
    """An exercise is not solved yet; the message says what is probably wrong."""

    def _render_traceback_(self) -> list[str]:
        """Show the message alone: in a notebook, the course's own code lines would only distract."""
        return [str(self)]


@dataclass(frozen=True)
class Verdict:
    """What a check found: whether the answer passes, and if not, the sentence that helps."""

    passed: bool
    message: str


class Exercise:
    """An exercise's check.

    Call it with the function to check: it prints ``ok`` or raises `CheckFailed`.

    Parameters
    ----------
    check : function (answer, rng) that raises `CheckFailed`
    grade_id : the exercise's name, the same as in the notebook's metadata
    name : the function the student writes
    hints : from a nudge to almost the answer
    """

    def __init__(self, check: Callable, *, grade_id: str, name: str, hints: Sequence[str]) -> None:
        self._check = check
        self.grade_id = grade_id
        self.name = name
        self.hints = tuple(hints)
        self._address = f"checks.{check.__module__.rpartition('.')[2]}.{check.__name__}"
        self._hints_given = 0
        self.__doc__ = check.__doc__

    def run(self, function: Callable, seed: int = 0) -> Verdict:
        """Check a function on data drawn from a seed, without hints, printing nothing."""
        try:
            self._check(_Answer(function, self.name), np.random.default_rng(seed))
        except CheckFailed as failure:
            return Verdict(False, str(failure))
        except Exception as error:  # what came back is so odd that a comparison stopped
            return Verdict(False, f"the result of {self.name} cannot be used ({type(error).__name__}: {error!s:.200}).")
        return Verdict(True, "ok")

    def __call__(self, function: Callable, *, seed: int = 0) -> None:
        """Check a function: print ``ok``, or raise `CheckFailed` with a sentence and the next hint."""
        verdict = self.run(function, seed)
        if not verdict.passed:
            hint = f"No idea how? {self._address}.hint()" if NOT_WRITTEN in verdict.message else self._next_hint()
            raise CheckFailed(f"Not yet: {verdict.message}\n{hint}")
        self._hints_given = 0
        print("ok")

    def hint(self) -> None:
        """Print the next hint."""
        print(self._next_hint())

    def _next_hint(self) -> str:
        number = min(self._hints_given, len(self.hints) - 1)
        self._hints_given += 1
        return f"Hint {number + 1} of {len(self.hints)}: {self.hints[number]}"

    def __repr__(self) -> str:
        return f"<check of {self.name}()>"


def exercise(grade_id: str, name: str, hints: Sequence[str]) -> Callable[[Callable], Exercise]:
    """Turn a check function into an `Exercise`."""

    def wrap(check: Callable) -> Exercise:
        return Exercise(check, grade_id=grade_id, name=name, hints=hints)

    return wrap


def expect(condition: Any, message: str) -> None:
    """Fail the check with a message unless the condition holds."""
    if not condition:
        raise CheckFailed(message)


def as_number(value: Any, what: str) -> float:
    """A finite or infinite number as a float; fails the check on anything else, nan included."""
    array = _plain(value, what)
    expect(
        array.ndim == 0 and array.dtype.kind in "biuf",
        f"{what} should be one number, yours is {_describe(value)}.",
    )
    expect(not np.isnan(array), f"{what} should be a number, yours is nan (0 divided by 0?).")
    return float(array)


def as_array(value: Any, shape: tuple[int, ...], what: str, kind: str = "numbers") -> NDArray:
    """A NumPy array of that shape; fails the check on another shape or type."""
    array = _plain(value, what)
    expect(
        isinstance(value, np.ndarray) or array.shape != shape,
        f"{what} should be a NumPy array, yours is a {type(value).__name__}: wrap it in `np.array(…)`.",
    )
    allowed = {"numbers": "iuf", "integers": "iu", "booleans": "b"}[kind]
    expect(
        array.shape == shape,
        f"{what} should have the shape {shape}, yours is {_describe(value)}.",
    )
    expect(array.dtype.kind in allowed, f"{what} should hold {kind}, yours holds {array.dtype}.")
    return array


def from_tensor(value: Any) -> Any:
    """A TensorFlow tensor as a NumPy array; anything else as it is."""
    tensorflow = sys.modules.get("tensorflow")  # not loaded: then the value is no tensor
    if tensorflow is not None and isinstance(value, tensorflow.Tensor | tensorflow.Variable):
        return np.asarray(value)
    return value


def as_bool(value: Any, what: str) -> bool:
    """True or False; fails the check on anything else."""
    expect(isinstance(value, bool | np.bool_), f"{what} should be True or False, yours is {_describe(value)}.")
    return bool(value)


def close(found: Any, wanted: Any, rtol: float = 1e-6) -> bool:
    """Whether two numbers or arrays agree but for rounding, nan equal to nan."""
    found, wanted = np.asarray(found), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape and found.size != 1 and wanted.size != 1:
        return False
    finite = np.abs(wanted[np.isfinite(wanted)])
    scale = float(finite.max()) if finite.size else 0.0
    return bool(np.allclose(found, wanted, rtol=rtol, atol=rtol * scale, equal_nan=True))


class _Answer:
    """The student's function, called on copies, its failures put into words."""

    def __init__(self, function: Callable, name: str) -> None:
        expect(
            callable(function),
            f"the check wants the function {name} itself, without parentheses, and got {_describe(function)}.",
        )
        self._function, self._name = function, name

    def __call__(self, *arguments: Any, case: str = "") -> Any:
        """Call the function; `case` says in words what is special about these arguments."""
        handed_over = copy.deepcopy(arguments)
        try:
            result = self._function(*handed_over)
        except NotImplementedError:
            raise CheckFailed(f"{self._name} {NOT_WRITTEN}, then run both cells again.") from None
        except CheckFailed:
            raise
        except Exception as error:
            raise CheckFailed(
                f"{self._name} stopped{' ' + case if case else ''} with {type(error).__name__}: {error}. "
                "Call it yourself in a new cell to see the line."
            ) from None
        for before, after in zip(arguments, handed_over, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=before.dtype.kind == "f"):
                raise CheckFailed(
                    f"{self._name} changes one of its arguments. Work on a copy: `x = x.copy()`, or avoid `+=` on it."
                )
        expect(
            result is not None,
            f"{self._name} returned None{' ' + case if case else ''}. Is a `return` missing, perhaps only on one path?",
        )
        return result

    def through(self, adapter: Callable, *arguments: Any, case: str = "") -> Any:
        """Call the function by way of an adapter, (function, *arguments) -> plain values.

        The adapter runs where the function lives, for results such as tensors that cannot leave that process. It is
        sent there as source text, so it imports what it needs.
        """
        remote = getattr(self._function, "through", None)
        function = remote(adapter) if remote else functools.partial(adapter, self._function)
        return _Answer(function, self._name)(*arguments, case=case)


def _plain(value: Any, what: str) -> NDArray:
    """The value as a NumPy array of plain numbers, without trusting methods of foreign classes."""
    if isinstance(value, bool | int | float | np.ndarray | np.generic | list | tuple):
        try:
            return np.asarray(value)
        except ValueError:
            raise CheckFailed(f"{what} is a ragged list: its rows differ in length.") from None
    raise CheckFailed(f"{what} should be numbers, yours is {_describe(value)}.")


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of length {len(value)}"
    if isinstance(value, bool | int | float | str):
        return f"{type(value).__name__} {value!r:.40}"
    return f"of type {type(value).__name__}"
