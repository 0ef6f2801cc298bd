"""Photographs that come with scikit-learn and scikit-image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SCIKIT_LEARN = ("china", "flower")
_SCIKIT_IMAGE = ("astronaut", "chelsea", "coffee", "rocket")
PHOTOS = _SCIKIT_LEARN + _SCIKIT_IMAGE


def load_photo(name: str = "china") -> NDArray[np.uint8]:
    """Load a photograph.

    Parameters
    ----------
    name : {"china", "flower", "astronaut", "chelsea", "coffee", "rocket"}
        A Chinese temple, a dahlia, an astronaut, a cat, a cup of coffee, a rocket on its pad.

    Returns
    -------
    image : uint8 array of shape (height, width, 3), RGB

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if name in _SCIKIT_LEARN:
        from sklearn.datasets import load_sample_image

        return np.array(load_sample_image(f"{name}.jpg"))
    if name in _SCIKIT_IMAGE:
        import skimage.data

        return np.array(getattr(skimage.data, name)())
    raise ValueError(f"unknown photograph {name!r}: expected one of {', '.join(PHOTOS)}.")
