"""Fitting with a progress display: live in a notebook or terminal, one tidy line when stored."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
from numpy.typing import NDArray

from course_utils.autoencoders.variational import VAE


def train(
    model: keras.Model,
    inputs: NDArray,
    targets: NDArray | None = None,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int = 64,
    loss: str | Callable = "mse",
    name: str | None = None,
    validation_data: tuple[NDArray, NDArray] | None = None,
    warmup: int = 0,
    clip_norm: float | None = None,
) -> dict[str, list[float]]:
    """Train a model with Adam, at a learning rate that falls along a cosine to zero, and show its progress.

    Parameters
    ----------
    model : Keras model
    inputs : array of shape (m, ...)
    targets : array of shape (m, ...); by default the inputs, as an autoencoder wants it
    epochs, batch_size : integers >= 1
    learning_rate : at the start, > 0
    loss : as for ``model.compile``; a `VAE` brings its own, and takes inputs alone
    name : the first words of the line of progress; by default the model's name
    validation_data : (inputs, targets) to follow the loss on
    warmup : steps at the start in which the learning rate rises from zero to `learning_rate`
    clip_norm : gradients longer than this, over all weights together, are shortened to it; by default none are

    Returns
    -------
    history : "loss", the terms that a VAE reports, and the same with "val_" for validation data -> one value an epoch

    Raises
    ------
    ValueError
        If a number is out of range, inputs and targets differ in length, or a VAE is given targets.
    """
    for what, value in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{what} must be an integer >= 1, got {value!r}.")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be > 0, got {learning_rate!r}.")
    if isinstance(model, VAE) and targets is not None:
        raise ValueError("a VAE is trained on inputs alone: leave the targets out.")
    targets = inputs if targets is None else targets
    if len(inputs) != len(targets) or not len(inputs):
        raise ValueError(
            f"inputs and targets must be equally many, and not none: got {len(inputs)} and {len(targets)}."
        )
    steps = epochs * -(-len(inputs) // batch_size)
    if isinstance(warmup, bool) or not isinstance(warmup, int) or not 0 <= warmup < steps:
        raise ValueError(f"warmup must be an integer from 0 to less than the {steps} steps, got {warmup!r}.")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm must be > 0, got {clip_norm!r}.")
    if warmup:
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
        )
    else:
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=clip_norm)
    # XLA gains nothing on two cores, takes seconds to compile, and TensorFlow's deterministic mode excludes it.
    own_loss = isinstance(model, VAE)
    model.compile(optimizer, loss=None if own_loss else loss, steps_per_execution=16, jit_compile=False)
    return model.fit(
        inputs,
        None if own_loss else targets,
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
        validation_data=validation_data,
        callbacks=[Progress(name or model.name)],
    ).history


class Progress(keras.callbacks.Callback):
    """Show epoch, losses and seconds in one line that is updated in place.

    Parameters
    ----------
    name : what is trained, the first words of the line
    """

    def __init__(self, name: str = "training") -> None:
        super().__init__()
        self.name = name

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Open the line."""
        from IPython.display import display

        self._began, self._shown = time.perf_counter(), 0.0
        self._handle = display(_Line(f"{self.name} ..."), display_id=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Update the line, at most twice a second."""
        last = epoch + 1 == self.params["epochs"]
        if last or time.perf_counter() - self._shown > 0.5:
            self._shown = time.perf_counter()
            self._show(epoch + 1, logs or {})

    def _show(self, epoch: int, logs: dict) -> None:
        names = {"loss": "loss", "reconstruction": "reconstruction", "kl": "KL", "val_loss": "validation loss"}
        losses = ", ".join(
            f"{names[key]} {value:.{1 if value >= 10 else 4}f}" for key, value in logs.items() if key in names
        )
        seconds = time.perf_counter() - self._began
        line = f"{self.name}: epoch {epoch} of {self.params['epochs']}, {losses}, {seconds:.0f} s"
        if self._handle is not None:
            self._handle.update(_Line(line))


class _Line:
    """Text that a notebook shows without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text
