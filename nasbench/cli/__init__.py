"""The command line: each file here is a sub-command, implemented by its function ``command``."""

import importlib
import io
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

import nasbench
from nasbench.errors import FailedRunsWarning, GapsWarning, NasbenchError


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nasbench {nasbench.__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """Build the application with a sub-command for each file of this folder."""
    app = typer.Typer(
        name="nasbench",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root(
        version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
    ) -> None:
        """Neural architecture search on real trained architectures, compared in seconds."""
        del version

    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.stem.startswith("_"):
            module = importlib.import_module(f"nasbench.cli.{path.stem}")
            # a trailing underscore distinguishes a command from a Python keyword
            app.command(path.stem.rstrip("_").replace("_", "-"), help=module.__doc__)(module.command)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 success, 1 error, 2 wrong usage, 130 interrupted."""
    with warnings.catch_warnings():
        warnings.showwarning = partial(_warn, warnings.showwarning)
        return _run(arguments)


def _warn(show: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any) -> None:
    """Show the suite's own warnings as one line, without the place in the code."""
    if issubclass(category, GapsWarning | FailedRunsWarning):
        print(f"warning: {message}", file=sys.stderr)
    else:
        show(message, category, *where)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        build()(None if arguments is None else [*arguments])
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            return 1
        return int(stop.code or 0)
    except BrokenPipeError:
        sys.stderr.close()  # the reader (head, less) has closed the pipe
        return 1
    except NasbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}; finished work is kept", file=sys.stderr)
        return 1
    return 0


def _write_everything() -> None:
    """Allow any character in the output, whatever code page the console or the shell has.

    Files and pipes get UTF-8, like all files of the suite. A terminal shows ``?`` for characters that it lacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def entry() -> None:
    """Run as the console script; ``module:Class`` finds modules in the current folder, as with ``python -m``."""
    _write_everything()
    if not hasattr(nasbench, "__version__"):
        sys.exit(
            "error: Google's package 'nasbench' has replaced ours: both are imported as 'nasbench', so one "
            "environment cannot hold both. Run 'pip uninstall nasbench', then 'pip install --force-reinstall --no-deps "
            "nasbench-suite'"
        )
    sys.path.insert(0, "")
    sys.exit(main())
