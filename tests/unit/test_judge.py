"""The judge of faces: it reads fresh faces right, knows what is none, and refuses what it cannot read."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.autoencoders import FaceJudge, not_faces  # isort: skip

import keras

from course_utils.data import draw_faces


@pytest.fixture(scope="module")
def judge():
    keras.utils.set_random_seed(0)
    return FaceJudge()


@pytest.fixture(scope="module")
def fresh():
    return draw_faces(600, seed=4)


def test_it_reads_fresh_faces(judge, fresh):
    images, factors = fresh
    reading = judge.read(images)
    right = {name: (reading[name] == factors[name]).mean() for name in reading if name != "face"}
    assert set(right) == {"glasses", "moustache", "smile", "older", "hair"}
    assert min(right["glasses"], right["moustache"], right["smile"]) >= 0.97
    assert min(right["older"], right["hair"]) >= 0.85
    assert reading.face.mean() >= 0.97


def test_a_blurred_face_is_a_face_all_the_same(judge, fresh):
    images, factors = fresh
    blurred = np.mean([np.roll(images, shift, axis=(1, 2)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))], axis=0)
    reading = judge.read(blurred)
    assert reading.face.mean() >= 0.95
    assert (reading.glasses == factors.glasses).mean() >= 0.97


def test_what_is_no_face_is_not_taken_for_one(judge, fresh):
    clouds, scrambled, laid_over = np.array_split(not_faces(fresh[0], seed=8), 3)
    assert judge.read(clouds).face.mean() <= 0.03
    assert judge.read(scrambled).face.mean() <= 0.05
    assert judge.read(laid_over).face.mean() <= 0.35
    assert not judge.read(np.stack([np.zeros((64, 64, 1)), np.full((64, 64, 1), 0.95)])).face.any()


def test_pictures_that_are_no_faces(fresh):
    images = fresh[0]
    pictures = not_faces(images, seed=1)
    assert pictures.shape == images.shape
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    scrambled = pictures[200:400]
    np.testing.assert_allclose(np.sort(scrambled.ravel()), np.sort(images[200:400].ravel()))  # the same squares
    assert (np.abs(scrambled - images[200:400]).max(axis=(1, 2, 3)) > 0.1).all()
    np.testing.assert_allclose(pictures[400:].mean(), images[400:].mean(), atol=1e-3)
    np.testing.assert_array_equal(not_faces(images, seed=1), pictures)
    assert not np.array_equal(not_faces(images, seed=2), pictures)


def test_the_same_seed_gives_the_same_judge(fresh):
    readings = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        readings.append(FaceJudge(200, epochs=1, seed=3).read(fresh[0][:50]))
    assert readings[0].equals(readings[1])


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((3, 32, 32, 1)), r"images must have the shape \(n, 64, 64, 1\), got \(3, 32, 32, 1\)"),
        (np.zeros((0, 64, 64, 1)), r"got \(0, 64, 64, 1\)"),
        (np.full((1, 64, 64, 1), np.nan), "missing or infinite"),
    ],
)
def test_pictures_it_cannot_read_are_refused(judge, images, words):
    with pytest.raises(ValueError, match=words):
        judge.read(images)


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="n must be an integer >= 100, got 5"):
        FaceJudge(5)
    with pytest.raises(ValueError, match=r"at least 9 images .* got \(2, 64, 64, 1\)"):
        not_faces(np.zeros((2, 64, 64, 1)))
