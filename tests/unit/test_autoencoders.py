"""Autoencoder builders, penalties, noise and progress."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from course_utils.autoencoders import (
    Autoencoder,
    KLSparsity,
    L1Activity,
    Progress,
    add_gaussian,
    add_masking,
    add_salt_and_pepper,
    build_conv_autoencoder,
    build_denoising_autoencoder,
    build_dense_autoencoder,
    few_label_accuracy,
    keep_strongest,
    mean_psnr,
    mean_ssim,
    train,
)

IMAGES = np.random.default_rng(0).random((12, 8, 8, 1)).astype("float32")
BUILDERS = {
    "dense": lambda: build_dense_autoencoder((8, 8, 1), 3, hidden=(16, 8)),
    "sparse": lambda: build_dense_autoencoder(
        (8, 8, 1), 9, code_activation="sigmoid", code_layers=[KLSparsity(0.1, 0.5), L1Activity(0.01)]
    ),
    "noisy code": lambda: build_dense_autoencoder((8, 8, 1), 5, code_layers=[keras.layers.GaussianNoise(0.1)]),
    "conv": lambda: build_conv_autoencoder((8, 8, 1), 6, filters=(4, 8)),
    "conv, pooling": lambda: build_conv_autoencoder((8, 8, 1), 6, filters=(4, 8), resampling="pooling"),
    "conv, volume": lambda: build_conv_autoencoder((8, 8, 1), None, filters=(4, 2)),
}

every_builder = pytest.mark.parametrize("name", BUILDERS)


@every_builder
def test_the_halves_make_the_whole(name):
    model = BUILDERS[name]()
    codes = model.encoder.predict(IMAGES, verbose=0)
    whole = model.predict(IMAGES, verbose=0)
    assert whole.shape == IMAGES.shape
    np.testing.assert_allclose(model.decoder.predict(codes, verbose=0), whole, rtol=1e-5, atol=1e-6)
    assert model.count_params() == model.encoder.count_params() + model.decoder.count_params()


@every_builder
def test_it_trains_and_its_error_falls(name):
    keras.utils.set_random_seed(0)
    model = BUILDERS[name]()
    model.compile("adam", loss="mse")
    losses = model.fit(IMAGES, IMAGES, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_all_are_saved_and_loaded_in_a_new_process_with_the_same_outputs(tmp_path):
    keras.utils.set_random_seed(1)
    np.save(tmp_path / "images.npy", IMAGES)
    for number, build in enumerate(BUILDERS.values()):
        model = build()
        model.compile("adam", loss="mse")
        model.fit(IMAGES, IMAGES, epochs=1, verbose=0)
        model.save(tmp_path / f"{number}.keras")
        codes, whole = model.encoder.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0)
        np.savez(tmp_path / f"{number}.npz", codes=codes, whole=whole)
    code = f"""
