"""Colour quantization: what it returns, how good it is, what it refuses."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio
from sklearn.cluster import KMeans as SklearnKMeans

from course_utils.clustering import quantize_colors, unique_colors
from course_utils.data import load_photo

IMAGES = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


@given(IMAGES)
@settings(deadline=None)
def test_unique_colors_equals_numpy_and_rebuilds_the_image(image):
    colors, counts, indices = unique_colors(image)
    wanted, wanted_counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
    np.testing.assert_array_equal(colors, wanted)
    np.testing.assert_array_equal(counts, wanted_counts)
    np.testing.assert_array_equal(colors[indices], image)


@given(IMAGES)
@settings(deadline=None, max_examples=30)
def test_as_many_colours_as_there_are_change_nothing(image):
    n = len(unique_colors(image)[0])
    np.testing.assert_array_equal(quantize_colors(image, n).image, image)


@pytest.mark.parametrize("space", ["rgb", "lab"])
def test_what_comes_back(space):
    photo = load_photo("china")
    result = quantize_colors(photo, 16, space=space)
    assert result.palette.shape == (16, 3)
    assert result.palette.dtype == result.image.dtype == np.uint8
    assert result.indices.shape == photo.shape[:2]
    assert (np.diff(result.counts) <= 0).all()
    assert result.counts.sum() == photo.shape[0] * photo.shape[1]
    np.testing.assert_array_equal(result.image, result.palette[result.indices])
    np.testing.assert_array_equal(result.image, quantize_colors(photo, 16, space=space).image)


def test_psnr_holds_its_own_against_scikit_learn_and_beats_median_cut():
    photo = load_photo("china")
    ours = peak_signal_noise_ratio(photo, quantize_colors(photo, 64).image)
    model = SklearnKMeans(64, n_init=1, random_state=0).fit(photo.reshape(-1, 3).astype(float))
    theirs = np.rint(model.cluster_centers_).astype(np.uint8)[model.labels_].reshape(photo.shape)
    cut = Image.fromarray(photo).quantize(64, method=Image.Quantize.MEDIANCUT, kmeans=0).convert("RGB")
    assert ours >= peak_signal_noise_ratio(photo, theirs) - 0.05
    assert ours >= peak_signal_noise_ratio(photo, np.array(cut)) + 2


def test_lab_is_closer_to_what_is_seen_and_rgb_in_psnr():
    photo = load_photo("flower")
    by_space = {space: quantize_colors(photo, 8, space=space).image for space in ("rgb", "lab")}
    psnr = {space: peak_signal_noise_ratio(photo, image) for space, image in by_space.items()}
    seen = {s: deltaE_ciede2000(rgb2lab(photo), rgb2lab(image)).mean() for s, image in by_space.items()}
    assert psnr["rgb"] > psnr["lab"]
    assert seen["lab"] < seen["rgb"]


@pytest.mark.parametrize("k", [1, 2, 5, 16, 64, 256])
def test_the_png_file_shows_the_same_picture(k):
    result = quantize_colors(load_photo("coffee")[::4, ::4], k)
    picture = Image.open(io.BytesIO(result.to_png()))
    assert picture.mode == "P"
    np.testing.assert_array_equal(np.array(picture.convert("RGB")), result.image)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4), np.uint8), "A grey image: stack it three times"),
        (np.zeros((4, 4, 4), np.uint8), r"keep image\[..., :3\]"),
        (np.zeros((4, 4, 3), float), "uint8 with values 0..255, got float64"),
        (np.zeros((0, 4, 3), np.uint8), "at least one pixel"),
        (np.zeros(12, np.uint8), r"\(height, width, 3\), got \(12,\)"),
    ],
)
def test_bad_images_are_named(image, words):
    with pytest.raises(ValueError, match=words):
        quantize_colors(image, 2)


@pytest.mark.parametrize(
    ("k", "words"), [(0, "got 0"), (-1, "got -1"), (3.0, "got 3.0"), (300, "300 clusters for 256")]
)
def test_bad_numbers_of_colours_are_named(k, words):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    with pytest.raises(ValueError, match=words):
        quantize_colors(image, k)


def test_an_unknown_space_and_a_palette_too_large_for_png_are_named():
    photo = load_photo("coffee")[::4, ::4]
    with pytest.raises(ValueError, match='"rgb" or "lab", got \'hsv\''):
        quantize_colors(photo, 4, space="hsv")
    with pytest.raises(ValueError, match="at most 256 colours, this image has 300"):
        quantize_colors(photo, 300, max_iter=1).to_png()
