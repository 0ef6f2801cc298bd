"""Grad-CAM against the formula of the paper, on many architectures; its sanity checks on cases that are known."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.gradcam import (  # isort: skip
    counterfactual,
    energy_inside,
    grad_cam,
    grad_cam_plus_plus,
    overlay,
    perturbation_curve,
    pointing_game,
    randomize_weights,
    rank_correlation,
    spatial_layers,
)

import keras
import tensorflow as tf
from keras import layers
from scipy.stats import spearmanr

IMAGES = np.random.default_rng(0).random((6, 16, 16, 3)).astype("float32")


def flat(end="softmax", channels=3):
    return keras.Sequential(
        [
            layers.Input((16, 16, channels)),
            layers.Conv2D(6, 3, activation="relu", name="first"),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="last"),
            layers.Flatten(),
            layers.Dense(4, activation=end, name="head"),
        ]
    )


def nested():
    backbone = keras.Sequential(
        [
            layers.Input((16, 16, 3)),
            layers.Conv2D(6, 3, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="last"),
        ],
        name="backbone",
    )
    image = layers.Input((16, 16, 3))
    pooled = layers.GlobalAveragePooling2D()(backbone(image))
    return keras.Model(image, layers.Softmax()(layers.Dense(4, name="head")(pooled)))


def without_dense_head():
    return keras.Sequential(
        [
            layers.Input((16, 16, 3)),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="last"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, name="head"),
        ]
    )


def branches():
    image = layers.Input((16, 16, 3))
    left = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    right = layers.Conv2D(4, 5, padding="same", activation="relu")(image)
    both = layers.Concatenate(name="last")([left, right])
    return keras.Model(image, layers.Dense(4, activation="softmax", name="head")(layers.Flatten()(both)))


def one_channel():
    return flat(channels=1)


ARCHITECTURES = {f.__name__: f for f in (flat, nested, without_dense_head, branches, one_channel)}
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


def build(name):
    keras.utils.set_random_seed(3)
    model = ARCHITECTURES[name]()
    return model, IMAGES[..., :1] if name == "one_channel" else IMAGES


def by_the_formula(name, model, images, classes):
    """The paper's formula, written down for each architecture: features, logits, gradient, mean, sum, ReLU."""
    inner = model.get_layer("backbone") if name == "nested" else model
    features_of = keras.Model(inner.inputs, inner.get_layer("last").output)
    features = tf.convert_to_tensor(features_of(images, training=False))
    head = model.get_layer("head")
    with tf.GradientTape() as tape:
        tape.watch(features)
        pools = name in ("nested", "without_dense_head")
        flattened = tf.reduce_mean(features, axis=(1, 2)) if pools else tf.reshape(features, (len(images), -1))
        logits = flattened @ head.kernel + head.bias
        chosen = tf.gather(logits, classes, axis=1, batch_dims=1)
    alpha = tf.reduce_mean(tape.gradient(chosen, features), axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(alpha * features, axis=3)).numpy()


@every_architecture
def test_it_is_the_formula_of_the_paper(name):
    model, images = build(name)
    classes = np.array([0, 1, 2, 3, 0, 1])
    expected = by_the_formula(name, model, images, classes)
    assert expected.max() > 0
    maps = grad_cam(model, images, classes, upsample=False)
    np.testing.assert_allclose(maps, expected, atol=1e-5)
    np.testing.assert_allclose(grad_cam(model, images, classes, "last", upsample=False), expected, atol=1e-5)


@every_architecture
def test_a_batch_equals_one_by_one_and_has_the_images_size(name):
    model, images = build(name)
    maps = grad_cam(model, images)
    assert maps.shape == (6, 16, 16)
    assert maps.dtype == np.float32
    assert (maps >= 0).all()
    single = np.concatenate([grad_cam(model, images[i : i + 1]) for i in range(6)])
    np.testing.assert_allclose(maps, single, atol=1e-5)


