"""Editing in the sup norm: every input is a row, and a start may be wrong on some of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, AigBuilder, all_patterns, simulate
from tetrakis.functions._format import word_codes
from tetrakis.simplify import Schedule, SimplificationPath, interval_loss, simplify

Longs = NDArray[np.int64]
EDIT_BITS, EDIT_VALUES = 20, 1 << 32
MOST_PATCHES = 64
FIRST_PRICE, SHAKE = 0.01, 0.2
REPAIR_SHARE = 0.6
SCORED_A_SECOND = 2500.0
ROUNDS, PATIENCE, HEAVIER, LOOKED_AT = 10, 3, 3.0, 4


def editable(num_inputs: int, num_gates: int) -> bool:
    """Whether a circuit's values on all inputs can be held."""
    return num_inputs <= EDIT_BITS and (num_inputs + num_gates) << num_inputs <= EDIT_VALUES


def edited(
    aig: Aig, low: Longs, high: Longs, *, signed: bool, seed: int = 0, seconds: float | None = None
) -> Aig | None:
    """Edit a circuit until the code of every input is in its interval, and while it stays there.

    Where the start is wrong on some inputs, edits that set them right are bought at a price per
    node, in rounds in which inputs that stayed wrong weigh more and more. What then is wrong is
    set right input by input, and the whole is edited again.

    Parameters
    ----------
    aig : Aig
        One output word.
    low, high : int array, (2^num_pis,)
        Codes allowed for each input.
    signed : bool
    seed : int
    seconds : float, optional
        After about so long no new round of edits begins; counted in nodes scored, not by the
        clock, so that the result is the same everywhere.

    Returns
    -------
    Aig or None
        None if too many inputs stay wrong, or one has no code that is allowed.

    References
    ----------
    Ours.
    """
    if (low > high).any():
        return None
    editor = _Editor(low, high, signed, seed, seconds)
    wrong = editor.wrong(aig)
    if len(wrong) and aig.num_gates:
        aig, wrong = editor.repaired(aig, wrong)
    if len(wrong) > MOST_PATCHES:
        return None
    return editor.path(editor.patched(aig, wrong), price=0.0).circuits[-1]


def shaken(aig: Aig, low: Longs, high: Longs, *, signed: bool, seed: int, seconds: float) -> Aig:
    """Give up inputs for nodes, set them right again, and keep what is smaller.

    Parameters
    ----------
    aig, low, high, signed, seed, seconds
        As of `edited`; no input is wrong at first.

    Returns
    -------
    Aig
        No larger, and no input is wrong.
    """
    editor = _Editor(low, high, signed, seed, seconds)
    loose = editor.path(aig, price=SHAKE).circuits[-1]
    left = editor.left / SCORED_A_SECOND
    made = edited(loose, low, high, signed=signed, seed=seed, seconds=left) if left > 0 else None
    return aig if made is None or made.num_gates >= aig.num_gates else made


class _Editor:
    """The rows that are all inputs, and how many nodes may still be scored."""

    def __init__(
        self, low: Longs, high: Longs, signed: bool, seed: int, seconds: float | None
    ) -> None:
        self.low, self.high, self.signed, self.seed = low, high, signed, seed
        self.left = np.inf if seconds is None else seconds * SCORED_A_SECOND
        n = len(low).bit_length() - 1
        self.rows = ((np.arange(len(low))[:, None] >> np.arange(n)) & 1).astype(np.bool_)

    def codes(self, aig: Aig) -> Longs:
        """Return the code of every input."""
        words = simulate(aig, all_patterns(aig.num_pis))
        return word_codes(words, len(self.low), signed=self.signed)

    def wrong(self, aig: Aig) -> Longs:
        """Return the inputs whose code isn't allowed."""
        codes = self.codes(aig)
        return np.flatnonzero((codes < self.low) | (codes > self.high))

    def repaired(self, aig: Aig, wrong: Longs) -> tuple[Aig, Longs]:
        """Edit until few inputs are wrong: those that stay so weigh more from round to round."""
        patch = aig.num_pis + 2  # about the nodes that set one input right
        weights, best, stale = np.ones(len(self.low)), (aig, wrong), 0
        least, reserve = aig.num_gates + patch * len(wrong), (1 - REPAIR_SHARE) * self.left
        for number in range(ROUNDS):
            path = self.path(best[0], price=1 / patch, weights=weights, turn=number)
            found = sorted(
                zip(path.circuits, path.losses, strict=True),
                key=lambda pair: pair[0].num_gates + patch * float(pair[1]),
            )[:LOOKED_AT]
            counted = [(circuit, self.wrong(circuit)) for circuit, _ in found]
            costs = [circuit.num_gates + patch * len(wrong) for circuit, wrong in counted]
            made, wrong = counted[int(np.argmin(costs))]
            stale += 1
            if min(costs) < least:
                best, least, stale = (made, wrong), min(costs), 0
            if stale > PATIENCE or not len(wrong) or self.left < reserve:
                break
            weights[wrong] *= HEAVIER
        return best

    def path(
        self, aig: Aig, *, price: float, weights: NDArray[np.float64] | None = None, turn: int = 0
    ) -> SimplificationPath:
        """Edit at prices up to `price` wrong inputs per node; 0 keeps all right."""
        plan = Schedule().for_rows(len(self.low))
        if price:
            last = price / (plan.cap * len(self.low))
            plan = replace(plan, first_price=FIRST_PRICE, last_price=last)
        found = simplify(
            aig, self.rows, interval_loss(self.low, self.high, weights, signed=self.signed),
            budget=None if price else 0.0, seed=self.seed + turn, schedule=plan,
            max_scored=self.left,
        )  # fmt: skip
        if found.interrupted:
            raise KeyboardInterrupt  # which gives a path that ends early
        self.left -= found.scored
        return found

    def patched(self, aig: Aig, wrong: Longs) -> Aig:
        """Flip the outputs of single inputs to the nearest code allowed."""
        if not len(wrong):
            return aig
        builder = AigBuilder(aig.num_pis)
        inputs = [builder.input(i) for i in range(aig.num_pis)]
        outputs = builder.replay(aig, inputs)
        codes, mask = self.codes(aig), (1 << len(outputs)) - 1
        for row in wrong.tolist():
            allowed = range(int(self.low[row]), int(self.high[row]) + 1)
            flips = min(((int(codes[row]) ^ code) & mask for code in allowed), key=int.bit_count)
            other = builder.or_all(x ^ (row >> i & 1) for i, x in enumerate(inputs))
            for place in range(len(outputs)):
                if flips >> place & 1:
                    outputs[place] = builder.xor(outputs[place], other ^ 1)
        return builder.build(outputs)
