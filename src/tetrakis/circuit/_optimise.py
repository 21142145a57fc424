"""Making circuits smaller without changing what they compute."""

from __future__ import annotations

from tetrakis.circuit._aig import Aig, reachable
from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._cuts import Ints
from tetrakis.circuit._reduce import merge_equal
from tetrakis.circuit._rewrite import rewrite
from tetrakis.circuit._structures import structures


def rehash(aig: Aig) -> Aig:
    """Rebuild a circuit gate by gate with the builder's rules; unreachable gates go."""
    builder = AigBuilder(aig.num_pis)
    swept = _as_aig(aig, *reachable(aig.num_pis, aig.fanins, aig.outputs))
    outputs = builder.replay(swept, [builder.input(i) for i in range(aig.num_pis)])
    return builder.build(outputs, input_names=aig.input_names, output_names=aig.output_names)


def optimise(aig: Aig, *, max_passes: int = 12) -> Aig:
    """Return an equivalent circuit that is never larger.

    Sweeping and re-hashing, merging of gates of equal function, then passes of four-input cut
    rewriting, every second one with replacements of equal size, until three in a row gain
    nothing.

    Parameters
    ----------
    aig : Aig
    max_passes : int
        Most rewriting passes.

    Returns
    -------
    Aig
        With the same inputs, outputs and names.

    Examples
    --------
    >>> builder = AigBuilder(2)
    >>> a, b = builder.input(0), builder.input(1)
    >>> optimise(builder.build([builder.and_(a, builder.or_(a, b))])).num_gates
    0
    """
    swept = _as_aig(aig, *reachable(aig.num_pis, aig.fanins, aig.outputs))
    best = merge_equal(min((swept, rehash(swept)), key=lambda x: x.num_gates))
    fanins: Ints = best.fanins
    outputs: Ints = best.outputs
    idle = 0
    for number in range(max_passes):
        fanins, outputs = rewrite(
            aig.num_pis, fanins, outputs, structures(), least_gain=1 - number % 2
        )
        idle += 1
        if len(fanins) < best.num_gates:
            best, idle = _as_aig(aig, fanins, outputs), 0
        if idle == 3:
            break
    best = merge_equal(best)
    again = rehash(best)
    return again if again.num_gates < best.num_gates else best


def _as_aig(aig: Aig, fanins: Ints, outputs: Ints) -> Aig:
    return Aig(aig.num_pis, fanins, outputs, aig.input_names, aig.output_names)
