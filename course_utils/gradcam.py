"""Grad-CAM: where a classifier looked, and whether its maps can be trusted.

Importing this imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from course_utils._quiet import quiet_stderr

with quiet_stderr():
    import tensorflow as tf

import keras
import numpy as np
from keras import layers
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata


def grad_cam(
    model: keras.Model,
    images: ArrayLike,
    class_index: int | ArrayLike | None = None,
    layer: str | None = None,
    *,
    upsample: bool = True,
) -> NDArray[np.float32]:
    r"""Explain a class by the places whose features raise its score.

    The map of class c is :math:`\mathrm{ReLU}(\sum_k \alpha_k A_k)`, with the maps :math:`A_k` of a convolutional layer
    and the weights :math:`\alpha_k`, the mean over all places of the gradient of c's score by :math:`A_k`. The score is
    taken before the softmax or sigmoid, if the model ends in one.

    Parameters
    ----------
    model : Keras classifier with an output of shape (n, classes), or (n, 1) for a yes-no question
    images : array of shape (n, h, w, channels)
    class_index : what to explain: one class for all images, or one for each; by default the class predicted. For an
        output of one number, 1 is "yes" and 0 is "no"
    layer : name of a layer with outputs of shape (n, rows, columns, filters); inside a nested model "outer/inner".
        By default the last such layer
    upsample : bring the maps to the images' size

    Returns
    -------
    heatmaps : float32 array of shape (n, h, w), or (n, rows, columns) if not upsampled; >= 0, not normalised

    Raises
    ------
    ValueError
        If images, class or layer do not fit the model.

    References
    ----------
    R. R. Selvaraju and others (2017), Grad-CAM: visual explanations from deep networks via gradient-based localization,
    ICCV.
    """
    features, gradients = _features_and_gradients(model, images, class_index, layer)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return _combine(weights, features, images, upsample)


def counterfactual(
    model: keras.Model,
    images: ArrayLike,
    class_index: int | ArrayLike | None = None,
    layer: str | None = None,
    *,
    upsample: bool = True,
) -> NDArray[np.float32]:
    """Explain what speaks *against* a class: Grad-CAM with the gradient's sign reversed.

    Parameters
    ----------
    model, images, class_index, layer, upsample : as for `grad_cam`

    Returns
    -------
    heatmaps : as from `grad_cam`; large where changing the features would raise the score

    Raises
    ------
    ValueError
        If images, class or layer do not fit the model.
    """
    features, gradients = _features_and_gradients(model, images, class_index, layer)
    weights = tf.reduce_mean(-gradients, axis=(1, 2), keepdims=True)
    return _combine(weights, features, images, upsample)


def grad_cam_plus_plus(
    model: keras.Model,
    images: ArrayLike,
    class_index: int | ArrayLike | None = None,
    layer: str | None = None,
    *,
    upsample: bool = True,
) -> NDArray[np.float32]:
    """Explain a class like `grad_cam`, with weights that do justice to several objects of a class in one image.

    Parameters
    ----------
    model, images, class_index, layer, upsample : as for `grad_cam`

    Returns
    -------
    heatmaps : as from `grad_cam`

    Raises
    ------
    ValueError
        If images, class or layer do not fit the model.

    References
    ----------
    A. Chattopadhay and others (2018), Grad-CAM++: generalized gradient-based visual explanations for deep convolutional
    networks, WACV.
    """
    features, gradients = _features_and_gradients(model, images, class_index, layer)
    sums = tf.reduce_sum(features, axis=(1, 2), keepdims=True)
    share = tf.math.divide_no_nan(gradients**2, 2 * gradients**2 + sums * gradients**3)
    weights = tf.reduce_sum(share * tf.nn.relu(gradients), axis=(1, 2), keepdims=True)
    return _combine(weights, features, images, upsample)


def spatial_layers(model: keras.Model, image_shape: tuple[int, int, int]) -> list[str]:
    """List the layers that `grad_cam` can use, in the order in which they run.

    Parameters
    ----------
    model : Keras model
    image_shape : (h, w, channels) of an image

    Returns
    -------
    names : of all layers with outputs of shape (n, rows, columns, filters) and more than one place

    Raises
    ------
    ValueError
        If the model takes no images of that shape.
    """
    return list(_spatial_layers(model, np.zeros((1, *image_shape), np.float32)))


def overlay(image: ArrayLike, heatmap: ArrayLike, *, strength: float = 0.6) -> NDArray[np.float32]:
    """Lay a heat map over an image, in colours whose lightness rises evenly (viridis).

    Parameters
    ----------
    image : array of shape (h, w), (h, w, 1) or (h, w, 3), in [0, 1] or uint8
    heatmap : array of shape (h, w), >= 0; scaled to its largest value, and a map of zeros stays transparent
    strength : how much the largest value covers the image, in 0..1

    Returns
    -------
    picture : float32 array of shape (h, w, 3) in [0, 1]

    Raises
    ------
    ValueError
        If the shapes do not fit, the map has negative or missing values, or strength lies outside 0..1.
    """
    image, heatmap = np.asarray(image), np.asarray(heatmap, dtype=np.float32)
    image = image / np.float32(255) if image.dtype.kind == "u" else image.astype(np.float32)
    image = image[..., None] if image.ndim == 2 else image
    if image.ndim != 3 or image.shape[2] not in (1, 3) or heatmap.shape != image.shape[:2]:
        raise ValueError(
            f"expected an image (h, w), (h, w, 1 or 3) and a map (h, w), got {image.shape}, {heatmap.shape}."
        )
    if not (heatmap >= 0).all():
        raise ValueError("a heat map must be >= 0 everywhere, this one has negative or missing values.")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in 0..1, got {strength!r}.")
    from matplotlib import colormaps

    largest = heatmap.max()
    heat = heatmap / largest if largest > 0 else heatmap
    cover = strength * heat[..., None]
    return (1 - cover) * image + cover * colormaps["viridis"](heat)[..., :3].astype(np.float32)


def pointing_game(heatmaps: ArrayLike, boxes: ArrayLike) -> NDArray[np.bool_]:
    """Say for each map whether its largest value lies inside a box.

    Parameters
    ----------
    heatmaps : array of shape (n, h, w)
    boxes : integers of shape (n, 4): top, left, bottom, right; bottom and right are the first row and column outside

    Returns
    -------
    hits : boolean array of shape (n,); a map of zeros points nowhere, and is no hit

    Raises
    ------
    ValueError
        If the shapes do not fit, or a box is empty or leaves the map.

    References
    ----------
    J. Zhang and others (2016), Top-down neural attention by excitation backprop, ECCV.
    """
    heatmaps, inside = _inside(heatmaps, boxes)
    flat = heatmaps.reshape(len(heatmaps), -1)
    peaks = flat.argmax(axis=1)
    return inside.reshape(len(flat), -1)[np.arange(len(flat)), peaks] & (flat.max(axis=1) > 0)


def energy_inside(heatmaps: ArrayLike, boxes: ArrayLike) -> NDArray[np.float64]:
    """Compute the share of each map's sum that lies inside a box.

    Parameters
    ----------
    heatmaps, boxes : as for `pointing_game`

    Returns
    -------
    shares : array of shape (n,), in 0..1; 0 for a map of zeros

    Raises
    ------
    ValueError
        If the shapes do not fit, or a box is empty or leaves the map.
    """
    heatmaps, inside = _inside(heatmaps, boxes)
    total = heatmaps.sum(axis=(1, 2))
    return np.divide((heatmaps * inside).sum(axis=(1, 2)), total, out=np.zeros(len(total)), where=total > 0)


def rank_correlation(heatmaps: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Compute Spearman's correlation of each map with another of the same image.

    Parameters
    ----------
    heatmaps, others : arrays of shape (n, h, w)

    Returns
    -------
    correlations : array of shape (n,), in -1..1; 0 if one of the two maps is the same everywhere

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    heatmaps, others = np.asarray(heatmaps, dtype=float), np.asarray(others, dtype=float)
    if heatmaps.ndim != 3 or heatmaps.shape != others.shape:
        raise ValueError(f"expected two arrays of maps (n, h, w), got {heatmaps.shape} and {others.shape}.")
    first, second = (rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (heatmaps, others))
    first, second = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (first, second))
    scale = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.divide((first * second).sum(axis=1), scale, out=np.zeros(len(scale)), where=scale > 0)


def randomize_weights(model: keras.Model, n_layers: int, *, seed: int = 0) -> keras.Model:
    """Copy a model, with the weights of its last layers drawn at random.

    Parameters
    ----------
    model : Keras model; it is not changed
    n_layers : how many layers with weights, counted from the output; those of nested models count one by one
    seed : of the new weights, which are the old ones shuffled within each array, so that their scale stays

    Returns
    -------
    copy : model of the same architecture

    Raises
    ------
    ValueError
        If there are fewer layers with weights than that.

    References
    ----------
    J. Adebayo and others (2018), Sanity checks for saliency maps, NeurIPS.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    weighted = [leaf for _, leaf in _leaves(copy) if leaf.weights]
    if isinstance(n_layers, bool) or not isinstance(n_layers, int) or not 0 <= n_layers <= len(weighted):
        raise ValueError(f"n_layers must be an integer from 0 to {len(weighted)}, got {n_layers!r}.")
    rng = np.random.default_rng(seed)
    for leaf in weighted[len(weighted) - n_layers :]:
        leaf.set_weights([rng.permutation(array.ravel()).reshape(array.shape) for array in leaf.get_weights()])
    return copy


