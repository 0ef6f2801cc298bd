"""The exercises' instant feedback: one module per notebook, one check per exercise.

A check calls your function on data of its own and looks only at what comes back. It prints ``ok``, or says in a
sentence what is probably wrong, and with every try one hint more. ``checks.kmeans.update.hint()`` gives a hint
without a try.
"""

from course_utils.checks import (
    anomaly,
    autoencoder,
    convolution,
    denoising,
    elbow,
    gradcam,
    kmeans,
    quantization,
    sparse,
    start,
    variational,
)
from course_utils.checks.base import CheckFailed, Exercise, Verdict

EXERCISES: dict[str, Exercise] = {
    exercise.grade_id: exercise
    for module in (
        start,
        kmeans,
        elbow,
        quantization,
        autoencoder,
        sparse,
        convolution,
        denoising,
        anomaly,
        variational,
        gradcam,
    )
    for exercise in vars(module).values()
    if isinstance(exercise, Exercise)
}

__all__ = [
    "EXERCISES",
    "CheckFailed",
    "Exercise",
    "Verdict",
    "anomaly",
    "autoencoder",
    "convolution",
    "denoising",
    "elbow",
    "gradcam",
    "kmeans",
    "quantization",
    "sparse",
    "start",
    "variational",
]