import course_utils.autoencoders, keras, numpy as np
x = np.load("images.npy")
for number in range({len(BUILDERS)}):
    model, wanted = keras.saving.load_model(f"{{number}}.keras"), np.load(f"{{number}}.npz")
    np.testing.assert_allclose(model.predict(x, verbose=0), wanted["whole"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.encoder.predict(x, verbose=0), wanted["codes"], rtol=1e-5, atol=1e-6)
    model.fit(x, x, verbose=0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_copy_from_its_config_is_a_model_of_its_own():
    model = BUILDERS["sparse"]()
    again = Autoencoder.from_config(model.get_config())
    assert again.count_params() == model.count_params()
    assert [layer.name for layer in again.encoder.layers] == [layer.name for layer in model.encoder.layers]


def test_shapes_and_activations_are_those_asked_for():
    model = build_dense_autoencoder((4, 4, 1), 2, hidden=(10, 5), activation="tanh", output_activation="linear")
    assert [layer.units for layer in model.encoder.layers if hasattr(layer, "units")] == [10, 5, 2]
    assert [layer.units for layer in model.decoder.layers if hasattr(layer, "units")] == [5, 10, 16]
    assert model.decoder.layers[-2].activation is keras.activations.linear
    volume = build_conv_autoencoder((28, 28, 1), None, filters=(16, 8))
    assert volume.encoder.output_shape == (None, 7, 7, 8)
    assert build_conv_autoencoder((28, 28, 1), 32).encoder.output_shape == (None, 32)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: build_dense_autoencoder((8, 8, 1), 0), "code_size must hold integers >= 1, got 0"),
        (lambda: build_dense_autoencoder((8, 8, 1), 2, hidden=(8, 2.5)), "hidden must hold integers >= 1, got 2.5"),
        (lambda: build_conv_autoencoder((10, 10, 1), 4), "divisible by 4 for 2 layers"),
        (lambda: build_conv_autoencoder((8, 8), 4), "must be \\(height, width, channels\\)"),
        (lambda: build_conv_autoencoder((8, 8, 1), 4, resampling="magic"), '"strides" or "pooling", got \'magic\''),
        (lambda: build_denoising_autoencoder((10, 8, 1), 4), "divisible by 4 for 2 layers"),
        (lambda: build_denoising_autoencoder((8, 8, 1), 0), "code_size must hold integers >= 1, got 0"),
        (lambda: KLSparsity(0, 1), "rho must lie between 0 and 1, got 0"),
        (lambda: KLSparsity(0.1, -1), "weight must be >= 0, got -1"),
        (lambda: L1Activity(-0.1), "weight must be >= 0, got -0.1"),
        (lambda: add_gaussian(IMAGES, -1), "sigma must be >= 0"),
        (lambda: add_masking(IMAGES, 1.5), "share must lie in 0..1, got 1.5"),
        (lambda: add_salt_and_pepper(IMAGES, -0.1), "share must lie in 0..1"),
    ],
)
def test_bad_input_is_named(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_the_l1_penalty_is_the_formula_per_example():
    layer = L1Activity(0.5)
    activations = np.array([[1.0, -2.0], [0.0, 4.0]], dtype="float32")
    np.testing.assert_array_equal(layer(activations), activations)
    assert float(layer.losses[0]) == pytest.approx(0.5 * (3 + 4) / 2)


def test_the_kl_penalty_is_the_formula_and_zero_at_the_target():
    layer = KLSparsity(0.2, 3.0)
    activations = np.array([[0.1, 0.5], [0.3, 0.7]], dtype="float32")
    layer(activations)
    mean = activations.mean(axis=0).astype(float)
    wanted = 3 * (0.2 * np.log(0.2 / mean) + 0.8 * np.log(0.8 / (1 - mean))).sum()
    assert float(layer.losses[0]) == pytest.approx(wanted, rel=1e-4)
    at_target = KLSparsity(0.2, 3.0)
    at_target(np.full((4, 3), 0.2, dtype="float32"))
    assert float(at_target.losses[0]) == pytest.approx(0, abs=1e-5)
    at_edge = KLSparsity(0.2, 1.0)
    at_edge(np.zeros((4, 3), dtype="float32"))
    assert np.isfinite(float(at_edge.losses[0]))


def test_noise_is_what_it_says_repeatable_and_in_range():
    grey = np.full((20, 16, 16, 1), 0.5, dtype="float32")
    gaussian = add_gaussian(grey, 0.1, seed=1)
    assert gaussian.std() == pytest.approx(0.1, rel=0.05)
    masked = add_masking(grey, 0.3, seed=1)
    assert (masked == 0).mean() == pytest.approx(0.3, abs=0.03)
    salted = add_salt_and_pepper(grey, 0.4, seed=1)
    assert (salted == 0).mean() == pytest.approx(0.2, abs=0.03)
    assert (salted == 1).mean() == pytest.approx(0.2, abs=0.03)
    for noisy in (gaussian, masked, salted):
        assert noisy.dtype == np.float32
        assert 0 <= noisy.min() <= noisy.max() <= 1
    np.testing.assert_array_equal(gaussian, add_gaussian(grey, 0.1, seed=1))
    assert not np.array_equal(gaussian, add_gaussian(grey, 0.1, seed=2))
    assert grey.std() == 0  # the images themselves are left alone


def test_quality_is_scikit_image_s_averaged_over_images():
    noisy = add_gaussian(IMAGES, 0.2)
    wanted = np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in zip(IMAGES, noisy, strict=True)])
    assert mean_psnr(IMAGES, noisy) == pytest.approx(wanted)
    assert mean_ssim(IMAGES, IMAGES) == pytest.approx(1)
    assert mean_ssim(IMAGES, noisy) < 1


