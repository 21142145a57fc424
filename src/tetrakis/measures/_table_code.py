"""A prefix-free code of networks of small tables: how many bits it takes to tell one (ours)."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from tetrakis.errors import NetworkError
from tetrakis.measures._circuit_code import urn_nats
from tetrakis.network import MOST_PINS, FixedPointResNet, TableBlock

Longs = NDArray[np.int64]
Unit = tuple[int, tuple[int, ...], bytes]
_LN2 = float(np.log(2))


def table_bits(network: FixedPointResNet) -> float:
    """Return the bits of the code of a sum of tables, read as integers.

    Parameters
    ----------
    network : FixedPointResNet
        One block of tables that read inputs of one bit, each of which adds to one output.

    Notes
    -----
    Told are: the number of units, how they are split among outputs and numbers of wires, by
    enumeration; all wires by a Pólya urn, as in the circuits' code; the entries, each one of the
    range of all; the outputs' offsets. As many orders of the units of an output, and of the wires
    of a unit, tell of the same function by codes of the same length, so that their logarithm is
    saved.

    Raises
    ------
    NetworkError
        If the network is of another kind.
    """
    block = _only_block(network)
    units = _units(network, block)
    size, outputs = len(units), network.n_outputs
    entries = np.concatenate([[0], block.entries])
    low, values = int(entries.min()), int(np.ptp(entries)) + 1
    wires = np.bincount(
        np.array([pin for _, pins, _ in units for pin in pins], np.int64),
        minlength=network.n_inputs,
    )  # fmt: skip
    pins = np.bincount([len(own) for _, own, _ in units], minlength=MOST_PINS + 1)
    nats = _log_choose(size + outputs - 1, outputs - 1) + _log_choose(size + MOST_PINS, MOST_PINS)
    nats += gammaln(size + 1) - gammaln(pins + 1).sum() + urn_nats(wires)
    nats -= gammaln(np.bincount([o for o, _, _ in units], minlength=outputs) + 1).sum()
    nats += sum(gammaln(times + 1) for times in Counter(units).values())
    nats -= sum(gammaln(len(own) + 1) for _, own, _ in units)
    numbers = [size, low, values, *network.offset.tolist()]
    told = sum(_whole_bits(number) for number in numbers)
    return float(told + nats / _LN2 + len(block.entries) * np.log2(values))


def _only_block(network: FixedPointResNet) -> TableBlock:
    blocks = network.blocks
    found = blocks[0] if len(blocks) == 1 else None
    if not isinstance(found, TableBlock) or any(word.bits != 1 for word in network.inputs):
        raise NetworkError(
            "expected one block of tables that read inputs of one bit.",
            remedy="Price the circuit instead, or encode the inputs in single bits beforehand.",
        )
    return found


def _units(network: FixedPointResNet, block: TableBlock) -> list[Unit]:
    """Return output, inputs and entries of every unit, the inputs in order."""
    source, output = _sources(network), _targets(network, block)
    found = []
    for unit in range(block.width):
        pins, entries = block.table(unit)
        if (pins[:, 1] != 0).any() or (source[pins[:, 0]] < 0).any():
            raise NetworkError(f"table unit {unit}: expected wires to inputs of one bit.")
        inputs = source[pins[:, 0]]
        if len(np.unique(inputs)) < len(inputs):
            raise NetworkError(f"table unit {unit}: expected wires to different inputs.")
        order = np.argsort(inputs)
        k = len(inputs)
        places = sum(((np.arange(1 << k) >> i) & 1) << p for i, p in enumerate(order.tolist()))
        moved = entries[places] if k else entries
        found.append((int(output[unit]), tuple(inputs[order].tolist()), moved.tobytes()))
    return found


def _sources(network: FixedPointResNet) -> Longs:
    """Which input a stream coordinate is; −1 where it is none."""
    read_in = network.read_in.toarray()
    plain = (np.abs(read_in).sum(axis=1) == 1) & (read_in.max(axis=1, initial=0) == 1)
    return np.where(plain, read_in.argmax(axis=1), -1) if read_in.size else np.full(0, -1)


def _targets(network: FixedPointResNet, block: TableBlock) -> Longs:
    """Which output each unit adds to."""
    effect = (network.read_out @ block.write).toarray()
    direct = (network.read_out @ network.read_in).toarray()
    if direct.any() or (np.abs(effect).sum(axis=0) != 1).any() or (effect < 0).any():
        raise NetworkError("expected every table to be added to one output, and nothing else.")
    if np.ptp(network.output_exponent) if network.n_outputs else 0:
        raise NetworkError("expected outputs that are worth the same.")
    return np.asarray(effect.argmax(axis=0))


def _log_choose(n: int, k: int) -> float:
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _whole_bits(number: int) -> int:
    """Length of Elias's gamma code of 2 number where that is above 0, else of 2 |number| + 1."""
    return 2 * (2 * abs(number) + (number <= 0)).bit_length() - 1
