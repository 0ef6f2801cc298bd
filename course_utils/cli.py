"""The `course` command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from course_utils import __version__

app = typer.Typer(
    help="Unsupervised deep learning with Keras: run, check and release the course.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Real data: what there is, get it, check it.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Notebooks = Annotated[list[str] | None, typer.Argument(help="Numbers or paths, e.g. 01 03. All if none is given.")]


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Bad input ends the command with its message, not with a stack of library internals."""
    from course_utils.data.cache import DataUnavailable
    from course_utils.teaching.release import SolutionLeak

    try:
        yield
    except (ValueError, DataUnavailable, SolutionLeak, OSError) as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(2) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"course {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Unsupervised deep learning with Keras: run, check and release the course."""


@app.command()
def run(
    notebooks: Notebooks = None,
    save: Annotated[bool, typer.Option("--save", help="Store outputs and times in the notebooks.")] = False,
) -> None:
    """Execute notebooks from the top and compare the minutes with their budgets.

    Exit code 0: all ran within their budgets; 1: a cell failed or a budget was exceeded; 2: bad arguments.
    """
    from course_utils.teaching.notebooks import find_notebooks
    from course_utils.teaching.run import run_notebook, summary

    with _plain_errors():
        paths = find_notebooks(notebooks or ())
        results = []
        for path in paths:
            results.append(run_notebook(path, save=save))
            if results[-1].failure:
                typer.echo(f"\n{path.name}: {results[-1].failure}\n", err=True)
    typer.echo("\n" + summary(results))
    if any(result.failure or result.seconds > result.budget for result in results):
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Say what is wrong with this machine, and what to do about it. Takes about ten seconds."""
    from course_utils.doctor import examine, report

    findings = examine(tensorflow=True)
    typer.echo(report(findings))
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


@app.command()
def release(
    notebooks: Annotated[list[str], typer.Argument(help="Numbers or paths of the instructor's notebooks.")],
    out: Annotated[Path, typer.Option(help="Folder for the student versions.")],
    repo: Annotated[str, typer.Option(help="Address of the git repository with course and folder, for Colab.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write student versions: solutions and hidden tests out, outputs cleared, check cells locked."""
    from course_utils.teaching import release as releasing
    from course_utils.teaching.notebooks import find_notebooks

    with _plain_errors():
        for path in releasing.release(find_notebooks(notebooks), out, repo=repo, force=force):
            typer.echo(path)


@app.command()
def publish(repo: Annotated[str, typer.Option(help="Address of the course's git repository.")]) -> None:
    """Write the repository's address into pyproject.toml, the notebooks' Colab cells and their badges."""
    from course_utils.teaching import publish as publishing

    with _plain_errors():
        changed = publishing.publish(repo)
    for path in changed:
        typer.echo(path)
    typer.echo(f"{len(changed)} files changed." if changed else "Nothing to change.")


@data_app.command("list")
def list_data() -> None:
    """List every dataset: size, whether it is here, licence."""
    from course_utils.data.cache import cache_folder, dataset_state
    from course_utils.data.catalog import read_catalog

    for dataset in read_catalog().values():
        size = f"{dataset.bytes / 1e6:.1f} MB" if dataset.files else ""
        typer.echo(f"{dataset.name:12}{dataset_state(dataset):14}{size:>9}  {dataset.title}")
        typer.echo(f"{'':37}{dataset.licence}")
    folder = cache_folder()
    state = "" if folder.is_dir() else "  (a file, not a folder!)" if folder.exists() else "  (not there yet)"
    typer.echo(f"\nCache: {folder}{state}")


@data_app.command()
def fetch(names: Annotated[list[str], typer.Argument(help="Names of datasets, see `course data list`.")]) -> None:
    """Download datasets, each file checked; what is there already is kept."""
    from course_utils.data.cache import DataUnavailable, local_files

    failed = False
    for name in names:
        try:
            files = local_files(name)
        except (ValueError, DataUnavailable) as error:
            failed = True
            typer.echo(f"course: {error}", err=True)
            continue
        for path in files:
            typer.echo(f"ok  {path}")
        if not files:
            typer.echo(f"ok  {name} is built in, nothing to fetch")
    if failed:
        raise typer.Exit(2)


@data_app.command()
def verify() -> None:
    """Check every downloaded file against its checksum. Exit code 1 if one is damaged."""
    from course_utils.data.cache import cache_folder, file_state
    from course_utils.data.catalog import read_catalog

    bad = 0
    for dataset in read_catalog().values():
        for file in dataset.files:
            state = file_state(file)
            bad += state in ("damaged", "unreadable")
            typer.echo(f"{state:11}{file.name}")
    if bad:
        typer.echo(f"\n{bad} damaged: delete them from {cache_folder()} and fetch them again.", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
