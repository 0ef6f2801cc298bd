"""Walks and directions in the space of codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import geometric_slerp


def interpolate(start: ArrayLike, end: ArrayLike, steps: int = 8, *, spherical: bool = False) -> NDArray[np.float64]:
    """Walk from one code to another.

    Parameters
    ----------
    start, end : arrays of shape (units,)
    steps : number of codes, both ends included, at least 2
    spherical : go along the arc between the two directions, with the length changing evenly, instead of straight; codes
        drawn from N(0, I) all have nearly the same length, and the middle of a straight walk is shorter

    Returns
    -------
    codes : array of shape (steps, units)

    Raises
    ------
    ValueError
        If the codes differ in shape, there are fewer than 2 steps, or a spherical walk has no single shortest arc.
    """
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"start and end must be two codes of shape (units,), got {start.shape} and {end.shape}.")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2:
        raise ValueError(f"steps must be an integer >= 2, got {steps!r}.")
    t = np.linspace(0, 1, steps)[:, None]
    if not spherical:
        return (1 - t) * start + t * end
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) == 0:
        raise ValueError("a spherical walk needs directions: one of the codes is zero.")
    a, b = start / lengths[0], end / lengths[1]
    angle = np.arccos(np.clip(a @ b, -1, 1))
    if np.pi - angle < 1e-6:
        raise ValueError("the codes point in opposite directions: there is no single shortest arc between them.")
    nearly_equal = angle < 1e-6  # also every pair of codes of one unit, where there is no arc
    directions = (1 - t) * a + t * b if nearly_equal else geometric_slerp(a, b, t[:, 0])
    return ((1 - t) * lengths[0] + t * lengths[1]) * directions


def attribute_direction(codes: ArrayLike, has_attribute: ArrayLike) -> NDArray[np.float64]:
    """Direction that adds an attribute: mean code of those that have it minus mean code of those that do not.

    Parameters
    ----------
    codes : array of shape (n, units)
    has_attribute : boolean array of shape (n,)

    Returns
    -------
    direction : array of shape (units,)

    Raises
    ------
    ValueError
        If the shapes do not fit, or all have the attribute, or none.
    """
    codes, has_attribute = np.asarray(codes, dtype=float), np.asarray(has_attribute)
    if codes.ndim != 2 or has_attribute.shape != codes.shape[:1] or has_attribute.dtype != bool:
        raise ValueError(
            "expected codes of shape (n, units) and n booleans, got "
            f"{codes.shape} and {has_attribute.dtype} of shape {has_attribute.shape}."
        )
    if has_attribute.all() or not has_attribute.any():
        raise ValueError("all or none of the codes have the attribute: both kinds are needed.")
    return codes[has_attribute].mean(axis=0) - codes[~has_attribute].mean(axis=0)


def traverse(code: ArrayLike, direction: ArrayLike, amounts: ArrayLike) -> NDArray[np.float64]:
    """Go from a code along a direction.

    Parameters
    ----------
    code, direction : arrays of shape (units,)
    amounts : array of shape (steps,), how many times the direction is added

    Returns
    -------
    codes : array of shape (steps, units)

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    code, direction, amounts = (np.asarray(array, dtype=float) for array in (code, direction, amounts))
    if code.ndim != 1 or code.shape != direction.shape or amounts.ndim != 1:
        raise ValueError(
            "expected a code and a direction of shape (units,) and a row of amounts, got "
            f"{code.shape}, {direction.shape} and {amounts.shape}."
        )
    return code + amounts[:, None] * direction
