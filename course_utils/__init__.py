"""Helpers for the course *Unsupervised deep learning with Keras*.

Importing the package is cheap: it loads neither TensorFlow nor the scientific stack.
"""

import os

__version__ = "0.1.0"

# No chatter of TensorFlow's C++ core, should a notebook import it afterwards. A value that is already set wins.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