def test_progress_ends_in_one_tidy_line(monkeypatch):
    shown = []

    class Handle:
        def update(self, line):
            shown.append(repr(line))

    monkeypatch.setattr("IPython.display.display", lambda line, display_id: shown.append(repr(line)) or Handle())
    model = build_dense_autoencoder((8, 8, 1), 2)
    model.compile("adam", loss="mse")
    model.fit(IMAGES, IMAGES, epochs=3, verbose=0, callbacks=[Progress("toy")], validation_data=(IMAGES, IMAGES))
    assert shown[0] == "toy ..."
    assert shown[-1].startswith("toy: epoch 3 of 3, loss ")
    assert "validation loss" in shown[-1]


@pytest.mark.parametrize("code_size", [5, None])
def test_the_denoiser_trains_is_saved_and_restores_an_image(code_size, tmp_path):
    keras.utils.set_random_seed(0)
    noisy = add_gaussian(IMAGES, 0.2)
    model = build_denoising_autoencoder((8, 8, 1), code_size, filters=(4, 8))
    losses = train(model, noisy, IMAGES, epochs=60, learning_rate=0.01, batch_size=4)["loss"]
    assert losses[-1] < 0.8 * losses[0]
    wanted = model.predict(noisy, verbose=0)
    assert wanted.shape == IMAGES.shape
    model.save(tmp_path / "denoiser.keras")
    again = keras.saving.load_model(tmp_path / "denoiser.keras")
    np.testing.assert_allclose(again.predict(noisy, verbose=0), wanted, rtol=1e-5, atol=1e-6)


def test_a_denoiser_without_a_code_has_weights_that_fit_any_size():
    small, large = (build_denoising_autoencoder((n, n, 1), None, filters=(4, 8)) for n in (8, 16))
    large.set_weights(small.get_weights())
    tiled = np.tile(IMAGES[:1], (1, 2, 2, 1))
    assert large.predict(tiled, verbose=0).shape == (1, 16, 16, 1)


@every_builder
def test_training_lowers_the_loss_and_follows_validation(name):
    keras.utils.set_random_seed(0)
    history = train(
        BUILDERS[name](), IMAGES, epochs=30, learning_rate=0.003, batch_size=4, validation_data=(IMAGES, IMAGES)
    )
    assert set(history) == {"loss", "val_loss"}
    assert len(history["loss"]) == 30
    assert history["loss"][-1] < history["loss"][0]


def test_training_ends_at_a_rate_of_zero_whatever_the_batches():
    model = BUILDERS["dense"]()
    train(model, IMAGES, epochs=2, learning_rate=0.1, batch_size=5)  # 12 images: three batches an epoch
    assert model.optimizer.iterations == 6
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


def test_the_learning_rate_rises_over_the_warm_up_and_falls_to_zero():
    rates = {}
    for epochs in (1, 2, 3, 4, 8):
        model = BUILDERS["dense"]()
        train(model, IMAGES, epochs=8, learning_rate=0.1, batch_size=12, warmup=4)
        rates[epochs] = float(model.optimizer._learning_rate(epochs))
    assert [rates[n] for n in (1, 2, 4, 8)] == pytest.approx([0.025, 0.05, 0.1, 0], abs=1e-6)


