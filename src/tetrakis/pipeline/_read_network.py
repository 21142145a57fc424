"""Networks from the files that compile, measure and draw take."""

from __future__ import annotations

import os
from pathlib import Path

from tetrakis.errors import FormatError
from tetrakis.network import FixedPointResNet, ResNet, load_network, read_integer_network


def read_fixed_point(path: str | os.PathLike[str]) -> FixedPointResNet:
    """Read an integer network: .npz as `save_network` writes it, or .json.

    Raises
    ------
    FormatError
        If the name ends otherwise, the file is no JSON of a network, or it holds a float network.
    ArtifactError
        If an .npz file is missing or damaged.
    """
    network = read_network(path)
    if not isinstance(network, FixedPointResNet):
        raise FormatError(
            f"{path} holds a float network; only integers can be compiled.",
            remedy="Name the error that is allowed with --epsilon, or compile fixed_point.npz.",
        )
    return network


def read_network(path: str | os.PathLike[str]) -> FixedPointResNet | ResNet:
    """Read an integer or a float network; see `read_fixed_point`."""
    path = Path(path)
    if path.suffix == ".json":
        return read_integer_network(path)
    if path.suffix != ".npz":
        raise FormatError(
            f"{path}: the ending doesn't tell the format of a network.",
            remedy="Give a .npz file of tetrakis or a .json file (docs/representation.md).",
        )
    return load_network(path)
