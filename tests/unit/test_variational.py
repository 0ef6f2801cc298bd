"""The VAE: its KL against closed form and Monte Carlo, gradients through the sampling, saving; walks among codes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from course_utils.autoencoders import (  # isort: skip
    VAE,
    Sampling,
    attribute_direction,
    interpolate,
    kl_to_standard_normal,
    train,
    traverse,
)

import keras
import tensorflow as tf
from keras import layers
from scipy import stats


def small_vae(beta=1.0, seed=0):
    keras.utils.set_random_seed(0)
    x = layers.Input((6,))
    hidden = layers.Dense(16, activation="relu")(x)
    encoder = keras.Model(x, [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
    decoder = keras.Sequential([layers.Input((2,)), layers.Dense(16, activation="relu"), layers.Dense(6)])
    vae = VAE(encoder, decoder, beta, seed=seed)
    vae.compile("adam")
    return vae


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(256, 2)) @ rng.normal(size=(2, 6))).astype("float32")


def test_the_kl_is_the_closed_form_and_agrees_with_monte_carlo():
    rng = np.random.default_rng(0)
    mean, sigma = rng.normal(size=(50, 8)), rng.uniform(0.1, 3, (50, 8))
    kl = np.asarray(kl_to_standard_normal(mean, 2 * np.log(sigma)))
    np.testing.assert_allclose(kl, np.log(1 / sigma) + (sigma**2 + mean**2) / 2 - 0.5, atol=1e-5)
    z = mean + sigma * rng.normal(size=(20_000, 50, 8))
    log_ratio = stats.norm.logpdf(z, mean, sigma) - stats.norm.logpdf(z)
    standard_error = log_ratio.std(axis=0) / np.sqrt(len(z))
    assert (np.abs(log_ratio.mean(axis=0) - kl) < 5 * standard_error).all()
    assert np.asarray(kl_to_standard_normal(np.zeros(3), np.zeros(3))).tolist() == [0, 0, 0]


def test_samples_have_the_mean_and_the_deviation_and_let_gradients_through():
    mean, log_variance = tf.fill((20_000, 2), 3.0), tf.fill((20_000, 2), 2 * np.log(0.5).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch([mean, log_variance])
        z = Sampling(seed=1)((mean, log_variance))
        total = tf.reduce_sum(z)
    np.testing.assert_allclose(np.mean(z, axis=0), 3, atol=0.02)
    np.testing.assert_allclose(np.std(z, axis=0), 0.5, atol=0.02)
    by_mean, by_log_variance = tape.gradient(total, [mean, log_variance])
    np.testing.assert_allclose(by_mean, 1)
    np.testing.assert_allclose(by_log_variance, (np.asarray(z) - 3) / 2, atol=1e-5)


def test_training_reports_the_terms_apart_and_lowers_the_loss(data):
    vae = small_vae(beta=0.5)
    history = vae.fit(data, epochs=30, verbose=0).history
    assert set(history) == {"loss", "reconstruction", "kl"}
    np.testing.assert_allclose(
        history["loss"], np.add(history["reconstruction"], np.multiply(0.5, history["kl"])), rtol=1e-3
    )
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    values = vae.evaluate(data, verbose=0, return_dict=True)
    assert values["loss"] == pytest.approx(values["reconstruction"] + 0.5 * values["kl"], rel=1e-3)
    mean, log_variance = vae.encoder.predict(data, verbose=0)
    kl = np.asarray(kl_to_standard_normal(mean, log_variance)).sum(axis=1).mean()
    assert values["kl"] == pytest.approx(kl, rel=1e-3)


def test_without_kl_the_reconstruction_is_better_and_with_much_of_it_the_code_collapses(data):
    ends = {}
    for beta in (0.0, 1.0, 100.0):
        history = small_vae(beta).fit(data, epochs=60, verbose=0).history
        ends[beta] = history["reconstruction"][-1], history["kl"][-1]
    assert ends[0.0][0] < ends[1.0][0] < ends[100.0][0]
    assert ends[100.0][1] < 0.3 < ends[1.0][1] < ends[0.0][1]


def test_it_is_saved_and_loaded_in_a_new_process(data, tmp_path):
    vae = small_vae(beta=0.7)
    vae.fit(data, epochs=1, verbose=0)
    vae.save(tmp_path / "vae.keras")
    np.save(tmp_path / "x.npy", data)
    np.save(tmp_path / "wanted.npy", vae.predict(data, verbose=0))
    code = """
