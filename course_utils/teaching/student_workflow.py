"""The GitHub workflow of a student repository: every push is checked, the table stands on the run's page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from course_utils.teaching.publish import check_repo

WORKFLOW_PATH = ".github/workflows/check.yml"
_NOTEBOOK = re.compile(r"[\w][\w.\- ]*(?:/[\w][\w.\- ]*)*\.ipynb", re.ASCII)

_WORKFLOW = """\
# Runs the notebooks and the checks in them, and shows a table on the run's page. It is feedback, not the mark.
name: check

on:
  push:
  pull_request:

permissions:
  contents: read

concurrency:
  group: check-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: {minutes}
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - name: Install the course
        timeout-minutes: 15
        run: {install}
{steps}      - name: Show the result
        if: always()
        run: |
          for file in "$RUNNER_TEMP"/check-*.md; do
            if [ -f "$file" ]; then cat "$file" >> "$GITHUB_STEP_SUMMARY"; fi
          done
"""

_STEP = """\
      - name: {name}
        if: ${{{{ !cancelled() && hashFiles('{notebook}') != '' }}}}
        timeout-minutes: {minutes}
        run: course check "{notebook}" --summary "$RUNNER_TEMP/check-{number:02}.md"
"""


def workflow(notebooks: Sequence[str], repo: str = "", *, minutes: int = 20) -> str:
    """Text of ``.github/workflows/check.yml`` for a repository that holds these notebooks.

    Each notebook is a step of its own: all are checked even if the first fails, and one that is not there (not handed
    out yet) is passed over.

    Parameters
    ----------
    notebooks : paths in the repository, e.g. "01_kmeans_from_scratch.ipynb"
    repo : address of the course's git repository, from which the package is installed; default: what the
        repository's own ``requirements.txt`` names
    minutes : limit for each notebook

    Raises
    ------
    ValueError
        If no notebook is given, a path is not a plain relative one, the address is none, or the limit not positive.
    """
    if not notebooks:
        raise ValueError("no notebook to check: name at least one.")
    for notebook in notebooks:
        if not _NOTEBOOK.fullmatch(notebook):
            raise ValueError(
                f"{notebook!r} cannot be checked in a workflow: expected a relative path of letters, digits, '_', '-', "
                "'.' and '/' that ends in .ipynb. Rename the file."
            )
    if isinstance(minutes, bool) or not isinstance(minutes, int) or minutes < 1:
        raise ValueError(f"minutes must be a whole number from 1, got {minutes!r}.")
    if repo:
        repo = check_repo(repo)
        if not re.fullmatch(r"[\w:/.@~+\-]+", repo, re.ASCII):
            raise ValueError(f"{repo!r} holds signs that a workflow cannot take: expected https://HOST/OWNER/NAME.")
        # block scalars, as "course_utils @ …" begins with no quote but holds one
        install = f'|\n          python -m pip install "course_utils[grading] @ git+{repo}"'
    else:
        install = "python -m pip install -r requirements.txt"
    steps = "".join(
        _STEP.format(name=f"Check {notebook}", notebook=notebook, minutes=minutes, number=number)
        for number, notebook in enumerate(notebooks, 1)
    )
    return _WORKFLOW.format(minutes=min(360, 20 + minutes * len(notebooks)), install=install, steps=steps)
