"""``tetrakis simplify``."""

from __future__ import annotations

from enum import StrEnum
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tetrakis.cli._arguments import Force, Out, Quiet, seed_option
from tetrakis.cli._interrupted import INTERRUPTED
from tetrakis.errors import BudgetError

if TYPE_CHECKING:
    from tetrakis.circuit import Aig
    from tetrakis.pipeline import EditRows


class Chooser(StrEnum):
    """What a point of the path is judged by."""

    guard = "guard"
    rows = "rows"
    occam = "occam"


def simplify(
    circuit: Annotated[
        Path,
        typer.Argument(
            metavar="CIRCUIT", help="A .aig, .aag, .blif or .pla file.", show_default=False
        ),
    ],
    out: Out,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="Rows to edit on: a table with the encoding's columns, or the circuit's inputs as"
            " columns of 0 and 1 (PLA, CSV).",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Target of the tables, where its name differs."),
    ] = None,
    encoding: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="encoding.json of the circuit's folder."),
    ] = None,
    guard: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Choose on these rows, which the editor never reads."),
    ] = None,
    box: Annotated[
        bool,
        typer.Option("--box", help="Instead of --data: every input (up to 20), with --epsilon."),
    ] = False,
    epsilon: Annotated[
        float | None,
        typer.Option(
            min=0.0, metavar="E", help="With --box: how far the output may move, on any input."
        ),
    ] = None,
    choose: Annotated[
        Chooser | None,
        typer.Option(
            metavar="HOW",
            help="guard: best on the guard rows (if there are any, the default); rows: best on the"
            " rows edited; occam: least bound on the error of unseen rows, no guard rows needed.",
            show_default=False,
        ),
    ] = None,
    max_gates: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The best within so many AND nodes.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0.0, metavar="T", help="The smallest whose score is within T of the best found."
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0.0, metavar="B", help="While editing, the score on DATA never falls below 1 - B."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, metavar="K", help="Runs of the editor; the best is taken.")
    ] = 1,
    seed: Annotated[int, seed_option("First seed; same seed, same path.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="J", help="Threads, one run each; all cores when left out.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the circuits in DIR; seeds run out stay."),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Edit a circuit gate by gate into smaller ones that fit the data as well.

    Ctrl-C writes the best so far (exit code 130); --resume goes on from there.

    Examples:

    tetrakis simplify tree.aig --data train.pla --guard valid.pla --out small

    tetrakis simplify demo/circuit.aig --encoding demo/encoding.json --data rows.csv --out small

    tetrakis simplify tree.aig --data train.pla --choose occam --out small

    tetrakis simplify adder.aig --box --epsilon 3 --out near
    """
    _check_options(data=data, guard=guard, box=box, epsilon=epsilon, tolerance=tolerance,
                   budget=budget, choose=choose)  # fmt: skip
    from tetrakis._files import check_folder
    from tetrakis.circuit import read_circuit
    from tetrakis.cli._show_simplify import live, show_simplified
    from tetrakis.pipeline import Wish, read_earlier, simplify_circuit, task_of, write_simplified

    wish = Wish(max_gates, tolerance, budget, None if choose is None else choose.value)
    check_folder(out, force=force)
    start, scale = read_circuit(circuit), 1.0
    held: EditRows | None = None
    if data is None:
        rows, scale = _box(start, encoding, epsilon or 0.0)
    else:
        rows = _rows(start, data, encoding, target)
        held = None if guard is None else _rows(start, guard, encoding, target)
    wish.check(rows, held)
    task = task_of(start, rows, held, budget=budget, epsilon=epsilon)
    earlier = read_earlier(out, task, start, rows, held) if resume else None
    with live(rows, held, quiet=quiet) as report:
        found = simplify_circuit(
            start, rows, guard=held, wish=wish, seeds=range(seed, seed + seeds),
            jobs=jobs or cpu_count() or 1, earlier=earlier, progress=report,
        )  # fmt: skip
    words = None if encoding is None else encoding.read_bytes()
    summary = write_simplified(found, out, task=task, scale=scale, encoding=words, force=force)
    if not quiet:
        show_simplified(found, summary, out)
    if found.interrupted:
        typer.echo(f"tetrakis: interrupted; the best so far is in {out}. Go on with --resume.",
                   err=True)  # fmt: skip
        raise typer.Exit(INTERRUPTED)


def _check_options(
    *, data: str | None, guard: str | None, box: bool, epsilon: float | None,
    tolerance: float | None, budget: float | None, choose: str | None,
) -> None:  # fmt: skip
    if (data is None) != box:
        found = "both" if box else "neither"
        raise BudgetError(f"Expected --data or --box, got {found}.", remedy="Give one of them.")
    if box and epsilon is None:
        raise BudgetError(
            "--box needs --epsilon: how far the output may move.",
            remedy="--epsilon 0 keeps the function.",
        )
    if epsilon is not None and not box:
        raise BudgetError("--epsilon goes with --box.", remedy="Use --budget with --data.")
    for name, value in (
        ("guard", guard), ("tolerance", tolerance), ("budget", budget), ("choose", choose)
    ):  # fmt: skip
        if box and value is not None:
            raise BudgetError(f"--{name} goes with --data, not with --box.", remedy="Leave it out.")


def _box(circuit: Aig, encoding: Path | None, epsilon: float) -> tuple[EditRows, float]:
    """All inputs as rows, and what a step of the output is worth."""
    from tetrakis.pipeline import box_rows, box_words

    scale, classes = (1.0, False) if encoding is None else box_words(circuit, encoding)
    return box_rows(circuit, epsilon, scale=scale, classes=classes), scale


def _rows(circuit: Aig, source: str, encoding: Path | None, target: str | None) -> EditRows:
    from dataclasses import replace

    from tetrakis.datasets import read_table
    from tetrakis.encoding import read_encoding
    from tetrakis.pipeline import table_rows

    if encoding is None:
        return table_rows(circuit, read_table(source, target=target))
    words = read_encoding(encoding)
    name = None if words.output is None else words.output.name
    table = read_table(source, target=target or name)
    if table.target is not None and name is not None:
        table = replace(table, target=replace(table.target, name=name))
    return table_rows(circuit, table, words)
