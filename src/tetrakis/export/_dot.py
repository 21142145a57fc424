"""Small circuits as graphs for Graphviz."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from tetrakis.circuit import Aig
from tetrakis.errors import FormatError
from tetrakis.export._names import port_names

MAX_GATES = 1000


def write_dot(aig: Aig, path: str | os.PathLike[str]) -> None:
    """Write a circuit in the DOT language: a point per AND, dashed edges invert.

    Nodes of equal depth stand in one row.

    Parameters
    ----------
    aig : Aig
    path : path

    Raises
    ------
    FormatError
        If the circuit has more than 1,000 gates: such a drawing shows nothing.
    """
    if aig.num_gates > MAX_GATES:
        raise FormatError(
            f"A drawing of {aig.num_gates} gates can't be read; DOT is written up to {MAX_GATES}.",
            remedy="Use tetrakis draw, which shows the nodes of every level.",
        )
    inputs, outputs = port_names(aig, str)
    lines = ["digraph circuit {", "  rankdir=BT;", "  node [fontname=Helvetica];"]
    nodes = [f"v{k}" for k in range(1 + aig.num_pis + aig.num_gates)]
    if (aig.outputs < 2).any() or (aig.fanins < 2).any():
        lines.append('  v0 [shape=box, label="0"];')
    for k, name in enumerate(inputs, 1):
        lines.append(f"  {nodes[k]} [shape=triangle, label={_quoted(name)}];")
    for node in nodes[1 + aig.num_pis :]:
        lines.append(f'  {node} [shape=circle, label="", width=0.2];')
    for k, name in enumerate(outputs):
        lines.append(f"  o{k} [shape=invtriangle, label={_quoted(name)}];")
    for node, pair in zip(nodes[1 + aig.num_pis :], aig.fanins.tolist(), strict=True):
        lines += [f"  {nodes[x >> 1]} -> {node}{_style(x)};" for x in pair]
    for k, x in enumerate(aig.outputs.tolist()):
        lines.append(f"  {nodes[x >> 1]} -> o{k}{_style(x)};")
    lines += [f"  {{ rank=same; {'; '.join(row)}; }}" for row in _rows(aig, nodes)]
    Path(path).write_text("\n".join([*lines, "}", ""]), encoding="utf-8")


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _style(literal: int) -> str:
    return " [style=dashed]" if literal & 1 else ""


def _rows(aig: Aig, nodes: list[str]) -> list[list[str]]:
    rows = defaultdict(list)
    for node, level in zip(nodes[1:], aig.levels.tolist()[1:], strict=True):
        rows[level].append(node)
    return [*rows.values(), *([[f"o{k}" for k in range(aig.num_pos)]] if aig.num_pos else [])]
