"""Time to quality: the denoiser of notebook 07 against the small convolutional one that keras.io publishes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import keras
from keras import layers

from course_utils.autoencoders import add_gaussian, build_denoising_autoencoder
from course_utils.data import load_digits
from tests.benchmarks.measuring import Measured

EPOCHS_OF_PEER = 20


def measure() -> Iterator[Measured]:
    (x, _), (x_val, _) = load_digits("mnist", fallback=True)
    pairs = add_gaussian(x, 0.4, seed=1), x
    validation = add_gaussian(x_val, 0.4, seed=2), x_val

    keras.utils.set_random_seed(0)
    peer = _peer()
    peer.compile("adam", loss="binary_crossentropy")
    began = time.perf_counter()
    history = peer.fit(*pairs, batch_size=128, epochs=EPOCHS_OF_PEER, verbose=0, validation_data=validation).history
    peer_seconds = time.perf_counter() - began
    goal = history["val_loss"][-1]

    keras.utils.set_random_seed(0)
    ours, reached = build_denoising_autoencoder((28, 28, 1)), _Reached(goal)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.003, 6 * len(x) // 32))
    ours.compile(optimizer, loss="binary_crossentropy", steps_per_execution=16, jit_compile=False)
    began = time.perf_counter()
    ours.fit(*pairs, batch_size=32, epochs=6, verbose=0, validation_data=validation, callbacks=[reached])
    seconds = time.perf_counter() - began if reached.epoch else float("inf")

    what = f"denoiser: seconds to the peer's validation loss of {goal:.4f} ({seconds:.1f} s of {peer_seconds:.0f} s)"
    yield Measured(what, seconds / peer_seconds, 0.12)


class _Reached(keras.callbacks.Callback):
    """Stop after the first epoch whose validation loss is as low as a goal."""

    def __init__(self, goal: float) -> None:
        super().__init__()
        self.goal, self.epoch = goal, None

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs["val_loss"] <= self.goal:
            self.epoch, self.model.stop_training = epoch + 1, True


def _peer() -> keras.Model:
    """Two convolutions of 32 filters with pooling, two transposed ones with stride 2, one to a single channel."""
    same = {"padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            *(layer for _ in range(2) for layer in (layers.Conv2D(32, 3, **same), layers.MaxPooling2D(2))),
            *(layers.Conv2DTranspose(32, 3, strides=2, **same) for _ in range(2)),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