def test_by_default_the_predicted_class_is_explained():
    model, images = build("flat")
    predicted = model.predict(images, verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(grad_cam(model, images), grad_cam(model, images, predicted))
    np.testing.assert_array_equal(grad_cam(model, images, 2), grad_cam(model, images, np.full(6, 2)))


def test_logits_are_explained_even_when_the_model_ends_in_softmax_and_the_model_is_left_as_it_was():
    model, images = build("flat")
    logits = keras.models.clone_model(model)
    logits.set_weights(model.get_weights())
    logits.layers[-1].activation = keras.activations.linear
    before = model.predict(images, verbose=0)
    np.testing.assert_allclose(grad_cam(model, images, 1), grad_cam(logits, images, 1), atol=1e-6)
    np.testing.assert_array_equal(model.predict(images, verbose=0), before)
    np.testing.assert_allclose(before.sum(axis=1), 1, rtol=1e-5)
    assert "call" not in vars(model.get_layer("last"))


def test_a_yes_no_model_is_explained_for_both_answers():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([*flat().layers[:-1], layers.Dense(1, activation="sigmoid")])
    model.build((None, 16, 16, 3))
    yes, no = grad_cam(model, IMAGES, 1), grad_cam(model, IMAGES, 0)
    np.testing.assert_allclose(no, counterfactual(model, IMAGES, 1), atol=1e-6)
    assert np.abs(yes - no).max() > 0
    with pytest.raises(ValueError, match=r"class_index must lie in 0..1, got 2"):
        grad_cam(model, IMAGES, 2)


def test_for_and_against_do_not_overlap_in_the_layer():
    model, images = build("nested")
    in_favour = grad_cam(model, images, 1, upsample=False)
    against = counterfactual(model, images, 1, upsample=False)
    assert in_favour.max() > 0 or against.max() > 0
    assert (np.minimum(in_favour, against) == 0).all()


def test_with_one_place_for_each_object_plus_plus_shows_both():
    model, images = build("flat")
    maps = grad_cam_plus_plus(model, images, 1)
    assert maps.shape == (6, 16, 16)
    assert np.isfinite(maps).all()
    assert maps.max() > 0


def test_layers_are_listed_and_wrong_ones_are_named():
    model, images = build("nested")
    assert spatial_layers(model, (16, 16, 3))[-1] == "backbone/last"
    np.testing.assert_array_equal(grad_cam(model, images, layer="last"), grad_cam(model, images, layer="backbone/last"))
    with pytest.raises(
        ValueError, match=r"no layer with maps is called 'head': expected one of backbone/first, .*last"
    ):
        grad_cam(model, images, layer="head")


@pytest.mark.parametrize(
    ("images", "options", "words"),
    [
        (IMAGES[0], {}, r"images must have the shape \(n, h, w, channels\)"),
        (IMAGES[:0], {}, "with n >= 1"),
        (np.full_like(IMAGES, np.nan), {}, "missing or infinite"),
        (IMAGES[..., :1], {}, "the model takes inputs of shape"),
        (IMAGES, {"class_index": 4}, r"class_index must lie in 0..3, got 4"),
        (IMAGES, {"class_index": -1}, r"class_index must lie in 0..3, got -1"),
        (IMAGES, {"class_index": 1.5}, "class_index must be an integer or 6 of them"),
        (IMAGES, {"class_index": [0, 1]}, "class_index must be an integer or 6 of them"),
    ],
)
def test_bad_input_is_named(images, options, words):
    with pytest.raises(ValueError, match=words):
        grad_cam(build("flat")[0], images, **options)


def test_a_model_without_maps_is_refused():
    model = keras.Sequential([layers.Input((16, 16, 3)), layers.Flatten(), layers.Dense(3)])
    with pytest.raises(ValueError, match="nothing can be mapped"):
        grad_cam(model, IMAGES)


def test_an_overlay_covers_most_where_the_map_is_largest_and_a_zero_map_leaves_the_image():
    image = np.full((4, 4, 1), 0.5)
    np.testing.assert_allclose(overlay(image, np.zeros((4, 4))), 0.5)
    heatmap = np.zeros((4, 4))
    heatmap[1, 2] = 7
    change = np.abs(overlay(image, heatmap) - 0.5).sum(axis=2)
    assert change.argmax() == 6
    assert np.count_nonzero(change) == 1
    assert overlay(np.full((4, 4, 3), 255, np.uint8), heatmap)[0, 0].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="must be >= 0 everywhere"):
        overlay(image, heatmap - 1)
    with pytest.raises(ValueError, match="expected an image"):
        overlay(image, np.zeros((5, 4)))
    with pytest.raises(ValueError, match=r"strength must lie in 0..1, got 2"):
        overlay(image, heatmap, strength=2)