def perturbation_curve(
    model: keras.Model,
    images: ArrayLike,
    heatmaps: ArrayLike,
    class_index: int | ArrayLike,
    *,
    kind: Literal["deletion", "insertion"] = "deletion",
    steps: int = 10,
    baseline: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Follow a class's output while the pixels that a map calls important are taken away, or put in, first.

    Parameters
    ----------
    model : Keras classifier
    images : array of shape (n, h, w, channels)
    heatmaps : array of shape (n, h, w)
    class_index : one class for all images, or one for each
    kind : "deletion" replaces pixels of the image by the baseline, "insertion" those of the baseline by the image
    steps : number of steps from no pixel to all
    baseline : what stands for "no information", a number or an array that fits the images

    Returns
    -------
    outputs : array of shape (steps + 1, n), the model's output for the class; a good map lets it fall fast in deletion
        and rise fast in insertion

    Raises
    ------
    ValueError
        If shapes, class or steps do not fit, or the kind is unknown.

    References
    ----------
    V. Petsiuk, A. Das, K. Saenko (2018), RISE: randomized input sampling for explanation of black-box models, BMVC.
    """
    images = _check_images(images)
    heatmaps = np.asarray(heatmaps)
    if heatmaps.shape != images.shape[:3]:
        raise ValueError(f"heatmaps must have the shape {images.shape[:3]} of the images, got {heatmaps.shape}.")
    if kind not in ("deletion", "insertion"):
        raise ValueError(f"unknown kind {kind!r}: expected deletion or insertion.")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps must be an integer >= 1, got {steps!r}.")
    blank = np.broadcast_to(np.asarray(baseline, images.dtype), images.shape)
    start, end = (images, blank) if kind == "deletion" else (blank, images)
    order = heatmaps.reshape(len(images), -1).argsort(axis=1, kind="stable")[:, ::-1]
    rank = order.argsort(axis=1).reshape(heatmaps.shape)[..., None]
    n_pixels = order.shape[1]
    curve = []
    for step in range(steps + 1):
        outputs = model.predict(np.where(rank < n_pixels * step / steps, end, start), verbose=0)
        classes = _check_classes(class_index, outputs)
        curve.append(outputs[np.arange(len(images)), classes])
    return np.asarray(curve, dtype=float)


def _inside(heatmaps: ArrayLike, boxes: ArrayLike) -> tuple[NDArray, NDArray[np.bool_]]:
    """Maps, and for each pixel whether it lies in the map's box."""
    heatmaps, boxes = np.asarray(heatmaps, dtype=float), np.asarray(boxes)
    if heatmaps.ndim != 3 or boxes.shape != (len(heatmaps), 4):
        raise ValueError(f"expected maps (n, h, w) and boxes (n, 4), got {heatmaps.shape} and {boxes.shape}.")
    _, height, width = heatmaps.shape
    top, left, bottom, right = boxes.T[:, :, None]
    bad = (top < 0) | (left < 0) | (bottom > height) | (right > width) | (top >= bottom) | (left >= right)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"box {first}, {boxes[first].tolist()}, is empty or leaves the map of {height} x {width}: expected "
            "top, left, bottom, right with 0 <= top < bottom and 0 <= left < right."
        )
    rows, columns = np.arange(height), np.arange(width)
    in_rows, in_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
    return heatmaps, in_rows[:, :, None] & in_columns[:, None, :]


