"""Pictures of a folder's network and circuit, or of a single file."""

from __future__ import annotations

import os
from pathlib import Path

from tetrakis._files import atomic_folder
from tetrakis._json import read_strict
from tetrakis.circuit import READERS, Aig, read_circuit
from tetrakis.errors import FormatError
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.pipeline._read_network import read_network
from tetrakis.report import diagram, levels_figure, network_figure, origin, save_figure

PathLike = str | os.PathLike[str]


def draw(
    source: PathLike, out: PathLike, *, network: PathLike | None = None, force: bool = False
) -> list[str]:
    """Draw a network and the levels of a circuit as PNG and SVG.

    Parameters
    ----------
    source : path
        A folder of `tetrakis fit` or `compile`, a circuit or a network file.
    out : path
        Folder to write.
    network : path, optional
        Of a circuit file: the integer network that it computes, to tell its blocks apart.
    force : bool
        Write into a folder that has other files; they stay.

    Returns
    -------
    list of str
        What is in the pictures, a line each.

    Raises
    ------
    FormatError
        If a file is neither a circuit nor a network, or the circuit isn't the network's.
    """
    source = Path(source)
    circuit, fixed, shown = _read(source, network)
    lines = []
    with atomic_folder(out, force=force) as target:
        if circuit is not None:
            lines.append(_draw_levels(circuit, fixed, target))
        if shown is not None:
            lines.append(_draw_network(shown, _input_names(source, shown.n_inputs), target))
    return lines


def _read(
    source: Path, network: PathLike | None
) -> tuple[Aig | None, FixedPointResNet | None, ResNet | FixedPointResNet | None]:
    """Return the circuit, its integer network, and the network to draw, as far as there."""
    if source.is_dir():
        fixed = _integers(source / "fixed_point.npz")
        return read_circuit(source / "circuit.aig"), fixed, _shown(fixed)
    if any(source.name.lower().endswith(ending) for ending in READERS):
        own = None if network is None else _integers(Path(network))
        return read_circuit(source), own, None
    found = read_network(source)
    return None, None, _shown(found) if isinstance(found, FixedPointResNet) else found


def _shown(fixed: FixedPointResNet) -> ResNet | FixedPointResNet:
    return fixed if fixed.has_tables else fixed.to_resnet()


def _integers(path: Path) -> FixedPointResNet:
    found = read_network(path)
    if not isinstance(found, FixedPointResNet):
        raise FormatError(f"{path} holds a float network; an integer one is needed.")
    return found


def _draw_levels(circuit: Aig, fixed: FixedPointResNet | None, target: Path) -> str:
    if fixed is None:
        save_figure(levels_figure(circuit), target / "levels")
        return f"levels.png, levels.svg: {circuit.num_gates:,} AND nodes"
    bits = sum(f.bits for f in fixed.inputs)
    if bits != circuit.num_pis:
        raise FormatError(
            f"The network has {bits} input bits, the circuit {circuit.num_pis}.",
            remedy="Name the network that the circuit was compiled from.",
        )
    found = origin(circuit, fixed)
    names = [f"block {k} ({block.width} units)" for k, block in enumerate(fixed.blocks)]
    save_figure(levels_figure(circuit, found.block, [*names, "outputs"]), target / "levels")
    return (
        f"levels.png, levels.svg: {circuit.num_gates:,} AND nodes; {found.found:,} of"
        f" {found.total:,} activation bits found in the circuit (by simulation)"
    )


def _input_names(source: Path, count: int) -> list[str]:
    """Names of the inputs from encoding.json, which both kinds of folders have."""
    try:
        words = read_strict((source / "encoding.json").read_text(encoding="utf-8"))["inputs"]
        names = [str(word["name"]) for word in words]
    except (OSError, ValueError, KeyError, TypeError):
        names = []
    return names if len(names) == count else [f"x{k}" for k in range(count)]


def _draw_network(network: ResNet | FixedPointResNet, input_names: list[str], target: Path) -> str:
    graph = diagram(network)
    figure = network_figure(
        graph,
        input_names=input_names,
        output_names=[f"y{k}" for k in range(network.n_outputs)],
    )
    save_figure(figure, target / "network")
    return f"network.png, network.svg: {len(graph.edges):,} of {graph.total:,} edges"
