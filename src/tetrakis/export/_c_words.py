"""Integer networks as plain C: tables and loops, for microcontrollers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from tetrakis.export._c_bits import c_comment
from tetrakis.export._c_main import WORDS_CORE, WORDS_MAIN
from tetrakis.network import FixedPointBlock, FixedPointResNet, without_tables

_SIZES = (8, 16, 32, 64)


def write_c_words(
    network: FixedPointResNet, path: str | os.PathLike[str], *, name: str = "network"
) -> None:
    """Write a fixed-point network as C99 with exactly its integers.

    ``network(x, y)`` maps input codes to output codes. Weights are constant tables in the
    smallest integer type, sums are 32-bit where no partial sum can leave them, else 64-bit: no
    heap, no float, no recursion; the stack holds one stream and one block's activations. With
    ``-DTETRAKIS_MAIN`` there is a `main` too: a filter of codes in text, one row per line.

    Parameters
    ----------
    network : FixedPointResNet
        Its tables are written as threshold units.
    path : path
    name : str
        Name for the comment.
    """
    network = without_tables(network)
    bits = 32 if _largest_sum(network) < 2**31 else 64
    weights = [network.read_in.data, network.read_out.data]
    places = [network.read_in.nnz, network.read_out.nnz, *network.read_in.shape]
    for block in network.relu_blocks:
        weights += [block.read.data, block.write.data]
        places += [block.read.nnz, block.write.nnz, block.width]
    parts = [
        _head(network, bits, _size(weights), _index_size(max(places)), name),
        *_matrix("read_in", network.read_in),
        *(
            line
            for k, block in enumerate(network.relu_blocks)
            for line in _block(k, block, network)
        ),
        *_matrix("read_out", network.read_out),
        _table("network_int", "offset", network.offset),
        WORDS_CORE,
        *_entry(network),
        WORDS_MAIN,
    ]
    Path(path).write_text("\n".join(parts), encoding="ascii")


def _largest_sum(network: FixedPointResNet) -> int:
    """Bound the magnitude of every partial sum and activation, in whatever order they are added."""
    ranges = network.ranges
    size = [np.abs(r).max(axis=1) for r in ranges.stream]
    sums = [np.abs(ranges.inputs).ravel(), abs(network.read_in) @ np.abs(ranges.inputs).max(axis=1)]
    for k, block in enumerate(network.relu_blocks):
        sums.append(abs(block.read) @ size[k] + np.abs(block.bias))
        sums.append(abs(block.write) @ ranges.units[k].max(axis=1) + size[k])
    sums.append(abs(network.read_out) @ size[-1] + np.abs(network.offset))
    return max(int(s.max(initial=0)) for s in sums)


def _size(arrays: Iterable[np.ndarray]) -> int:
    most = max((int(np.abs(a).max(initial=0)) for a in arrays), default=0)
    return next(bits for bits in _SIZES if most < 2 ** (bits - 1))


def _index_size(most: int) -> int:
    return next(bits for bits in _SIZES if most < 2**bits)


def _head(network: FixedPointResNet, bits: int, weight: int, index: int, name: str) -> str:
    width = max((block.width for block in network.blocks), default=0)
    codes = [f"x[{k}] {f.lo}..{f.hi} worth 2^{f.exponent}" for k, f in enumerate(network.inputs)]
    worth = [f"y[{k}] worth 2^{e}" for k, e in enumerate(network.output_exponent.tolist())]
    stack = (max(network.stream, 1) + max(width, 1)) * bits // 8
    lines = [
        f"/* {c_comment(name)}: an exact integer network; written by tetrakis.",
        f"   {network.n_inputs} inputs, {network.n_outputs} outputs, {len(network.blocks)} blocks;"
        f" about {stack} bytes of stack.",
        *(f"   {text}" for text in codes + worth),
        "*/",
        "#include <stdint.h>",
        "",
        f"#define NETWORK_INPUTS {network.n_inputs}",
        f"#define NETWORK_OUTPUTS {network.n_outputs}",
        f"#define NETWORK_STREAM {max(network.stream, 1)}",
        f"#define NETWORK_WIDTH {max(width, 1)}",
        "",
        f"typedef int{bits}_t network_int;",
        f"typedef int{weight}_t network_weight;",
        f"typedef uint{index}_t network_index;",
        "",
        "void network(const network_int *x, network_int *y);",
        "",
    ]
    return "\n".join(lines)


def _table(type_name: str, name: str, values: Iterable[int]) -> str:
    """Write a constant array; C has no empty ones."""
    texts = [str(int(v)) for v in values] or ["0"]
    rows = [", ".join(texts[k : k + 16]) for k in range(0, len(texts), 16)]
    return f"static const {type_name} {name}[] = {{\n    " + ",\n    ".join(rows) + "\n};"


def _matrix(name: str, matrix: csr_array) -> list[str]:
    return [
        _table("network_weight", f"{name}_weight", matrix.data),
        _table("network_index", f"{name}_column", matrix.indices),
        _table("network_index", f"{name}_end", matrix.indptr[1:]),
    ]


def _block(k: int, block: FixedPointBlock, network: FixedPointResNet) -> list[str]:
    hi = network.ranges.units[k][:, 1]  # saturation that can't occur is no table entry of its own
    return [
        *_matrix(f"read{k}", block.read),
        *_matrix(f"write{k}", block.write),
        _table("network_int", f"bias{k}", block.bias),
        _table("uint8_t", f"shift{k}", np.where(hi > 0, block.shift, 0)),
        _table("network_int", f"top{k}", np.minimum(block.top, hi)),
    ]


def _entry(network: FixedPointResNet) -> list[str]:
    lines = [
        "void network(const network_int *x, network_int *y)",
        "{",
        "    network_int z[NETWORK_STREAM] = {0}, a[NETWORK_WIDTH];",
        f"    add(read_in_weight, read_in_column, read_in_end, {network.stream}, x, z);",
    ]
    for k, block in enumerate(network.relu_blocks):
        lines += [
            f"    set(a, bias{k}, {block.width});",
            f"    add(read{k}_weight, read{k}_column, read{k}_end, {block.width}, z, a);",
            f"    relu(a, shift{k}, top{k}, {block.width});",
            f"    add(write{k}_weight, write{k}_column, write{k}_end, {network.stream}, a, z);",
        ]
    lines += [
        f"    set(y, offset, {network.n_outputs});",
        f"    add(read_out_weight, read_out_column, read_out_end, {network.n_outputs}, z, y);",
        "    (void)relu; (void)a;",
        "}",
        "",
    ]
    return lines
