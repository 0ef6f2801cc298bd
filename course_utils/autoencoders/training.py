"""Fitting with a progress display: live in a notebook or terminal, one tidy line when stored."""

from __future__ import annotations

import time

import keras


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
        names = {"loss": "loss", "val_loss": "validation loss"}
        losses = ", ".join(f"{names[key]} {value:.4f}" for key, value in logs.items() if key in names)
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
