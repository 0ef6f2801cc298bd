"""The `course` command."""

from __future__ import annotations

import os
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
    try:
        yield
    except Exception as error:
        from course_utils.data.cache import DataUnavailable
        from course_utils.teaching.release import SolutionLeak  # takes a second to import: only where it is needed

        if not isinstance(error, ValueError | DataUnavailable | SolutionLeak | OSError):
            raise
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
    """Write student versions: solutions and hidden tests out, outputs cleared, check cells locked.

    With an address (--repo, or as published), a GitHub workflow for students' repositories is written, too: it runs
    `course check` on every push.
    """
    from course_utils.teaching import release as releasing
    from course_utils.teaching.notebooks import find_notebooks

    with _plain_errors():
        for path in releasing.release(find_notebooks(notebooks), out, repo=repo, force=force):
            typer.echo(path)


@app.command()
def grade(
    master: Annotated[str, typer.Argument(help="The instructor's notebook: number or path.")],
    submissions: Annotated[Path, typer.Argument(help="Folder with a notebook, or a folder, for each student.")],
    out: Annotated[Path, typer.Option(help="Folder for marks and feedback, outside of the submissions.")],
    workers: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Submissions at a time. Default: one a core, or gigabyte."),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 1 if a submission has a smaller share of the points.")
    ] = None,
    cell_timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds for a cell. Default: the notebook's budget, at least 20.")
    ] = None,
    all_cells: Annotated[
        bool, typer.Option("--all-cells", help="Run whole notebooks, not only what the exercises need.")
    ] = False,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run submissions unprotected. The marks are labelled.")
    ] = False,
) -> None:
    """Grade a class: marks in grades.csv, a page of feedback for each student, a page for the class.

    Run it again after an interruption, or when submissions have changed: what is finished is not run again.

    Exit code 0: all graded; 1: some below --min-score; 2: some unreadable, crashed or timed out; 3: the instructor's
    own solutions do not get full marks; 4: bad arguments; 130: interrupted.
    """
    from course_utils.teaching.grading import grade as grading
    from course_utils.teaching.grading import reports
    from course_utils.teaching.notebooks import find_notebooks

    try:
        path = _only(find_notebooks([master]))
        results = grading.grade_class(
            path,
            submissions,
            out,
            workers=workers,
            sandbox=not no_sandbox,
            all_cells=all_cells,
            cell_seconds=cell_timeout,
        )
        reports.write_reports(results, out)
        if path := os.environ.get("GITHUB_STEP_SUMMARY"):
            reports.append_step_summary(results, Path(path))
    except grading.BrokenMasterError as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(3) from None
    except (ValueError, OSError) as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(4) from None
    except KeyboardInterrupt:
        typer.echo("\ncourse: interrupted. What is graded is kept; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    typer.echo(reports.closing_words(results))
    typer.echo(f"{out / 'class.html'}, {out / 'grades.csv'}, {out / 'feedback'}")
    code = reports.exit_code(results, min_score)
    if code:
        raise typer.Exit(code)


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    summary: Annotated[Path | None, typer.Option(help="Write the table as Markdown into this file, too.")] = None,
    cell_timeout: Annotated[int, typer.Option(min=1, help="Seconds for a cell.")] = 300,
) -> None:
    """Run your notebook from the top and say which exercises pass: feedback, not the mark.

    Exit code 0: every cell runs and every exercise passes; 1: not yet; 2: this is no notebook.
    """
    from course_utils.teaching import check as checking
    from course_utils.teaching.notebooks import write_text

    with _plain_errors():
        checked = checking.check(notebook, cell_timeout=cell_timeout)
        if summary:
            write_text(summary, checking.markdown(checked))
    typer.echo(checking.summary(checked))
    if checked.exit_code:
        raise typer.Exit(checked.exit_code)


@app.command()
def slides(
    notebooks: Notebooks = None,
    out: Annotated[Path, typer.Option(help="Folder for the slides, made if need be.")] = Path("slides"),
    speaker: Annotated[bool, typer.Option("--speaker", help="With notes: speaker's cells and solutions.")] = False,
    core: Annotated[bool, typer.Option("--core", help="Without the sections that are done if there is time.")] = False,
) -> None:
    """Make slides of notebooks: one HTML file each, which needs no network. Exit code 2: bad arguments.

    A cell tagged "speaker" is left out; with --speaker it stands in the notes (key S).
    """
    from course_utils.teaching.notebooks import find_notebooks
    from course_utils.teaching.slides import make_slides

    with _plain_errors():
        paths = find_notebooks(notebooks or ())
        out.mkdir(parents=True, exist_ok=True)
        for path in paths:
            typer.echo(make_slides(path, out, speaker=speaker, core=core))


@app.command()
def paper(
    seed: Annotated[int, typer.Option(help="Decides on the numbers. For an exam: one that nobody guesses.")],
    notebooks: Notebooks = None,
    out: Annotated[Path, typer.Option(help="Folder for the sheets, made if need be.")] = Path("sheets"),
    variants: Annotated[int, typer.Option(help="Sheets of each notebook, with seeds one after another.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Make sheets of questions for pencil and pocket calculator, with numbers drawn from a seed.

    For each notebook: the sheet and its worked solutions, HTML to print, and a file of Moodle's XML to import. The same
    seed gives the same sheets. Exit code 2: bad arguments.
    """
    from course_utils.teaching.paper import make_sheets

    with _plain_errors():
        for path in make_sheets(notebooks or (), out, seed=seed, variants=variants, force=force):
            typer.echo(path)


@app.command()
def selftest(
    notebooks: Notebooks = None,
    released: Annotated[
        Path | None, typer.Option(help="Folder with released student versions: search it and its git history, too.")
    ] = None,
    no_sandbox: Annotated[bool, typer.Option("--no-sandbox", help="Run the notebooks unprotected.")] = False,
) -> None:
    """Try the exercises as a class would: instructor's solutions full marks, student versions none, nothing leaks.

    In a clone of the course, its collection of typical wrong answers is judged, too: each must fail. Half a minute for
    each notebook. Exit code 0: all is well; 1: something is not; 2: bad arguments.
    """
    from course_utils.teaching.notebooks import find_notebooks
    from course_utils.teaching.selftest import selftest as findings_of

    failed = False
    with _plain_errors():
        paths = find_notebooks(notebooks or ())
        for finding in findings_of(paths, sandbox=not no_sandbox, released=released):
            failed = failed or not finding.passed
            mark = "ok  " if finding.passed else "FAIL"
            typer.echo(f"{mark} {finding.notebook}: {finding.what}" + (f": {finding.detail}" * (not finding.passed)))
    if failed:
        raise typer.Exit(1)


@app.command("demo-class")
def demo_class(out: Annotated[Path, typer.Argument(help="New folder for twenty submissions.")]) -> None:
    """Make a class of twenty made-up submissions of notebook 01, to try grading: right, wrong, broken, hostile."""
    from course_utils.teaching.demo import demo_class as make

    with _plain_errors():
        paths = make(out)
    typer.echo(f"{len(paths)} submissions in {out}. Now: course grade 01 {out} --out marks")


def _only(paths: list[Path]) -> Path:
    """The one notebook that is meant."""
    if len(paths) != 1:
        raise ValueError(f"one notebook is graded at a time, this means {len(paths)}.")
    return paths[0]


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
