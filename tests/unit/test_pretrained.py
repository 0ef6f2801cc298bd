"""A pretrained network: loaded from checked files, or replaced with one line."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from course_utils.gradcam import grad_cam, spatial_layers  # isort: skip
import keras

from course_utils import pretrained
from course_utils.data import DataUnavailable, cache, catalog, load_photo
from course_utils.pretrained import DATASET, Classifier, load_mobilenet


@pytest.fixture(scope="module")
def untrained():
    keras.utils.set_random_seed(5)
    return keras.applications.MobileNetV2(weights=None)


@pytest.fixture
def stored(untrained, tmp_path, monkeypatch):
    """The dataset's files in a cache, with weights of our own and the catalog saying so."""
    dataset = catalog.find_dataset(DATASET)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    paths = [tmp_path / file.name for file in dataset.files]
    paths[0].parent.mkdir()
    untrained.save(paths[0])  # a name in .h5 means the old format, which Keras's own file has too
    paths[1].write_text(json.dumps({str(i): [f"n{i}", f"class_number_{i}"] for i in range(1000)}))
    files = tuple(
        replace(file, sha256=cache._sha256(path), bytes=path.stat().st_size)
        for file, path in zip(dataset.files, paths, strict=True)
    )
    monkeypatch.setattr(cache, "find_dataset", lambda name: replace(dataset, files=files))
    return paths


def test_the_stored_weights_are_loaded_and_photographs_fit(stored, untrained):
    network = load_mobilenet(["chelsea", "coffee"])
    assert network.inputs.shape == network.pictures.shape == (2, 224, 224, 3)
    np.testing.assert_allclose(network.inputs, 2 * network.pictures - 1, atol=1e-5)
    assert len(network.names) == 1000
    assert network.names[7] == "class number 7"
    expected = untrained.predict(network.inputs, verbose=0)
    np.testing.assert_allclose(network.model.predict(network.inputs, verbose=0), expected, atol=1e-5)


def test_the_photograph_is_its_central_square():
    photo = load_photo("coffee")
    square = pretrained._central_square(photo, (400, 400))
    np.testing.assert_allclose(square, photo[:, 100:500] / 255, atol=1e-6)


def test_grad_cam_explains_it(untrained):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype("float32")
    assert spatial_layers(untrained, (224, 224, 3))[-1] == "out_relu"
    assert grad_cam(untrained, images, 3).shape == (2, 224, 224)


def test_without_the_weights_the_other_network_is_returned(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    own = Classifier(keras.Sequential(), ["a"], np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 1)))
    assert load_mobilenet(["chelsea"], fallback=own) is own
    assert capsys.readouterr().out == (
        "MobileNetV2, trained on ImageNet: missing here, and cannot be had: going on with the course's own network.\n"
    )
    with pytest.raises(DataUnavailable, match="course data fetch imagenet-mobilenetv2"):
        load_mobilenet(["chelsea"])


def test_damaged_weights_are_not_used(stored):
    stored[0].write_bytes(b"half")
    with pytest.raises(DataUnavailable, match="damaged"):
        load_mobilenet(["chelsea"])


@pytest.mark.parametrize("photos", ["chelsea", []])
def test_photos_must_be_a_list(photos):
    with pytest.raises(ValueError, match="photos must be a list of names"):
        load_mobilenet(photos)


def test_an_unknown_photo_is_refused():
    with pytest.raises(ValueError, match="chelsie"):
        load_mobilenet(["chelsie"])
