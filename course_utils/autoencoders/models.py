"""Autoencoders: an encoder and a decoder, trained as one model."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="course_utils")
class Autoencoder(keras.Model):
    """A model x -> decoder(encoder(x)) whose halves can be used on their own.

    Compile and fit it like any Keras model; ``save("model.keras")`` and ``keras.saving.load_model`` keep both halves.

    Parameters
    ----------
    encoder : model from inputs to codes
    decoder : model from codes to outputs of the inputs' shape
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **options) -> None:
        super().__init__(**options)
        self.encoder = encoder
        self.decoder = decoder
        self.build(encoder.input_shape)

    def build(self, input_shape: tuple) -> None:
        """Both halves are built already."""
        self.built = True

    def call(self, x: keras.KerasTensor, training: bool | None = None) -> keras.KerasTensor:
        """Reconstruct x."""
        return self.decoder(self.encoder(x, training=training), training=training)

    def get_config(self) -> dict:
        """What is needed to build the model again."""
        serialize = keras.saving.serialize_keras_object
        return {"name": self.name, "encoder": serialize(self.encoder), "decoder": serialize(self.decoder)}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Autoencoder:
        """Build the model from what `get_config` returned."""
        restore = keras.saving.deserialize_keras_object
        encoder, decoder = (restore(config[half], custom_objects=custom_objects) for half in ("encoder", "decoder"))
        return cls(encoder, decoder, name=config.get("name"))


def build_dense_autoencoder(
    input_shape: Sequence[int],
    code_size: int,
    hidden: Sequence[int] = (),
    activation: str = "relu",
    *,
    code_activation: str = "linear",
    output_activation: str = "sigmoid",
    use_bias: bool = True,
    code_layers: Sequence[keras.layers.Layer] = (),
    name: str = "dense_autoencoder",
) -> Autoencoder:
    """Build an autoencoder of dense layers.

    Parameters
    ----------
    input_shape : shape of one input, for instance (28, 28, 1)
    code_size : number of units of the code
    hidden : units of the encoder's hidden layers; the decoder has them in reverse
    activation : of the hidden layers
    code_activation : of the code
    output_activation : of the reconstruction; "sigmoid" for data in 0..1, "linear" for any
    use_bias : whether layers have a bias
    code_layers : layers after the code, within the encoder: a sparsity penalty, noise, dropout
    name : of the model

    Returns
    -------
    Autoencoder

    Raises
    ------
    ValueError
        If a size is not a positive integer.
    """
    _check_sizes(input_shape=input_shape, code_size=(code_size,), hidden=hidden)
    dense = {"use_bias": use_bias}
    encoder = keras.Sequential(
        [
            layers.Input(tuple(input_shape)),
            layers.Flatten(),
            *(layers.Dense(units, activation=activation, **dense) for units in hidden),
            layers.Dense(code_size, activation=code_activation, name="code", **dense),
            *code_layers,
        ],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            layers.Input((code_size,)),
            *(layers.Dense(units, activation=activation, **dense) for units in reversed(hidden)),
            layers.Dense(prod(input_shape), activation=output_activation, **dense),
            layers.Reshape(tuple(input_shape)),
        ],
        name="decoder",
    )
    return Autoencoder(encoder, decoder, name=name)