def _check_images(images: ArrayLike) -> NDArray:
    images = np.asarray(images)
    if images.ndim != 4 or not len(images):
        raise ValueError(f"images must have the shape (n, h, w, channels) with n >= 1, got {images.shape}.")
    images = images.astype(np.float32)
    if not np.isfinite(images).all():
        raise ValueError("images hold missing or infinite values.")
    return images


def _check_classes(class_index: int | ArrayLike | None, scores: NDArray) -> NDArray[np.intp]:
    """One class for each image."""
    n, n_classes = scores.shape
    if class_index is None:
        return (scores[:, 0] > 0).astype(int) if n_classes == 1 else scores.argmax(axis=1)
    classes = np.asarray(class_index)
    allowed = max(n_classes, 2)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (n,)):
        raise ValueError(f"class_index must be an integer or {n} of them, got {class_index!r}.")
    if classes.min() < 0 or classes.max() >= allowed:
        raise ValueError(f"class_index must lie in 0..{allowed - 1}, got {class_index!r}.")
    return np.broadcast_to(classes, n).astype(int)


def _features_and_gradients(
    model: keras.Model, images: ArrayLike, class_index: int | ArrayLike | None, layer: str | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Outputs of the layer, and the gradient of the class's score by them."""
    images = _check_images(images)
    target = _target(model, images, layer)
    with tf.GradientTape() as tape:
        watched: list[tf.Tensor] = []

        def watch(output: tf.Tensor) -> None:
            tape.watch(output)
            watched.append(output)

        with _recording(target, watch), _without_final_activation(model):
            scores = model(images, training=False)
        if len(scores.shape) != 2:
            raise ValueError(
                f"a classifier's output has the shape (n, classes), this model's is {tuple(scores.shape)}."
            )
        classes = _check_classes(class_index, scores.numpy())
        if scores.shape[1] == 1:
            chosen = scores[:, 0] * tf.constant(np.where(classes == 1, 1, -1), scores.dtype)
        else:
            chosen = tf.gather(scores, classes, axis=1, batch_dims=1)
    gradients = tape.gradient(chosen, watched[-1])
    if gradients is None:
        raise ValueError(f"the score does not depend on layer {target.name!r}: choose one that leads to the output.")
    return watched[-1], gradients


def _combine(weights: tf.Tensor, features: tf.Tensor, images: ArrayLike, upsample: bool) -> NDArray[np.float32]:
    """Weighted sum of the layer's maps, ReLU, and the images' size."""
    maps = tf.nn.relu(tf.reduce_sum(weights * features, axis=3))
    if upsample:
        height, width = np.shape(images)[1:3]
        maps = tf.image.resize(maps[..., None], (height, width), method="bilinear")[..., 0]
    return maps.numpy().astype(np.float32)


def _leaves(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """All layers that are no models themselves, with their names, "outer/inner" in nested models."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer, f"{prefix}{layer.name}/")
        else:
            yield prefix + layer.name, layer


@contextmanager
def _recording(layer: keras.layers.Layer, record: Callable[[tf.Tensor], None]) -> Iterator[None]:
    """Pass on what the layer returns, whenever it is called."""
    call = layer.call

    def recorded(*args, **kwargs):
        output = call(*args, **kwargs)
        record(output)
        return output

    object.__setattr__(layer, "call", recorded)
    try:
        yield
    finally:
        object.__delattr__(layer, "call")


def _spatial_layers(model: keras.Model, image: NDArray) -> dict[str, keras.layers.Layer]:
    """Leaves whose output has places, by name, in the order in which they ran."""
    from contextlib import ExitStack

    found: dict[str, keras.layers.Layer] = {}
    with ExitStack() as hooks:
        for name, leaf in _leaves(model):
            if not isinstance(leaf, layers.InputLayer):

                def note(output: tf.Tensor, name: str = name, leaf: keras.layers.Layer = leaf) -> None:
                    if tf.is_tensor(output) and output.ndim == 4 and output.shape[1] * output.shape[2] > 1:
                        found.pop(name, None)
                        found[name] = leaf

                hooks.enter_context(_recording(leaf, note))
        try:
            model(image, training=False)
        except (ValueError, tf.errors.InvalidArgumentError):
            raise ValueError(
                f"the model takes inputs of shape {model.input_shape}, not images of shape {image.shape[1:]}."
            ) from None
    return found


def _target(model: keras.Model, images: NDArray, name: str | None) -> keras.layers.Layer:
    found = _spatial_layers(model, images[:1])
    if not found:
        raise ValueError("no layer of the model returns (n, rows, columns, filters): nothing can be mapped.")
    if name is None:
        return found[list(found)[-1]]
    matches = [full for full in found if full == name or full.endswith(f"/{name}")]
    if name in found:
        matches = [name]
    if len(matches) != 1:
        trouble = "no layer with maps is called" if not matches else "several layers are called"
        raise ValueError(f"{trouble} {name!r}: expected one of {', '.join(found)}.")
    return found[matches[0]]


@contextmanager
def _without_final_activation(model: keras.Model) -> Iterator[None]:
    """Let the model return logits, if it ends in a softmax or sigmoid."""
    last = _last_layer(model)
    squashing = (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(last, layers.Softmax):
        object.__setattr__(last, "call", lambda inputs, *args, **kwargs: inputs)
        try:
            yield
        finally:
            object.__delattr__(last, "call")
    elif getattr(last, "activation", None) in squashing:
        activation = last.activation
        last.activation = keras.activations.linear
        try:
            yield
        finally:
            last.activation = activation
    else:
        yield


def _last_layer(model: keras.Model) -> keras.layers.Layer:
    """Layer that makes the output, inside nested models too."""
    if hasattr(model, "outputs") and model.outputs and hasattr(model.outputs[0], "_keras_history"):
        last = model.outputs[0]._keras_history.operation
    else:
        last = model.layers[-1]
    return _last_layer(last) if isinstance(last, keras.Model) else last
