"""A network trained on ImageNet, with the photographs that it is to explain.

Importing this imports TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from course_utils._quiet import quiet_stderr

with quiet_stderr():
    import keras

import numpy as np
from numpy.typing import NDArray
from skimage.transform import resize

from course_utils.data import DataUnavailable, load_photo
from course_utils.data.cache import fall_back, local_files

DATASET = "imagenet-mobilenetv2"


@dataclass(frozen=True)
class Classifier:
    """A trained classifier, and pictures to explain with it.

    Attributes
    ----------
    model : Keras model, images -> probabilities of shape (n, classes)
    names : of the classes
    inputs : array of shape (n, h, w, channels), the pictures as the model takes them
    pictures : array of shape (n, h, w, 1 or 3) in [0, 1], the pictures as one shows them
    """

    model: keras.Model
    names: Sequence[str]
    inputs: NDArray[np.float32]
    pictures: NDArray[np.float32]


def load_mobilenet(photos: Sequence[str], *, fallback: Classifier | None = None) -> Classifier:
    """Load MobileNetV2, trained on ImageNet's 1,000 classes, and photographs in its size.

    Parameters
    ----------
    photos : names of photographs, as for `course_utils.data.load_photo`; the central square of each is taken
    fallback : if the weights cannot be had, print one line and return this instead

    Returns
    -------
    classifier : model for inputs of shape (n, 224, 224, 3) in [-1, 1]

    Raises
    ------
    ValueError
        If no photograph is named, or one is unknown.
    DataUnavailable
        If the weights are neither in the cache nor to be had, and there is no fallback.

    References
    ----------
    M. Sandler and others (2018), MobileNetV2: inverted residuals and linear bottlenecks, CVPR.
    """
    if isinstance(photos, str) or not len(photos):
        raise ValueError(f"photos must be a list of names, at least one, got {photos!r}.")
    pictures = [load_photo(name) for name in photos]
    try:
        weights, class_index = local_files(DATASET)
    except DataUnavailable as error:
        fall_back(error, fallback is not None, "the course's own network")
        return fallback
    model = keras.applications.MobileNetV2(weights=str(weights))
    classes = json.loads(class_index.read_text(encoding="utf-8"))
    names = [classes[str(i)][1].replace("_", " ") for i in range(len(classes))]
    size = model.input_shape[1:3]
    squares = np.stack([_central_square(picture, size) for picture in pictures])
    inputs = keras.applications.mobilenet_v2.preprocess_input(255 * squares)
    return Classifier(model, names, inputs, squares)


def _central_square(photo: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """The largest square in the middle, resized, in [0, 1]."""
    side = min(photo.shape[:2])
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    square = photo[top : top + side, left : left + side]
    return resize(square, size, anti_aliasing=True).astype(np.float32)
