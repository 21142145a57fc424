"""The application: its commands, its common options, and how failures are told."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import tetrakis
from tetrakis.cli._approximate import approximate
from tetrakis.cli._certify import certify
from tetrakis.cli._compile import compile_
from tetrakis.cli._curve import curve
from tetrakis.cli._draw import draw
from tetrakis.cli._export import export
from tetrakis.cli._fit import fit
from tetrakis.cli._import import import_
from tetrakis.cli._interrupted import INTERRUPTED, interruptions_arrive, nothing_written
from tetrakis.cli._lift import lift
from tetrakis.cli._margins import margins
from tetrakis.cli._measure import measure
from tetrakis.cli._predict import predict
from tetrakis.cli._simplify import simplify
from tetrakis.cli._verify import verify
from tetrakis.errors import TetrakisError

USAGE, INTERNAL = 2, 70

app = typer.Typer(
    name="tetrakis",
    help="From a table of data to a small, verified logic circuit.",
    epilog="Start with:  tetrakis fit builtin:breast_cancer --out demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    fit,
    predict,
    measure,
    verify,
    certify,
    compile_,
    simplify,
    approximate,
    curve,
    import_,
    export,
    draw,
    lift,
    margins,
):
    app.command(command.__name__.rstrip("_"))(command)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tetrakis {tetrakis.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="Log what happens; twice for more."),
    ] = 0,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    levels = [logging.ERROR, logging.INFO, logging.DEBUG]
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger().setLevel(logging.ERROR)
    logging.getLogger("tetrakis").setLevel(levels[min(verbose, 2)])


def _interrupted(stop: SystemExit) -> bool:
    """Whether typer made an exit of an interruption, without a word."""
    return isinstance(getattr(stop.__context__, "__cause__", None), KeyboardInterrupt)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    0 done, 1 refuted or different (`verify` only), 2 a mistake that the message tells how to mend,
    3 unknown (`verify` only), 70 an error of tetrakis itself, 130 interrupted.
    """
    try:
        with interruptions_arrive():
            app(args=None if arguments is None else list(arguments), prog_name="tetrakis")
    except SystemExit as stop:
        if _interrupted(stop):
            nothing_written()
        return stop.code if isinstance(stop.code, int) else 0
    except TetrakisError as error:
        typer.echo(f"tetrakis: {error}", err=True)
        return USAGE
    except KeyboardInterrupt:
        nothing_written()
        return INTERRUPTED
    except Exception:
        traceback.print_exc()
        typer.echo("tetrakis: this is an error of tetrakis itself; please report it.", err=True)
        return INTERNAL
    return 0