import sys, numpy as np
import course_utils.autoencoders
import keras
vae = keras.saving.load_model(sys.argv[1] + "/vae.keras")
x, wanted = np.load(sys.argv[1] + "/x.npy"), np.load(sys.argv[1] + "/wanted.npy")
np.testing.assert_allclose(vae.predict(x, verbose=0), wanted, rtol=1e-5, atol=1e-6)
assert vae.beta == 0.7
assert set(vae.fit(x, epochs=1, verbose=0).history) == {"loss", "reconstruction", "kl"}
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_vae_that_cannot_work_is_refused():
    vae = small_vae()
    with pytest.raises(ValueError, match="beta must be >= 0, got -1"):
        VAE(vae.encoder, vae.decoder, -1)
    with pytest.raises(ValueError, match=r"means and log-variances of shape \(None, 2\), it gives \[\(None, 6\)\]"):
        VAE(keras.Sequential([layers.Input((6,)), layers.Dense(6)]), vae.decoder)


def test_walks_begin_and_end_where_they_should():
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 16))
    for spherical in (False, True):
        walk = interpolate(start, end, 7, spherical=spherical)
        assert walk.shape == (7, 16)
        np.testing.assert_allclose(walk[[0, -1]], [start, end])
    np.testing.assert_allclose(interpolate(start, end, 3)[1], (start + end) / 2)
    unit = start / np.linalg.norm(start), end / np.linalg.norm(end)
    arc = interpolate(*unit, 9, spherical=True)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 1)
    steps = np.linalg.norm(np.diff(arc, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])
    np.testing.assert_allclose(interpolate(start, start, 4, spherical=True), np.tile(start, (4, 1)))


def test_a_direction_is_the_difference_of_means_and_can_be_added():
    codes = np.array([[0.0, 1], [2, 3], [10, 5], [12, 7]])
    direction = attribute_direction(codes, np.array([False, False, True, True]))
    np.testing.assert_allclose(direction, [10, 4])
    np.testing.assert_allclose(traverse(codes[0], direction, [-1, 0, 0.5]), [[-10, -3], [0, 1], [5, 3]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: interpolate(np.zeros(3), np.zeros(4)), r"got \(3,\) and \(4,\)"),
        (lambda: interpolate(np.zeros(3), np.ones(3), 1), "steps must be an integer >= 2, got 1"),
        (lambda: interpolate(np.zeros(3), np.ones(3), spherical=True), "one of the codes is zero"),
        (lambda: interpolate(-np.ones(3), np.ones(3), spherical=True), "opposite directions"),
        (lambda: attribute_direction(np.zeros((3, 2)), np.ones(3, bool)), "all or none"),
        (lambda: attribute_direction(np.zeros((3, 2)), [0, 1, 1]), "n booleans"),
        (lambda: traverse(np.zeros(3), np.zeros(2), [1]), r"got \(3,\), \(2,\)"),
    ],
)
def test_bad_codes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_train_reports_the_terms_of_a_vae_and_refuses_targets(data):
    vae = small_vae()
    history = train(vae, data, epochs=3, learning_rate=0.01, warmup=2)
    assert set(history) == {"loss", "reconstruction", "kl"}
    np.testing.assert_allclose(history["loss"], np.add(history["reconstruction"], history["kl"]), rtol=1e-4)
    with pytest.raises(ValueError, match="a VAE is trained on inputs alone"):
        train(vae, data, data, epochs=1, learning_rate=0.01)