def test_long_gradients_are_shortened():
    moved = {}
    for clip_norm in (None, 1e-9):
        keras.utils.set_random_seed(0)
        model = build_dense_autoencoder((8, 8, 1), 4)
        before = model.get_weights()
        train(model, IMAGES, epochs=1, learning_rate=0.01, clip_norm=clip_norm)
        moved[clip_norm] = max(np.abs(a - b).max() for a, b in zip(before, model.get_weights(), strict=True))
    assert moved[None] > 0.005
    assert moved[1e-9] < 0.002


def test_training_on_other_targets_learns_these():
    keras.utils.set_random_seed(0)
    model = build_dense_autoencoder((8, 8, 1), 4)
    train(model, IMAGES, np.zeros_like(IMAGES), epochs=200, learning_rate=0.02, batch_size=4)
    assert model.predict(IMAGES, verbose=0).max() < 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs must be an integer >= 1, got 0"),
        ({"batch_size": 2.5}, "batch_size must be an integer >= 1, got 2.5"),
        ({"learning_rate": 0}, "learning_rate must be > 0, got 0"),
        ({"targets": IMAGES[:3]}, "got 12 and 3"),
        ({"warmup": 1}, "warmup must be an integer from 0 to less than the 1 steps, got 1"),
        ({"clip_norm": 0}, "clip_norm must be > 0, got 0"),
    ],
)
def test_training_names_bad_input(options, words):
    model = build_dense_autoencoder((8, 8, 1), 4)
    with pytest.raises(ValueError, match=words):
        train(model, IMAGES, **{"epochs": 1, "learning_rate": 0.01, **options})


def test_few_labels_suffice_for_groups_apart_and_not_for_noise():
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 5, 7], 30)
    apart = np.eye(8)[labels] * 10 + rng.normal(size=(90, 8))
    assert few_label_accuracy(apart, labels, apart, labels, per_class=3, repeats=3) > 0.98
    noise = rng.normal(size=(90, 2, 4, 1))
    assert few_label_accuracy(noise[:45], labels[::2], noise[45:], labels[1::2], per_class=3, repeats=5) < 0.6
    with pytest.raises(ValueError, match="at least 31 examples, class 3 has fewer"):
        few_label_accuracy(apart, labels, apart, labels, per_class=31)


def test_only_the_strongest_of_each_code_are_kept():
    codes = np.array([[0.5, -2.0, 3.0, 1.0], [0.1, 0.4, 0.2, 0.3]], dtype="float32")
    wanted = np.array([[0, 0, 3, 1], [0, 0.4, 0, 0.3]], dtype="float32")
    np.testing.assert_array_equal(keep_strongest(codes, 2), wanted)
    np.testing.assert_array_equal(keep_strongest(codes, 4), codes)
    for k in (0, 5):
        with pytest.raises(ValueError, match=f"k = {k}"):
            keep_strongest(codes, k)


def test_a_dead_unit_is_pulled_up_by_the_kl_penalty():
    import tensorflow as tf

    layer, activations = KLSparsity(0.1, 1.0), tf.Variable(np.zeros((4, 2), dtype="float32"))
    with tf.GradientTape() as tape:
        layer(activations)
        loss = layer.losses[0]
    assert tape.gradient(loss, activations).numpy().max() < -100


def test_importing_it_first_keeps_tensorflow_quiet():
    code = "from course_utils.autoencoders import build_dense_autoencoder; import keras; keras.ops.ones((2,)) + 1"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_what_is_held_back_is_shown_when_the_block_fails():
    code = (
        "import os\nfrom course_utils._quiet import quiet_stderr\n"
        "with quiet_stderr(): os.write(2, b'hidden ')\n"
        "with quiet_stderr(): os.write(2, b'shown '); raise ImportError('no such library')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "shown" in done.stderr
    assert "no such library" in done.stderr
    assert "hidden" not in done.stderr