def test_the_pointing_game_and_the_energy():
    maps = np.zeros((3, 6, 8))
    maps[0, 2, 3], maps[0, 5, 7] = 3, 1
    maps[1, 5, 7] = 1
    boxes = np.array([[1, 2, 4, 5], [0, 0, 5, 7], [0, 0, 6, 8]])
    assert pointing_game(maps, boxes).tolist() == [True, False, False]  # a map of zeros points nowhere
    assert energy_inside(maps, boxes).tolist() == [0.75, 0, 0]
    with pytest.raises(ValueError, match=r"box 1, \[0, 0, 7, 7\], is empty or leaves the map of 6 x 8"):
        pointing_game(maps, [[0, 0, 1, 1], [0, 0, 7, 7], [0, 0, 1, 1]])
    with pytest.raises(ValueError, match="expected maps"):
        energy_inside(maps, boxes[:2])


def test_random_weights_go_from_the_top_down_and_the_model_stays():
    model, images = build("nested")
    before = model.get_weights()
    changed = {}
    for n_layers in (0, 1, 2):
        copy = randomize_weights(model, n_layers, seed=1)
        pairs = zip(before, copy.get_weights(), strict=True)
        changed[n_layers] = [not np.array_equal(a, b) for a, b in pairs]
        np.testing.assert_allclose([w.sum() for w in copy.get_weights()], [w.sum() for w in before], rtol=1e-4)
    assert sum(changed[0]) == 0
    assert changed[1] == [False] * (len(before) - 2) + [True, False]  # head: kernel, and a bias of zeros
    assert sum(changed[2]) == 2
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    top = randomize_weights(model, 1, seed=1)
    assert np.abs(grad_cam(top, images, 1) - grad_cam(model, images, 1)).max() > 0
    with pytest.raises(ValueError, match="n_layers must be an integer from 0 to 4, got 9"):
        randomize_weights(model, 9)


def test_deletion_falls_and_insertion_rises_fastest_by_the_true_map():
    """A model that sums the left half: its output is known for every set of pixels."""
    left = np.zeros((16, 16, 1), "float32")
    left[:, :8] = 1 / 128
    inputs = layers.Input((16, 16, 1))
    model = keras.Model(inputs, layers.Dense(1, use_bias=False)(layers.Flatten()(inputs)))
    model.set_weights([left.reshape(-1, 1)])
    images, heatmap = np.ones((2, 16, 16, 1), "float32"), np.repeat(left[None, ..., 0], 2, axis=0)
    deleted = perturbation_curve(model, images, heatmap, 0, steps=4)
    np.testing.assert_allclose(deleted, np.array([[1, 0.5, 0, 0, 0]] * 2).T, atol=1e-6)
    inserted = perturbation_curve(model, images, heatmap, 0, kind="insertion", steps=4)
    np.testing.assert_allclose(inserted, np.array([[0, 0.5, 1, 1, 1]] * 2).T, atol=1e-6)
    with pytest.raises(ValueError, match="unknown kind 'removal'"):
        perturbation_curve(model, images, heatmap, 0, kind="removal")
    with pytest.raises(ValueError, match=r"heatmaps must have the shape \(2, 16, 16\)"):
        perturbation_curve(model, images, heatmap[:1], 0)
    with pytest.raises(ValueError, match="steps must be an integer >= 1, got 0"):
        perturbation_curve(model, images, heatmap, 0, steps=0)


def test_rank_correlation_is_spearmans_and_a_constant_map_agrees_with_nothing():
    rng = np.random.default_rng(2)
    maps, others = np.maximum(rng.normal(size=(2, 5, 6, 7)), 0)
    others[4] = 0.3
    found = rank_correlation(maps, others)
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(maps[:4], others[:4], strict=True)]
    np.testing.assert_allclose(found[:4], expected, atol=1e-12)
    assert found[4] == 0
    np.testing.assert_allclose(rank_correlation(maps, maps**3), 1)
    with pytest.raises(ValueError, match=r"got \(5, 6, 7\) and \(4, 6, 7\)"):
        rank_correlation(maps, others[:4])
