"""``tetrakis compile``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._arguments import Force, Out, Quiet


class Decision(StrEnum):
    """What the circuit gives."""

    words = "words"
    sign = "sign"
    argmax = "argmax"


class Method(StrEnum):
    """Who optimises."""

    none = "none"
    builtin = "builtin"
    aigverse = "aigverse"
    abc = "abc"


def compile_(
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK",
            help="An integer network: fixed_point.npz of tetrakis fit, or .json; with --epsilon a"
            " float network: network.npz.",
            show_default=False,
        ),
    ],
    out: Out,
    effort: Annotated[
        int, typer.Option(min=0, max=3, metavar="N", help="0: milliseconds … 3: minutes.")
    ] = 1,
    optimise: Annotated[
        Method, typer.Option(metavar="HOW", help="none, builtin, aigverse or abc.")
    ] = Method.builtin,
    decision: Annotated[
        Decision,
        typer.Option(
            metavar="WHAT",
            help="words: every output in two's complement; sign: output >= 0; argmax: index of"
            " the largest output.",
        ),
    ] = Decision.words,
    epsilon: Annotated[
        float | None,
        typer.Option(
            metavar="E",
            help="Float networks: certified error that may be spent, in units of its output. Bits"
            " and digits are allocated for the fewest AND nodes.",
            show_default=False,
        ),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Integer network with the input formats for --epsilon; fixed_point.npz beside"
            " NETWORK when left out.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(
            min=0.1,
            metavar="S",
            help="Seconds for external programs, again for proofs, and again for --epsilon.",
        ),
    ] = 60.0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Compile an integer network exactly into a small circuit.

    Writes circuit.aig, circuit.v, circuit.blif, encoding.json (which bits are which number) and
    compile.json (sizes, and how they were checked).

    Examples:

    tetrakis compile net.json --effort 3 --optimise abc --out net

    tetrakis compile demo/fixed_point.npz --decision sign --out demo2

    tetrakis compile demo/network.npz --epsilon 2.5 --decision sign --out smaller
    """
    from tetrakis._files import check_folder
    from tetrakis.circuit import check_method
    from tetrakis.cli._show import progress, show_compiled

    check_folder(out, force=force)
    check_method(optimise.value)

    from tetrakis.pipeline import compile_fixed_point, compile_float, read_fixed_point

    options = {
        "decision": decision.value,
        "effort": effort,
        "method": optimise.value,
        "time_limit": time_limit,
    }
    if epsilon is None:
        fixed = read_fixed_point(network)
        with progress(quiet=quiet) as report:
            found = compile_fixed_point(fixed, progress=report, **options)
    else:
        formats = inputs or network.with_name("fixed_point.npz")
        with progress(quiet=quiet) as report:
            found = compile_float(network, formats, epsilon, progress=report, **options)

    from tetrakis.pipeline import write_compiled

    write_compiled(found, out, source=network.name, force=force)
    if not quiet:
        show_compiled(found, out)
