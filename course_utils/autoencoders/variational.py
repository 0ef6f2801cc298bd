"""Variational autoencoders: codes are distributions, and new data can be drawn."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray


@keras.saving.register_keras_serializable(package="course_utils")
class Sampling(keras.layers.Layer):
    r"""Draw :math:`z = \mu + \sigma \epsilon` with :math:`\epsilon \sim N(0, I)`: the reparameterisation.

    The noise comes from outside, so gradients pass through mean and deviation. Call it on (mean, log-variance), both of
    shape (batch, units).

    Parameters
    ----------
    seed : of the noise; None for one drawn at random

    References
    ----------
    D. P. Kingma, M. Welling (2014), Auto-encoding variational Bayes, ICLR.
    """

    def __init__(self, seed: int | None = None, **options) -> None:
        super().__init__(**options)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: tuple[keras.KerasTensor, keras.KerasTensor]) -> keras.KerasTensor:
        """Return one draw for each row."""
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def get_config(self) -> dict:
        """What is needed to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


def kl_to_standard_normal(
    mean: keras.KerasTensor | NDArray, log_variance: keras.KerasTensor | NDArray
) -> keras.KerasTensor:
    r"""Compute :math:`KL[N(\mu, \sigma) \| N(0, I)] = \frac12 (\mu^2 + \sigma^2 - \log\sigma^2 - 1)`, in nats.

    Parameters
    ----------
    mean, log_variance : tensors or arrays of one shape

    Returns
    -------
    kl : tensor of that shape, >= 0, one term for each unit; sum over the units for the whole distribution
    """
    return 0.5 * (ops.square(mean) + ops.exp(log_variance) - log_variance - 1)


@keras.saving.register_keras_serializable(package="course_utils")
class VAE(keras.Model):
    r"""Variational autoencoder with the loss :math:`\|x - d(z)\|^2 + \beta\, KL[N(\mu_x, \sigma_x) \| N(0, I)]`.

    Both terms are sums, over pixels and over units, averaged over the batch, and are reported apart: "reconstruction"
    and "kl" beside "loss". Compile with an optimizer alone, and fit on inputs alone. Called on x, it returns the
    reconstruction from the mean of the code.

    Parameters
    ----------
    encoder : model from inputs to two outputs of shape (batch, units), means and log-variances
    decoder : model from codes to reconstructions
    beta : weight of the KL term, >= 0
    seed : of the noise in training

    Raises
    ------
    ValueError
        If beta is negative, or the encoder does not have two outputs of the decoder's input shape.
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, beta: float = 1.0, *, seed: int | None = None, **options
    ) -> None:
        super().__init__(**options)
        if not beta >= 0:
            raise ValueError(f"beta must be >= 0, got {beta!r}.")
        shapes = [tuple(output.shape) for output in encoder.outputs]
        if shapes != [tuple(decoder.input_shape)] * 2:
            raise ValueError(
                f"the encoder must give means and log-variances of shape {decoder.input_shape}, it gives {shapes}."
            )
        self.encoder, self.decoder, self.beta, self.seed = encoder, decoder, float(beta), seed
        self.sampling = Sampling(seed)
        self._trackers = [keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "kl")]
        self.build(encoder.input_shape)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Loss and its two terms; reset at the start of each epoch."""
        return self._trackers

    def build(self, input_shape: tuple) -> None:
        """Both halves are built already."""
        self.built = True

    def call(self, x: keras.KerasTensor, training: bool | None = None) -> keras.KerasTensor:
        """Reconstruct x from the means of its code."""
        return self.decoder(self.encoder(x, training=training)[0], training=training)

    def train_step(self, data: tuple) -> dict:
        """One step of the optimizer on a batch."""
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        with tf.GradientTape() as tape:
            terms = self._terms(x, training=True)
        self.optimizer.apply(tape.gradient(terms[0], self.trainable_variables), self.trainable_variables)
        return self._report(terms)

    def test_step(self, data: tuple) -> dict:
        """The loss's terms of a batch."""
        return self._report(self._terms(keras.utils.unpack_x_y_sample_weight(data)[0], training=False))

    def _terms(self, x: keras.KerasTensor, training: bool) -> tuple:
        """Loss, reconstruction error and KL, each a mean over the batch."""
        mean, log_variance = self.encoder(x, training=training)
        x_hat = self.decoder(self.sampling((mean, log_variance)), training=training)
        axes = tuple(range(1, len(x_hat.shape)))
        reconstruction = ops.mean(ops.sum(ops.square(ops.cast(x, x_hat.dtype) - x_hat), axis=axes))
        kl = ops.mean(ops.sum(kl_to_standard_normal(mean, log_variance), axis=1))
        return reconstruction + self.beta * kl, reconstruction, kl

    def _report(self, terms: tuple) -> dict:
        for tracker, term in zip(self._trackers, terms, strict=True):
            tracker.update_state(term)
        return {tracker.name: tracker.result() for tracker in self._trackers}

    def get_config(self) -> dict:
        """What is needed to build the model again."""
        serialize = keras.saving.serialize_keras_object
        halves = {"encoder": serialize(self.encoder), "decoder": serialize(self.decoder)}
        return {"name": self.name, "beta": self.beta, "seed": self.seed, **halves}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> VAE:
        """Build the model from what `get_config` returned."""
        restore = keras.saving.deserialize_keras_object
        halves = {half: restore(config[half], custom_objects=custom_objects) for half in ("encoder", "decoder")}
        return cls(**{**config, **halves})
