"""A judge of drawn faces: what is on a picture, and is it a face at all?"""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from keras import layers
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from course_utils.autoencoders.training import train
from course_utils.data.faces import SIZE, draw_faces

ATTRIBUTES = ("glasses", "moustache", "smile", "older")
HAIR = ("none", "short", "long")
_OUTPUTS = len(ATTRIBUTES) + len(HAIR) + 1
_HAIR = slice(len(ATTRIBUTES), len(ATTRIBUTES) + len(HAIR))
_SQUARE = 16  # pixels: scrambled faces are cut into squares of this side
_LAID_OVER = 3


class FaceJudge:
    """Small convolutional network that reads the factors off a drawn face, and tells faces from pictures that are none.

    It learns from faces of its own, sharp and blurred and with a little noise, and from the pictures of `not_faces`.

    Parameters
    ----------
    n : number of faces to learn from, at least 100
    epochs : how often it sees each
    seed : of the faces and the noise; weights and batches follow ``keras.utils.set_random_seed``

    Raises
    ------
    ValueError
        If there are fewer than 100 faces.
    """

    def __init__(self, n: int = 4000, *, epochs: int = 9, seed: int = 1_000_003) -> None:
        if isinstance(n, bool) or not isinstance(n, int) or n < 100:
            raise ValueError(f"n must be an integer >= 100, got {n!r}.")
        faces, factors = draw_faces(n, seed=seed)
        rng = np.random.default_rng(seed)
        images = _soften(np.concatenate([faces, not_faces(faces[: n // 2], seed=seed)]), rng)
        targets = np.concatenate([_targets(factors), np.zeros((n // 2, _OUTPUTS), np.float32)])
        self.model = _network()
        train(
            self.model,
            images,
            targets,
            epochs=epochs,
            learning_rate=0.003,
            warmup=len(images) // 100,
            loss=_loss,
            name="judge",
        )

    def read(self, images: NDArray) -> pd.DataFrame:
        """Read the factors off pictures.

        Parameters
        ----------
        images : array of shape (n, 64, 64, 1) in [0, 1], white is 1

        Returns
        -------
        reading : DataFrame of n rows with the columns glasses, moustache, smile, older (bool), hair ("none", "short",
            "long"), and face (bool): whether a face is more likely than not

        Raises
        ------
        ValueError
            If the shape is another, or values are missing or infinite.
        """
        images = np.asarray(images, dtype=np.float32)
        if images.shape[1:] != (SIZE, SIZE, 1) or not len(images):
            raise ValueError(f"images must have the shape (n, {SIZE}, {SIZE}, 1), got {images.shape}.")
        if not np.isfinite(images).all():
            raise ValueError("images hold missing or infinite values: the judge reads grey levels in [0, 1].")
        logits = self.model.predict(images, batch_size=256, verbose=0)
        reading = pd.DataFrame(logits[:, : len(ATTRIBUTES)] > 0, columns=list(ATTRIBUTES))
        reading["hair"] = np.array(HAIR)[logits[:, _HAIR].argmax(axis=1)]
        reading["face"] = logits[:, -1] > 0
        return reading


def not_faces(images: NDArray, *, seed: int = 0) -> NDArray[np.float32]:
    """Make pictures that are no faces out of faces: in equal shares noise, scrambled faces and faces laid over another.

    Parameters
    ----------
    images : array of shape (n, 64, 64, 1) of faces, at least 9
    seed : the same seed gives the same pictures

    Returns
    -------
    pictures : float32 array of the same shape: first cloudy noise, then faces cut into 16 squares that are shuffled,
        then means of three faces

    Raises
    ------
    ValueError
        If there are fewer than 9 faces, or their shape is another.
    """
    images = np.asarray(images, dtype=np.float32)
    if images.shape[1:] != (SIZE, SIZE, 1) or len(images) < 9:
        raise ValueError(f"expected at least 9 images of the shape ({SIZE}, {SIZE}, 1), got {images.shape}.")
    rng = np.random.default_rng(seed)
    noise, to_cut, to_lay = np.array_split(images, 3)

    clouds = gaussian_filter(rng.normal(size=noise.shape), (0, 3, 3, 0))
    clouds = np.clip(0.5 + 0.3 * clouds / clouds.std(), 0, 1)

    side = SIZE // _SQUARE
    squares = to_cut.reshape(-1, side, _SQUARE, side, _SQUARE).swapaxes(2, 3).reshape(-1, side**2, _SQUARE, _SQUARE)
    shuffled = rng.permuted(np.tile(np.arange(side**2), (len(squares), 1)), axis=1)
    squares = np.take_along_axis(squares, shuffled[:, :, None, None], axis=1)
    scrambled = squares.reshape(-1, side, side, _SQUARE, _SQUARE).swapaxes(2, 3).reshape(to_cut.shape)

    laid_over = np.mean([np.roll(to_lay, i, axis=0) for i in range(_LAID_OVER)], axis=0)
    return np.concatenate([clouds, scrambled, laid_over]).astype(np.float32)


def _soften(images: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """Blur more than half of the pictures, and add a little noise, to each by its own amount.

    So the judge is not one of sharpness.
    """
    softened = images.copy()
    for picture, sigma in zip(softened, rng.uniform(-1, 1.5, len(images)), strict=True):
        if sigma > 0:
            picture[..., 0] = gaussian_filter(picture[..., 0], sigma)
    strength = rng.uniform(0, 0.03, (len(images), 1, 1, 1))
    return np.clip(softened + strength * rng.normal(size=images.shape), 0, 1).astype(np.float32)


def _targets(factors: pd.DataFrame) -> NDArray[np.float32]:
    hair = factors.hair.to_numpy()[:, None] == np.array(HAIR)
    return np.column_stack([factors[list(ATTRIBUTES)], hair, np.ones(len(factors))]).astype(np.float32)


def _loss(truth: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Sum of cross-entropies; a picture that is no face has no factors, and counts for the last output alone."""
    is_face = truth[:, -1]
    each = keras.ops.binary_crossentropy(truth, logits, from_logits=True)
    hair = keras.ops.categorical_crossentropy(truth[:, _HAIR], logits[:, _HAIR], from_logits=True)
    attributes = keras.ops.sum(each[:, : len(ATTRIBUTES)], axis=1)
    return is_face * (attributes + hair) + each[:, -1]


def _network() -> keras.Sequential:
    convolutions = [layers.Conv2D(filters, 4, strides=2, padding="same", activation="relu") for filters in (16, 32, 32)]
    hidden = [layers.Flatten(), layers.Dense(64, activation="relu")]
    image = [
        layers.Input((SIZE, SIZE, 1)),
        layers.AveragePooling2D(2),
    ]  # halves the sides: faster, and less a judge of sharpness
    return keras.Sequential([*image, *convolutions, *hidden, layers.Dense(_OUTPUTS)], name="judge")
