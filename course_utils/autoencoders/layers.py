"""Layers that ask something of the activations that pass through them.

Both add their penalty to the loss themselves, as a mean over the batch. (Keras's own `activity_regularizer` divides by
the batch size in some versions and does not in others.)
"""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="course_utils")
class L1Activity(keras.layers.Layer):
    r"""Pass activations through, and add :math:`\lambda \sum_i |a_i|`, averaged over the batch, to the loss.

    Parameters
    ----------
    weight : lambda >= 0; a higher value makes the code sparser

    Raises
    ------
    ValueError
        If the weight is negative.
    """

    def __init__(self, weight: float, **options) -> None:
        super().__init__(**options)
        self.weight = _check_weight(weight)

    def call(self, activations: keras.KerasTensor) -> keras.KerasTensor:  # (batch, units) -> the same
        """Return the activations as they are."""
        total = ops.sum(ops.abs(activations)) / ops.cast(ops.shape(activations)[0], activations.dtype)
        self.add_loss(self.weight * total)
        return activations

    def get_config(self) -> dict:
        """What is needed to build the layer again."""
        return {**super().get_config(), "weight": self.weight}


@keras.saving.register_keras_serializable(package="course_utils")
class KLSparsity(keras.layers.Layer):
    r"""Pass activations in 0..1 through, and add :math:`\beta \sum_j KL(\rho \| \hat\rho_j)` to the loss.

    :math:`\hat\rho_j` is the mean activation of unit j over the batch, so batches must be large enough for a mean
    (a hundred or more).

    Parameters
    ----------
    rho : the mean activation wanted, in 0..1 (exclusive)
    weight : beta >= 0

    Raises
    ------
    ValueError
        If rho does not lie between 0 and 1, or the weight is negative.

    References
    ----------
    A. Ng (2011), Sparse autoencoder, CS294A lecture notes, Stanford.
    """

    def __init__(self, rho: float, weight: float, **options) -> None:
        super().__init__(**options)
        if not 0 < rho < 1:
            raise ValueError(f"rho must lie between 0 and 1, got {rho!r}.")
        self.rho = float(rho)
        self.weight = _check_weight(weight)

    def call(self, activations: keras.KerasTensor) -> keras.KerasTensor:  # (batch, units) -> the same
        """Return the activations as they are."""
        mean = 1e-6 + (1 - 2e-6) * ops.mean(activations, axis=0)  # (units,); not clipped: a dead unit needs a gradient
        rho = self.rho
        divergence = rho * ops.log(rho / mean) + (1 - rho) * ops.log((1 - rho) / (1 - mean))
        self.add_loss(self.weight * ops.sum(divergence))
        return activations

    def get_config(self) -> dict:
        """What is needed to build the layer again."""
        return {**super().get_config(), "rho": self.rho, "weight": self.weight}


def _check_weight(weight: float) -> float:
    if weight < 0:
        raise ValueError(f"weight must be >= 0, got {weight!r}.")
    return float(weight)
