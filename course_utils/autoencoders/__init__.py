"""Autoencoders in Keras: builders, layers, noise and progress.

Importing this imports TensorFlow, and holds back the lines that its C++ core writes while it loads: so import it before
`keras`.
"""

from course_utils._quiet import quiet_stderr

with quiet_stderr():
    import tensorflow  # noqa: F401

from course_utils.autoencoders.features import few_label_accuracy, keep_strongest
from course_utils.autoencoders.images import add_gaussian, add_masking, add_salt_and_pepper, mean_psnr, mean_ssim
from course_utils.autoencoders.judge import FaceJudge, not_faces
from course_utils.autoencoders.latent import attribute_direction, interpolate, traverse
from course_utils.autoencoders.layers import KLSparsity, L1Activity
from course_utils.autoencoders.models import (
    Autoencoder,
    build_conv_autoencoder,
    build_denoising_autoencoder,
    build_dense_autoencoder,
)
from course_utils.autoencoders.training import Progress, train
from course_utils.autoencoders.variational import VAE, Sampling, kl_to_standard_normal

__all__ = [
    "VAE",
    "Autoencoder",
    "FaceJudge",
    "KLSparsity",
    "L1Activity",
    "Progress",
    "Sampling",
    "add_gaussian",
    "add_masking",
    "add_salt_and_pepper",
    "attribute_direction",
    "build_conv_autoencoder",
    "build_denoising_autoencoder",
    "build_dense_autoencoder",
    "few_label_accuracy",
    "interpolate",
    "keep_strongest",
    "kl_to_standard_normal",
    "mean_psnr",
    "mean_ssim",
    "not_faces",
    "train",
    "traverse",
]
