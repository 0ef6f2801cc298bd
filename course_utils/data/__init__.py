"""Data for the course: built in by default, real data one argument away. See data/README.md for the data sheets."""

from course_utils.data.cache import DataUnavailable, cache_folder, offline
from course_utils.data.digits import load_digits
from course_utils.data.faces import draw_faces, load_faces
from course_utils.data.photos import PHOTOS, load_photo
from course_utils.data.points import POINT_KINDS, load_points
from course_utils.data.scenes import Scenes, make_scenes
from course_utils.data.series import SERIES, load_series

__all__ = [
    "PHOTOS",
    "POINT_KINDS",
    "SERIES",
    "DataUnavailable",
    "Scenes",
    "cache_folder",
    "draw_faces",
    "load_digits",
    "load_faces",
    "load_photo",
    "load_points",
    "load_series",
    "make_scenes",
    "offline",
]
