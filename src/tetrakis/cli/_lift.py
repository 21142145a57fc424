"""``tetrakis lift``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tetrakis.cli._arguments import Data, Out, Quiet, Target, seed_option
from tetrakis.cli._interrupted import goes_on

if TYPE_CHECKING:
    from tetrakis.lifts import SuccessCurve


def lift(
    data: Data,
    out: Out,
    loss: Annotated[
        float,
        typer.Option(
            metavar="L",
            help="Mean training loss that is a success: nats, or shares of the target's variance.",
            show_default=False,
        ),
    ],
    target: Target = None,
    graph: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="mlp:DEPTH, residual:BLOCKS, parallel:PARTS, tree or local:WINDOW.",
        ),
    ] = "mlp:2",
    sizes: Annotated[
        str, typer.Option(metavar="N,N,…", help="Copies of every hidden type.")
    ] = "4,8,16,32,64",
    trials: Annotated[int, typer.Option(min=1, metavar="T", help="Lifts of every size.")] = 80,
    in_degree: Annotated[
        int, typer.Option(min=0, metavar="K", help="Parents per edge of the graph; 0 for all.")
    ] = 4,
    input_degree: Annotated[
        int, typer.Option(min=0, metavar="K", help="Columns that a copy reads; 0 for all.")
    ] = 0,
    solver: Annotated[
        str, typer.Option(metavar="NAME", help="adam, or flow: approximate gradient flow.")
    ] = "adam",
    steps: Annotated[int, typer.Option(min=1, metavar="S", help="Most training steps.")] = 2000,
    rate: Annotated[float, typer.Option(metavar="R", help="Learning rate.")] = 0.01,
    delta: Annotated[
        float, typer.Option(metavar="D", help="Look for a success probability of 1 - D.")
    ] = 0.05,
    seed: Annotated[int, seed_option("Same seed, same lifts.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, metavar="J", help="Processes.")] = 1,
    quiet: Quiet = False,
) -> None:
    """Measure how wide a random sparse network must be to train reliably.

    Trains many random lifts of every size and tells how many reach the loss. Results are kept in
    DIR as they come: the same command goes on where it was interrupted.

    Example:

    tetrakis lift builtin:friedman1 --loss 0.1 --sizes 8,16,32,64 --trials 80 --out widths
    """
    from tetrakis.cli._show import progress
    from tetrakis.datasets import read_table
    from tetrakis.errors import BudgetError

    try:
        numbers = [int(text) for text in sizes.split(",")]
    except ValueError:
        raise BudgetError(f"--sizes: expected whole numbers with commas, got {sizes!r}.") from None
    table = read_table(data, target=target)

    from tetrakis.lifts import Training
    from tetrakis.pipeline import kept_trials, lift_table

    def kept() -> str:
        count = kept_trials(out)
        return f"{out} holds {count} trials so far" if count else ""

    with goes_on(kept), progress(quiet=quiet) as report:
        curve = lift_table(
            table, out, graph=graph, sizes=numbers, trials=trials, loss=loss,
            in_degree=in_degree or None, input_degree=input_degree or None,
            training=Training(solver=cast("Any", solver), steps=steps, learning_rate=rate),
            delta=delta, seed=seed, jobs=jobs, progress=report,
        )  # fmt: skip
    if not quiet:
        _show(curve, out)


def _show(curve: SuccessCurve, out: Path) -> None:
    typer.echo("copies    edges  successes  95% Wilson interval")
    rows = zip(
        curve.sizes, curve.edges, curve.successes, curve.trials, curve.intervals, strict=True
    )
    for size, edges, wins, trials, (low, high) in rows:
        share = f"{wins}/{trials}"
        typer.echo(f"{size:>6} {edges:>8,}  {share:>9}  {low:.3f} to {high:.3f}")
    if curve.smallest is None:
        typer.echo(f"No size has a lower limit of {1 - curve.delta:g} or more.")
        if max(curve.trials) < 73 and curve.delta <= 0.05:
            typer.echo("Even without a failure that takes 73 trials.")
    else:
        typer.echo(f"Smallest size with a lower limit of {1 - curve.delta:g}: {curve.smallest}")
    typer.echo(f"Written to {out}: success.csv, trials.jsonl, pictures.")
