"""``tetrakis curve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._approximate import parse_bits, parse_box
from tetrakis.cli._arguments import Box, Force, Formula, Quiet, SearchSeed, Seconds
from tetrakis.cli._interrupted import goes_on
from tetrakis.errors import BudgetError


def curve(
    formula: Formula,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR",
            help="Folder to write; run the same command again to go on with it.",
            show_default=False,
        ),
    ],
    box: Box,
    epsilons: Annotated[
        str,
        typer.Option(
            metavar="HI:LO[:N]|E,E,…",
            help="Epsilons: N of them in a geometric row (two per octave when left out), or a"
            " list.",
            show_default=False,
        ),
    ],
    input_bits: Annotated[
        str,
        typer.Option(
            "--input-bits", metavar="auto|N[,N…]",
            help="auto: as many as each epsilon needs to hold for every real input; or fixed, and"
            " epsilon is about representable inputs.",
        ),
    ] = "auto",
    gamma: Annotated[
        float | None,
        typer.Option(metavar="G", help="Of the HTMC norm; the fitted one when left out."),
    ] = None,
    seconds: Seconds = 20.0,
    seed: SearchSeed = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Measure circuit size against epsilon: table, log-log plot, exponent, HTMC norm.

    Every point is written as soon as it is found; after Ctrl-C the same command goes on.

    Examples:

    tetrakis curve "sin(3*x)*cos(2*y)" --box x=0:1 --box y=-1:1 --epsilons 0.2:0.002 --out wave

    tetrakis curve "x*y" --box x=0:1 --box y=0:1 --epsilons 0.1,0.05,0.02 --input-bits 8 --out xy
    """
    from tetrakis.cli._show import progress
    from tetrakis.pipeline import curve_folder, kept_points

    def kept() -> str:
        count = kept_points(out)
        return f"{out} holds {count} circuit{'s'[: count > 1]} so far" if count else ""

    ranges, wanted = parse_box(box), parse_epsilons(epsilons)
    bits = None if input_bits == "auto" else parse_bits(input_bits)
    with goes_on(kept), progress(quiet=quiet) as report:
        found, document = curve_folder(
            formula, ranges, wanted, out, input_bits=bits, gamma=gamma, seed=seed, force=force,
            progress=report, seconds=seconds,
        )  # fmt: skip
    if quiet:
        return
    typer.echo(f"{'epsilon':>10}  {'AND nodes':>9}  {'verified':>10}  bits       construction")
    for point in found.points:
        size = "–" if point.num_gates is None else f"{point.num_gates:,}"
        error = "–" if point.error is None else f"{point.error:.4g}"
        bits_text = ",".join(map(str, point.input_bits))
        typer.echo(
            f"{point.epsilon:>10.4g}  {size:>9}  {error:>10}  {bits_text:<9}  {point.construction}"
        )
    if document["gamma"] is not None:
        error = document["gamma_standard_error"]
        typer.echo(f"γ = {document['gamma']:.3f}" + ("" if error is None else f" ± {error:.3f}"))
    if document["htmc_norm"] is not None:
        typer.echo(
            f"HTMC norm for γ = {document['norm_gamma']:.3g}: ε · AND^(1/γ) is at most"
            f" {document['htmc_norm']:.4g} over these ε (upper bounds)"
        )
    typer.echo(f"Written to {out}.")


def parse_epsilons(text: str) -> list[float]:
    """Read ``HI:LO``, ``HI:LO:N`` or ``E,E,…``.

    Raises
    ------
    BudgetError
    """
    try:
        if ":" not in text:
            return [float(part) for part in text.split(",")]
        parts = text.split(":")
        high, low = float(parts[0]), float(parts[1])
        if not (0 < low < high < float("inf")) or len(parts) > 3:
            raise ValueError
        import math

        count = int(parts[2]) if len(parts) == 3 else math.ceil(2 * math.log2(high / low)) + 1
        if not 2 <= count <= 1000:
            raise ValueError
        ratio = (low / high) ** (1 / (count - 1))
        return [float(f"{high * ratio**k:.6g}") for k in range(count)]
    except ValueError:
        raise BudgetError(
            f"--epsilons {text}: expected HI:LO, HI:LO:N or numbers with commas.",
            remedy="For example --epsilons 0.2:0.002.",
        ) from None
