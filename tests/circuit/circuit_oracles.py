"""Slow, obvious references for circuits."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array

from tetrakis.circuit import Aig, AigBuilder
from tetrakis.network import FixedPointBlock, FixedPointFormat, FixedPointResNet


def evaluate(aig: Aig, row: list[bool]) -> list[bool]:
    """One pattern, gate by gate, in plain Python."""
    values = [False, *row]

    def value(literal: int) -> bool:
        return values[literal >> 1] ^ bool(literal & 1)

    for a, b in aig.fanins.tolist():
        values.append(value(a) and value(b))
    return [value(x) for x in aig.outputs.tolist()]


def every_row(n: int) -> np.ndarray:
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def decode(bits: np.ndarray, signed: bool) -> np.ndarray:
    width = bits.shape[1]
    value = (bits.astype(np.int64) << np.arange(width)).sum(axis=1)
    if signed and width:
        value = np.where(bits[:, -1], value - (1 << width), value)
    return value


def encode(codes: np.ndarray, formats: tuple[FixedPointFormat, ...]) -> np.ndarray:
    columns = [codes[:, i : i + 1] >> np.arange(f.bits) & 1 for i, f in enumerate(formats)]
    return np.concatenate(columns, axis=1).astype(bool)


def codes_of(rows: np.ndarray, formats: tuple[FixedPointFormat, ...]) -> np.ndarray:
    columns, first = [], 0
    for f in formats:
        columns.append(decode(rows[:, first : first + f.bits], f.signed))
        first += f.bits
    return np.stack(columns, axis=1)


def sparse(dense: object) -> csr_array:
    return csr_array(np.array(dense, dtype=np.int64))


def random_network(
    seed: int,
    formats: tuple[FixedPointFormat, ...],
    *,
    width: int,
    blocks: int,
    outputs: int,
    largest: int = 5,
    density: float = 0.6,
) -> FixedPointResNet:
    rng = np.random.default_rng(seed)
    n = len(formats)
    stream = n + 1

    def matrix(rows: int, columns: int) -> csr_array:
        dense = rng.integers(-largest, largest + 1, (rows, columns))
        return sparse(dense * (rng.random((rows, columns)) < density))

    return FixedPointResNet(
        inputs=formats,
        read_in=sparse(np.eye(stream, n)),
        blocks=tuple(
            FixedPointBlock(
                read=matrix(width, stream),
                bias=rng.integers(-9, 10, width),
                shift=rng.integers(0, 3, width),
                bits=rng.choice([1, 2, 3, 62], width),
                write=matrix(stream, width),
                exponent=np.zeros(width, np.int64),
            )
            for _ in range(blocks)
        ),
        read_out=matrix(outputs, stream),
        offset=rng.integers(-9, 10, outputs),
        stream_exponent=np.zeros(stream, np.int64),
        output_exponent=np.zeros(outputs, np.int64),
    )


@st.composite
def aigs(draw: st.DrawFn, max_pis: int = 6, max_gates: int = 40) -> Aig:
    """Random circuits, dangling gates and constant outputs included."""
    pis = draw(st.integers(1, max_pis))
    gates = draw(st.integers(0, max_gates))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    limit = 2 * (pis + 1 + np.arange(gates))
    fanins = np.stack([rng.integers(0, limit), rng.integers(0, limit)], axis=1).reshape(-1, 2)
    outputs = rng.integers(0, 2 * (pis + 1 + gates), draw(st.integers(0, 4)))
    names = draw(st.booleans())
    return Aig(
        pis,
        fanins,
        outputs,
        tuple(f"x[{i}] é" for i in range(pis)) if names else (),
        tuple(f"y {i}" for i in range(len(outputs))) if names else (),
    )


def random_logic(seed: int, pis: int, gates: int, outputs: int) -> Aig:
    builder = AigBuilder(pis)
    rng = np.random.default_rng(seed)
    literals = [builder.input(i) for i in range(pis)]
    for _ in range(gates):
        a, b = rng.integers(0, len(literals), 2)
        flips = rng.integers(0, 2, 2)
        literals.append(builder.and_(literals[a] ^ int(flips[0]), literals[b] ^ int(flips[1])))
    return builder.build(literals[-outputs:])