def build_conv_autoencoder(
    input_shape: Sequence[int],
    code_size: int | None,
    filters: Sequence[int] = (16, 32),
    activation: str = "elu",
    *,
    resampling: str = "strides",
    output_activation: str = "sigmoid",
    name: str = "conv_autoencoder",
) -> Autoencoder:
    """Build an autoencoder of convolutional layers; each of them halves the height and the width.

    Parameters
    ----------
    input_shape : (height, width, channels); height and width divisible by 2 for each entry of `filters`
    code_size : units of a code vector; None for a code that is a volume, the last feature maps
    filters : number of filters of each layer of the encoder; the decoder has them in reverse
    activation : of the convolutions; "elu" learns faster than "relu" here, and no unit dies
    resampling : "strides" (strided and transposed convolutions) or "pooling" (max pooling and upsampling)
    output_activation : of the reconstruction
    name : of the model

    Returns
    -------
    Autoencoder

    Raises
    ------
    ValueError
        If a size is not a positive integer, the image cannot be halved so often, or the resampling is unknown.
    """
    _check_sizes(input_shape=input_shape, filters=filters, code_size=() if code_size is None else (code_size,))
    height, width, channels = _check_halving(input_shape, filters)
    factor = 2 ** len(filters)
    if resampling not in ("strides", "pooling"):
        raise ValueError(f'resampling must be "strides" or "pooling", got {resampling!r}.')
    small = (height // factor, width // factor, filters[-1])

    down = [layers.Input(tuple(input_shape))]
    for n in filters:
        if resampling == "strides":
            down.append(layers.Conv2D(n, 3, strides=2, padding="same", activation=activation))
        else:
            down += [layers.Conv2D(n, 3, padding="same", activation=activation), layers.MaxPooling2D(2)]
    up = [layers.Input(small if code_size is None else (code_size,))]
    if code_size is not None:
        down += [layers.Flatten(), layers.Dense(code_size, name="code")]
        up += [layers.Dense(prod(small), activation=activation), layers.Reshape(small)]
    steps = [(n, activation) for n in reversed(filters[:-1])] + [(channels, output_activation)]
    for n, bend in steps:
        if resampling == "strides":
            up.append(layers.Conv2DTranspose(n, 3, strides=2, padding="same", activation=bend))
        else:
            up += [layers.UpSampling2D(2), layers.Conv2D(n, 3, padding="same", activation=bend)]
    return Autoencoder(keras.Sequential(down, name="encoder"), keras.Sequential(up, name="decoder"), name=name)


def build_denoising_autoencoder(
    input_shape: Sequence[int],
    code_size: int | None = 128,
    filters: Sequence[int] = (16, 32),
    activation: str = "elu",
    *,
    output_activation: str = "sigmoid",
    name: str = "denoising_autoencoder",
) -> keras.Model:
    """Build a convolutional autoencoder whose decoder also sees the encoder's feature maps, by skip connections.

    Train it from corrupted inputs to clean targets. With the inputs as targets it would learn to copy along the skips.
    Its kernels of 4x4 pixels are divisible by the strides of 2: no checkerboard.

    Parameters
    ----------
    input_shape : (height, width, channels); height and width divisible by 2 for each entry of `filters`
    code_size : units of the code, the dense layer in the middle; None for none, so that the weights fit any size
    filters : number of filters of each level of the encoder
    activation : of all layers but the last
    output_activation : of the last layer
    name : of the model

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If a size is not a positive integer, or the image cannot be halved so often.

    References
    ----------
    P. Vincent and others (2008), Extracting and composing robust features with denoising autoencoders, ICML.
    O. Ronneberger, P. Fischer, T. Brox (2015), U-Net: convolutional networks for biomedical image segmentation, MICCAI.
    """
    _check_sizes(input_shape=input_shape, filters=filters, code_size=() if code_size is None else (code_size,))
    height, width, channels = _check_halving(input_shape, filters)
    options = {"padding": "same", "activation": activation}
    x = inputs = layers.Input((height, width, channels))
    maps = []
    for level, n in enumerate(filters):
        x = layers.Conv2D(n, 4, strides=2, **options)(x)
        if level + 1 < len(filters):
            x = layers.Conv2D(n, 3, **options)(x)
        maps.append(x)
    if code_size is not None:
        small = x.shape[1:]
        x = layers.Dense(code_size, activation=activation, name="code")(layers.Flatten()(x))
        x = layers.Reshape(small)(layers.Dense(prod(small), activation=activation)(x))
        x = layers.Concatenate()([x, maps[-1]])
    for n, skip in zip(reversed(filters[:-1]), reversed(maps[:-1]), strict=True):
        x = layers.Conv2DTranspose(n, 4, strides=2, **options)(x)
        x = layers.Concatenate()([x, skip])
    outputs = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", activation=output_activation)(x)
    return keras.Model(inputs, outputs, name=name)


def _check_halving(input_shape: Sequence[int], filters: Sequence[int]) -> tuple[int, int, int]:
    if len(input_shape) != 3 or not filters:
        raise ValueError(
            f"input_shape must be (height, width, channels) and filters not empty, got {input_shape}, {filters}."
        )
    height, width, channels = input_shape
    factor = 2 ** len(filters)
    if height % factor or width % factor:
        raise ValueError(
            f"height and width must be divisible by {factor} for {len(filters)} layers, got {input_shape}."
        )
    return height, width, channels


def _check_sizes(**groups: Sequence[int]) -> None:
    for name, sizes in groups.items():
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValueError(f"{name} must hold integers >= 1, got {size!r}.")
