"""Grad-CAM of a batch against the plain forward and backward pass that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from course_utils.gradcam import grad_cam  # isort: skip
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.benchmarks.measuring import Measured, time_ratio


def _small() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((60, 60, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(48, 3, padding="same", activation="relu", name="out_relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(10),
        ]
    )


def measure() -> Iterator[Measured]:
    models = {"small network, 60x60": _small(), "MobileNetV2, 224x224": keras.applications.MobileNetV2(weights=None)}
    for what, model in models.items():
        images = np.random.default_rng(0).random((64, *model.input_shape[1:])).astype("float32")
        both = keras.Model(model.inputs, [model.get_layer("out_relu").output, model.outputs[0]])

        def plain(both: keras.Model = both, images: np.ndarray = images) -> tf.Tensor:
            with tf.GradientTape() as tape:
                features, scores = both(images, training=False)
                score = tf.reduce_sum(scores[:, 3])
            return tape.gradient(score, features)

        def ours(model: keras.Model = model, images: np.ndarray = images) -> np.ndarray:
            return grad_cam(model, images, 3)

        ratio = time_ratio(ours, plain, repeats=5)
        yield Measured(f"Grad-CAM of 64 images in one call, {what} / forward and backward pass", ratio, 2)
