"""``tetrakis import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._arguments import Force, Out, Quiet
from tetrakis.errors import NetworkError


def import_(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", help="A relu network.", show_default=False)
    ],
    out: Out,
    box: Annotated[
        str,
        typer.Option(
            "--box", metavar="LO:HI", help="Range of every input.", show_default=False
        ),
    ],
    input_bits: Annotated[
        int, typer.Option(min=1, max=24, metavar="N", help="Bits of every input in circuits.")
    ] = 8,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Read an ONNX relu network (dense layers and residual sums) and measure its norms.

    Writes network.npz and inputs.npz (the input words), which tetrakis compile --epsilon takes.

    Examples:

    tetrakis import model.onnx --box 0:1 --out net

    tetrakis compile net/network.npz --inputs net/inputs.npz --epsilon 0.1 --out circuit
    """
    from tetrakis._files import atomic_folder, check_folder

    try:
        low, high = (float(x) for x in box.split(":"))
    except ValueError:
        raise NetworkError(f"--box {box}: expected LO:HI.", remedy="For example 0:1.") from None
    check_folder(out, force=force)
    from tetrakis.measures import lipschitz_bound, num_weights, path_norm, resnet_norm
    from tetrakis.network import input_words, read_onnx, save_network

    network = read_onnx(model, (low, high))
    with atomic_folder(out, force=force) as folder:
        save_network(network, folder / "network.npz")
        save_network(input_words(network.box, input_bits), folder / "inputs.npz")
    if quiet:
        return
    widths = [block.width for block in network.blocks]
    typer.echo(
        f"{network.n_inputs} inputs, {len(network.read_out.toarray())} outputs, relu layers"
        f" {', '.join(map(str, widths)) or 'none'}; {num_weights(network):,} weights"
    )
    typer.echo(f"ResNet norm {resnet_norm(network):.6g}, path norm {path_norm(network):.6g}")
    typer.echo(f"Lipschitz bound (sup norms) {lipschitz_bound(network):.6g}")
    typer.echo(
        f"Written to {out}. A circuit: tetrakis compile {out / 'network.npz'} --inputs"
        f" {out / 'inputs.npz'} --epsilon E --out DIR"
    )
