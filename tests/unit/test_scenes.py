"""Scenes of several digits: places, boxes, classes."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.data import make_scenes

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0.1, 1, (40, 28, 28, 1)).astype("float32")
LABELS = np.arange(40) % 10


@pytest.mark.parametrize(("n_digits", "side"), [(1, 28), (1, 60), (2, 60), (3, 90)])
def test_each_digit_lies_in_its_box_and_nothing_outside(n_digits, side):
    scenes = make_scenes(IMAGES, LABELS, 50, n_digits=n_digits, side=side, seed=3)
    assert scenes.images.shape == (50, side, side, 1)
    assert scenes.images.dtype == np.float32
    by_label = {label: IMAGES[label == LABELS] for label in range(10)}
    for image, classes, boxes in zip(*scenes, strict=True):
        covered = np.zeros((side, side), bool)
        assert len(set(classes)) == n_digits
        for digit, (top, left, bottom, right) in zip(classes, boxes, strict=True):
            assert not covered[top:bottom, left:right].any()
            covered[top:bottom, left:right] = True
            content = image[top:bottom, left:right]
            assert (by_label[digit] == content).all(axis=(1, 2, 3)).any()
        assert not image[~covered].any()


def test_places_and_classes_vary_and_follow_the_seed():
    first, again, other = (make_scenes(IMAGES, LABELS, 1000, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.boxes, other.boxes)
    assert set(first.classes.ravel()) == set(range(10))
    assert set(first.boxes[:, :, :2].ravel()) == set(range(33))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": IMAGES[..., 0]}, r"expected images \(m, h, w, 1\) and labels \(m,\), got \(40, 28, 28\)"),
        ({"labels": LABELS[:-1]}, r"got \(40, 28, 28, 1\) and \(39,\)"),
        ({"n": 0}, "n must be an integer >= 1, got 0"),
        ({"n_digits": 1.5}, "n_digits must be an integer >= 1, got 1.5"),
        ({"side": True}, "side must be an integer >= 1, got True"),
        ({"side": 27}, "digits of 28 x 28 pixels do not fit into a scene of 27 pixels"),
        ({"labels": LABELS * 0}, "2 digits of different classes need as many classes, got 1"),
        ({"side": 40}, "no room for 2 digits without overlap: take a larger side"),
    ],
)
def test_what_makes_no_scene_is_refused(change, words):
    arguments = {"images": IMAGES, "labels": LABELS, "n": 5} | change
    with pytest.raises(ValueError, match=words):
        make_scenes(**arguments)
