"""Grading a class: submissions are run through nbval in a sandbox, and the course's checks judge their functions."""
