"""k-means, the choice of k, and colour quantization. Everything here is built by hand in notebooks 01-03."""

from course_utils.clustering.kmeans import KMeans, assign, kmeans_plus_plus, update, wcss
from course_utils.clustering.quantization import QuantizedImage, quantize_colors, unique_colors
from course_utils.clustering.selection import elbow_gaps, find_elbow, hopkins, purity

__all__ = [
    "KMeans",
    "QuantizedImage",
    "assign",
    "elbow_gaps",
    "find_elbow",
    "hopkins",
    "kmeans_plus_plus",
    "purity",
    "quantize_colors",
    "unique_colors",
    "update",
    "wcss",
]
