"""``tetrakis margins``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._arguments import Data, Folder


def margins(
    folder: Folder,
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Picture to write (.png and .svg).",
            show_default=False,
        ),
    ] = None,
    delta: Annotated[
        float, typer.Option(metavar="D", help="Probability that a bound is wrong.")
    ] = 0.05,
) -> None:  # fmt: skip
    """Show how far the rows of DATA are from the border between classes.

    Margins of the float network, as they are and divided by its norms, and bounds of the error on
    unseen rows from margins, next to the Occam bound of the circuit.

    Example:

    tetrakis margins demo builtin:breast_cancer --out margins.png
    """
    from tetrakis.datasets import read_table
    from tetrakis.errors import ArtifactError
    from tetrakis.pipeline import margins_of_folder, target_name

    if out is not None and not out.absolute().parent.is_dir():
        raise ArtifactError(f"{out.parent}: no such folder.", remedy="Make it, or name another.")
    table = read_table(data, target=target_name(folder))
    report = margins_of_folder(folder, table, delta=delta)
    typer.echo(report.message)
    typer.echo(f"{'':<28}{'least':>12}{'10 %':>12}{'median':>12}{'90 %':>12}")
    shown = {"margin": report.margins}
    shown |= {f"/ {name} {report.norms[name]:.4g}": v for name, v in report.normalised.items()}
    for name, values in shown.items():
        own = type(report)(values, {}).quantiles()
        typer.echo(f"{name:<28}" + "".join(f"{value:>12.4g}" for value in own))
    for figure in report.figures:
        said = f"{figure.value:.3f}" if figure.value < 1 else "1 (says nothing)"
        typer.echo(f"error <= {said}  {figure.name}: {figure.formula}")
    if report.figures:
        typer.echo(f"Each bound holds with probability {1 - delta:g} for independent rows.")
    if out is not None:
        from tetrakis.report import margins_figure, save_figure

        save_figure(margins_figure(report), out)
        typer.echo(f"Written to {out.with_suffix('.png')} and {out.with_suffix('.svg').name}.")
