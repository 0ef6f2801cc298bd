"""Colour quantization: paint a photograph with k colours, found by k-means."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from course_utils.clustering.kmeans import KMeans, _check_n_clusters


@dataclass(frozen=True)
class QuantizedImage:
    """An image of few colours.

    Attributes
    ----------
    palette : uint8 array of shape (k, 3), the colours, the commonest first
    indices : integer array of shape (h, w), each pixel's row of the palette
    """

    palette: NDArray[np.uint8]
    indices: NDArray[np.integer]

    @property
    def image(self) -> NDArray[np.uint8]:
        """The image itself, uint8 (h, w, 3)."""
        return self.palette[self.indices]

    @property
    def counts(self) -> NDArray[np.intp]:
        """Number of pixels of each palette colour, shape (k,)."""
        return np.bincount(self.indices.ravel(), minlength=len(self.palette))

    def to_png(self) -> bytes:
        """The file a viewer can open: an indexed PNG (palette and one index a pixel). At most 256 colours.

        Raises
        ------
        ValueError
            If the palette holds more than 256 colours, the limit of the format.
        """
        if len(self.palette) > 256:
            raise ValueError(f"an indexed PNG holds at most 256 colours, this image has {len(self.palette)}.")
        picture = Image.fromarray(self.indices.astype(np.uint8)).convert("P")
        picture.putpalette(self.palette.tobytes())
        file = io.BytesIO()
        picture.save(file, format="PNG", optimize=True)
        return file.getvalue()


def unique_colors(image: ArrayLike) -> tuple[NDArray[np.uint8], NDArray[np.intp], NDArray[np.intp]]:
    """The distinct colours of an image, how often each occurs, and where.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)

    Returns
    -------
    colors : uint8 array of shape (u, 3)
    counts : array of shape (u,), pixels of each colour
    indices : array of shape (h, w), row of `colors` for each pixel

    Raises
    ------
    ValueError
        If the image is not uint8 of shape (h, w, 3) with at least one pixel.
    """
    image = _check_image(image)
    # One integer a pixel sorts much faster than three.
    red, green, blue = (image[..., channel].astype(np.int32) for channel in range(3))
    codes, indices, counts = np.unique(red << 16 | green << 8 | blue, return_inverse=True, return_counts=True)
    colors = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    return colors, counts, indices.reshape(image.shape[:2])


def quantize_colors(
    image: ArrayLike,
    n_colors: int,
    *,
    space: str = "rgb",
    random_state: int | None = 0,
    init: str | ArrayLike = "k-means++",
    max_iter: int = 300,
) -> QuantizedImage:
    """Paint an image with the n_colors colours that k-means finds in it.

    k-means runs once over the *distinct* colours, weighted by their number of pixels: the same objective as over all
    pixels, at a fraction of the cost.

    Parameters
    ----------
    image : uint8 array of shape (h, w, 3)
    n_colors : number of colours, at most the number of distinct colours
    space : {"rgb", "lab"}
        Where distances are measured: in RGB, or in CIELAB, where they resemble differences that people see.
    random_state : seed
    init, max_iter : as in `KMeans`; an array holds colours in the coordinates of `space`

    Returns
    -------
    QuantizedImage

    Raises
    ------
    ValueError
        If the image is not uint8 (h, w, 3), n_colors is not in 1..number of distinct colours, or the space is unknown.
    """
    if space not in ("rgb", "lab"):
        raise ValueError(f'space must be "rgb" or "lab", got {space!r}.')
    colors, counts, indices = unique_colors(image)
    _check_n_clusters(n_colors, len(colors), "distinct colours of the image")
    points = colors.astype(np.float32) if space == "rgb" else rgb2lab(colors).astype(np.float32)
    model = KMeans(n_colors, init=init, n_init=1, max_iter=max_iter, random_state=random_state)
    labels = model.fit(points, sample_weight=counts).labels_
    centers = model.cluster_centers_ if space == "rgb" else 255 * lab2rgb(model.cluster_centers_)
    palette = np.clip(np.rint(centers), 0, 255).astype(np.uint8)

    order = np.argsort(-np.bincount(labels, weights=counts, minlength=n_colors), kind="stable")
    rank = np.empty(n_colors, dtype=np.intp)
    rank[order] = np.arange(n_colors)
    return QuantizedImage(palette=palette[order], indices=rank[labels][indices])


def _check_image(image: ArrayLike) -> NDArray[np.uint8]:
    image = np.asarray(image)
    hint = {2: " A grey image: stack it three times.", 3: ""}.get(image.ndim, "")
    if image.ndim == 3 and image.shape[2] == 4:
        hint = " An image with transparency: keep image[..., :3]."
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image must have the shape (height, width, 3), got {image.shape}.{hint}")
    if image.dtype != np.uint8:
        raise ValueError(f"image must be of type uint8 with values 0..255, got {image.dtype}.")
    if image.size == 0:
        raise ValueError(f"image must have at least one pixel, got the shape {image.shape}.")
    return image
