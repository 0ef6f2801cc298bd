"""Faces: what was asked for is drawn, the same for a seed, and nothing else changes with a factor."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from course_utils.data import DataUnavailable, draw_faces, load_faces
from course_utils.data.faces import _draw_factors, _paint


@pytest.fixture(scope="module")
def faces():
    return draw_faces(1500, seed=5)


def test_shapes_range_and_factors(faces):
    images, factors = faces
    assert images.shape == (1500, 64, 64, 1)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert np.isfinite(images).all()
    assert len(factors) == 1500
    assert {"glasses", "moustache", "smile", "older", "age", "hair", "turn", "tilt"} <= set(factors)
    assert factors[["glasses", "moustache", "smile", "older"]].dtypes.eq(bool).all()
    assert ((factors.age >= 55) == factors.older).all()
    assert ((factors.mouth > 0.3) == factors.smile).all()
    assert ((factors.hair_length < 0.1) == (factors.hair == "none")).all()
    assert ((factors.hair_length >= 0.5) == (factors.hair == "long")).all()
    assert abs(factors.smile.mean() - 0.5) < 0.05
    independent = factors[["glasses", "moustache", "smile", "older", "turn", "x"]].astype(float).corr().to_numpy()
    assert np.abs(independent - np.eye(6)).max() < 0.1


def test_a_seed_gives_the_same_faces_and_copies_of_one_s_own(faces):
    images, factors = draw_faces(1500, seed=5)
    np.testing.assert_array_equal(images, faces[0])
    pd.testing.assert_frame_equal(factors, faces[1])
    images[:] = 0
    assert draw_faces(1500, seed=5)[0].any()
    assert not np.array_equal(draw_faces(10, seed=1)[0], draw_faces(10, seed=2)[0])


@pytest.mark.parametrize("factor", ["glasses", "moustache", "smile"])
def test_a_factor_changes_its_own_place_alone(factor):
    factors = _draw_factors(40, np.random.default_rng(0)).assign(tilt=0.0, x=0.0, y=0.0, size=1.0, turn=0.0)
    factors["glasses"] = factors["moustache"] = False
    off, on = factors.assign(mouth=-0.2), factors.assign(mouth=-0.2)
    on[factor], on["mouth"] = True, 0.8 if factor == "smile" else -0.2
    changed = np.abs(_as_images(on) - _as_images(off)).max(axis=0) > 0.05
    rows = np.flatnonzero(changed.any(axis=1))
    low, high = {"glasses": (18, 40), "moustache": (34, 46), "smile": (34, 52)}[factor]
    assert changed.sum() > 20
    assert rows.min() >= low
    assert rows.max() <= high


def _as_images(factors):
    return _paint({name: factors[name].to_numpy() for name in factors})


@pytest.mark.parametrize("factor", ["glasses", "moustache", "smile"])
def test_the_factors_can_be_read_off_the_pixels(faces, factor):
    images, factors = faces
    x, y = images[:, ::2, ::2].reshape(len(images), -1), factors[factor]
    reader = LogisticRegression(C=0.01, max_iter=500).fit(x[:1200], y[:1200])
    assert reader.score(x[1200:], y[1200:]) > 0.85


@pytest.mark.parametrize("n", [0, 2.5, True, "ten"])
def test_a_bad_number_is_named(n):
    with pytest.raises(ValueError, match="n must be an integer >= 1, got"):
        draw_faces(n)


def test_an_unknown_source_is_named():
    with pytest.raises(ValueError, match="unknown source of faces 'celeba': expected one of builtin, olivetti, lfw"):
        load_faces("celeba")


@pytest.mark.parametrize(("source", "words"), [("olivetti", "course data fetch olivetti"), ("lfw", "fetch_lfw_people")])
def test_without_photographs_it_says_so_or_falls_back(source, words, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(DataUnavailable, match=words):
        load_faces(source)
    images, _ = load_faces(source, n=20, fallback=True)
    assert capsys.readouterr().out.count("\n") == 1
    np.testing.assert_array_equal(images, draw_faces(20)[0])
