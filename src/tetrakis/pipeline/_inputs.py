"""Inputs that a circuit's outputs depend on, and circuits with these alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig
from tetrakis.circuit._aig import reachable


def live_inputs(circuit: Aig) -> tuple[int, ...]:
    """List the inputs that the outputs can depend on, from 0."""
    fanins, outputs = reachable(circuit.num_pis, circuit.fanins, circuit.outputs)
    used = np.unique(np.concatenate([fanins.ravel(), outputs]) >> 1)
    return tuple((used[(used > 0) & (used <= circuit.num_pis)] - 1).tolist())


def narrowed(circuit: Aig, live: Sequence[int]) -> Aig:
    """Return a circuit with some of its inputs only; nothing may depend on the others."""
    place = np.zeros(circuit.num_pis + 1, np.int64)
    place[1 + np.array(live, np.int64)] = 1 + np.arange(len(live))
    return _moved(circuit, place, len(live), ())


def widened(
    circuit: Aig, live: Sequence[int], num_pis: int, names: tuple[str, ...] = ()
) -> Aig:  # fmt: skip
    """Undo `narrowed`: return a circuit of `num_pis` inputs that reads those of `live`."""
    place = np.concatenate([[0], 1 + np.array(live, np.int64)])
    return _moved(circuit, place, num_pis, names)


def _moved(circuit: Aig, place: NDArray[np.int64], pis: int, names: tuple[str, ...]) -> Aig:
    """Renumber the inputs; ``place[v]`` is the new variable of variable v <= num_pis."""
    gates = pis + 1 + np.arange(circuit.num_gates)
    place = np.concatenate([place, gates])
    fanins, outputs = (2 * place[x >> 1] + (x & 1) for x in (circuit.fanins, circuit.outputs))
    return Aig(pis, fanins, outputs, names, circuit.output_names)
