"""``tetrakis approximate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tetrakis.cli._arguments import Bits, Box, Force, Formula, Out, Quiet, SearchSeed, Seconds
from tetrakis.errors import FormulaError


def approximate(
    formula: Formula,
    out: Out,
    box: Box,
    epsilon: Annotated[
        float,
        typer.Option(metavar="E", help="Largest error allowed, on any representable input.",
                     show_default=False),
    ],
    input_bits: Bits = "8",
    every_real: Annotated[
        bool,
        typer.Option(
            "--every-real",
            help="Let epsilon hold for every real input in the box, rounding to the nearest"
            " representable one included.",
        ),
    ] = False,
    seconds: Seconds = 20.0,
    seed: SearchSeed = 0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Find a small circuit that computes a formula within epsilon, verified on every input.

    Writes circuit.aig, circuit.v, circuit.blif, encoding.json, metrics.json and report.md.
    Truth tables, linear pieces, lattice interpolants, trained networks and word arithmetic
    compete. Up to 20 input bits the best are edited gate by gate; the smallest that passes the
    simulation of every representable input wins.

    Examples:

    tetrakis approximate "sin(3*x)*cos(2*y)" --box x=0:1 --box y=-1:1 --input-bits 10 --epsilon 0.02 --out wave

    tetrakis approximate "exp(-x**2/2)" --box x=-4:4 --input-bits 12 --epsilon 0.004 --out bell
    """  # noqa: E501
    from tetrakis._files import check_folder
    from tetrakis.cli._show import progress

    ranges, bits = parse_box(box), parse_bits(input_bits)
    check_folder(out, force=force)
    from tetrakis.functions import approximate as run
    from tetrakis.pipeline import write_approximation

    with progress(quiet=quiet) as report:
        found = run(
            formula, ranges, epsilon=epsilon, input_bits=bits, every_real=every_real,
            seconds=seconds, seed=seed, progress=report,
        )  # fmt: skip
    claims = write_approximation(found, out, force=force)
    if not quiet:
        _show(claims, out)


def parse_box(items: list[str]) -> dict[str, tuple[float, float]]:
    """Read ``NAME=LO:HI`` options; the ends may be formulas of numbers, such as ``2*pi``.

    Raises
    ------
    FormulaError
    """
    from tetrakis.functions import parse_formula

    found: dict[str, tuple[float, float]] = {}
    for item in items:
        name, equals, ends = item.partition("=")
        low, colon, high = ends.partition(":")
        if not (equals and colon and low.strip() and high.strip()):
            raise FormulaError(
                f"--box {item}: expected NAME=LO:HI.", remedy="For example --box x=0:1."
            )
        name = name.strip()
        if name in found:
            raise FormulaError(f"--box: {name} occurs twice.")
        found[name] = (parse_formula(low, ()).value, parse_formula(high, ()).value)
    return found


def parse_bits(text: str) -> int | list[int]:
    """Read ``N`` or ``N,N,…``.

    Raises
    ------
    FormulaError
    """
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise FormulaError(
            f"--input-bits {text}: expected a number, or several with commas."
        ) from None
    return numbers[0] if len(numbers) == 1 else numbers


def _show(claims: dict[str, Any], out: Path) -> None:
    rounding = claims["input_rounding"]
    typer.echo(
        f"{claims['num_gates']:,} AND nodes, {claims['num_levels']:,} levels, by"
        f" {claims['construction']}"
    )
    typer.echo(
        f"error at most {claims['epsilon_verified']:.6g}: verified on all"
        f" {claims['inputs_simulated']:,} representable inputs"
    )
    if rounding is not None:
        typer.echo(f"between them the function moves by at most {rounding:.6g} (certified)")
    typer.echo(f"Written to {out}; read {out / 'report.md'}, check with tetrakis verify {out}.")
