"""``tetrakis fit``."""

from __future__ import annotations

from enum import StrEnum
from os import cpu_count
from typing import Annotated

import typer

from tetrakis.cli._arguments import Data, Force, Out, Quiet, seed_option


class Task(StrEnum):
    """What is predicted."""

    classification = "classification"
    regression = "regression"


class Learner(StrEnum):
    """What is trained."""

    resnet = "resnet"
    convex = "convex"


class Impute(StrEnum):
    """How missing values are filled."""

    median = "median"
    mode = "mode"


def fit(
    data: Data,
    out: Out,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column to predict; not needed for .pla files with one output and built-in data.",
        ),
    ] = None,
    max_gates: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="At most so many AND nodes."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="T",
            help="Take the smallest circuit within T of the best held-out score.",
        ),
    ] = None,
    task: Annotated[
        Task | None,
        typer.Option(
            metavar="TASK",
            help="classification or regression; detected from the target when left out.",
        ),
    ] = None,
    impute: Annotated[
        Impute | None,
        typer.Option(
            metavar="HOW", help="median or mode: fill missing values instead of refusing them."
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Choose on these rows, not on a part of DATA."),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Score the result on these rows; never used to choose."),
    ] = None,
    effort: Annotated[
        float,
        typer.Option(
            min=0.01,
            metavar="E",
            help="Training steps and restarts, times E: 0.1 for a quick look, 3 to search longer.",
        ),
    ] = 1.0,
    starts: Annotated[
        str,
        typer.Option(
            metavar="KINDS",
            help="Models to start from, with commas between: resnet, convex, tree, boosted,"
            " fringe, table.",
        ),
    ] = "resnet,tree,boosted,fringe",
    learner: Annotated[
        Learner,
        typer.Option(
            metavar="NAME",
            help="convex: only two-layer networks trained to the global optimum, with a bound on"
            " their distance from it, compiled as they are; --starts is not looked at.",
        ),
    ] = Learner.resnet,
    seed: Annotated[int, seed_option("Same seed, same circuit.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="J", help="Threads to use; all cores when left out.", show_default=False
        ),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Find a small circuit that predicts a column of a table.

    Examples:

    tetrakis fit builtin:breast_cancer --out demo

    tetrakis fit houses.csv --target price --max-gates 2000 --out houses

    tetrakis fit ex30.train.pla.gz --validation ex30.valid.pla.gz --out ex30
    """
    from tetrakis._files import check_folder
    from tetrakis.cli._show import progress, show_fit
    from tetrakis.datasets import check_target, read_table

    check_folder(out, force=force)
    train = read_table(data, target=target)
    kind = check_target(train, task)
    name = train.target.name if train.target else target
    others = [
        None if path is None else read_table(path, target=name) for path in (validation, test)
    ]

    from tetrakis.pipeline import fit_table, write_folder

    with progress(quiet=quiet) as report:
        result = fit_table(
            train,
            validation=others[0],
            test=others[1],
            task=kind,
            max_gates=max_gates,
            tolerance=tolerance,
            impute=None if impute is None else impute.value,
            effort=effort,
            learner=learner.value,
            starts=tuple(kind.strip() for kind in starts.split(",")),
            seed=seed,
            jobs=jobs or cpu_count() or 1,
            progress=report,
        )
    write_folder(result, out, force=force)
    if not quiet:
        show_fit(result, out)
