"""Tests never need a network: neither the package's nor the notebooks'."""

import os

os.environ["COURSE_OFFLINE"] = "1"
