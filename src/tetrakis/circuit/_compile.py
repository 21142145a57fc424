"""Exact compilation of fixed-point networks to circuits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._emit import Decision, Plan, build_plan, word_width
from tetrakis.circuit._linear import (
    FixedPointLike,
    Program,
    compare_outputs,
    non_negative,
    trace,
)
from tetrakis.circuit._plan import Use, plans, uses_of
from tetrakis.circuit._sharing import Sharing, share_adders, share_words
from tetrakis.errors import CircuitError
from tetrakis.network import FixedPointResNet, common_exponent

Progress = Callable[[str, float], None]
TRIAL_GATES = 150_000
SMALL_GATES = 3000
REPEATS = 12


def _with_sharing(
    plan: Plan, first: Aig, record: Sharing, repeats: int, tell: Callable[[float, Aig], None]
) -> Aig:
    """Build a plan with words and full adders shared between sums; return the smallest.

    All but the first of the `repeats` searches are perturbed at random.
    """
    best = first
    for number in range(repeats):
        tell(number / repeats, best)
        rng = np.random.default_rng(number) if number else None
        paired = share_words(record, rng)
        if paired is not None:
            best = min(best, build_plan(plan, paired), key=lambda a: a.num_gates)
        for start in (record, paired):
            adders = None if start is None else share_adders(start, rng)
            if adders is not None:
                best = min(best, build_plan(plan, adders), key=lambda a: a.num_gates)
    return best


def _wanted(program: Program, decision: Decision) -> list[tuple[list[Use], Decision]]:
    """Return the ways to state the outputs that are worth trying."""
    outputs = program.outputs
    if decision == "sign":
        return [([Use(outputs[0], "sign")], "sign")]
    if decision == "words":
        return [([Use(k, "word") for k in outputs], "words")]
    if decision != "argmax":
        raise CircuitError(
            f"Unknown decision {decision!r}.", remedy="Use 'words', 'sign' or 'argmax'."
        )
    if len(outputs) == 1:
        return [([], "words")]
    if len(outputs) == 2:
        above = program.add_sum([(1, ~outputs[1]), (-1, ~outputs[0])], -1)
        return [([Use(above, "sign")], "sign")]
    ways = [non_negative(program, outputs), non_negative(program, compare_outputs(program))]
    return [([Use(k, "word") for k in way], "argmax") for way in ways]


def compile_network(
    fixed: FixedPointLike,
    *,
    decision: Decision = "words",
    effort: int = 1,
    progress: Progress | None = None,
) -> Aig:
    """Compile a fixed-point network to a circuit that computes the same integers.

    Sums are interval-tight and compressed as in `sum_words`. Stream coordinates are inlined
    into their readers or materialised, units whose forms differ by a factor and a constant
    share one sum, and different sums share two-word sums and full adders, whichever is
    smaller.

    Parameters
    ----------
    fixed : FixedPointResNet
        Inputs, in order and least significant bit first, become the circuit's inputs.
    decision : {"words", "sign", "argmax"}
        ``"words"``: every output in two's complement (widths: `output_words`);
        ``"sign"``: one bit, 1 iff the only output is >= 0;
        ``"argmax"``: index of the largest output, ties to the lower index, least
        significant bit first.
    effort : int
        0: one plan without sharing between different sums; 1: sharing in the smallest plan;
        2: sharing in every promising plan; 3: also random variations of the sharing.
    progress : callable, optional
        Called as ``progress(what, fraction)`` with a fraction in [0, 1].

    Returns
    -------
    Aig
        Its size is an upper bound of the function's circuit complexity.

    Raises
    ------
    CircuitError
        If `decision` is unknown, or ``"sign"`` is asked of several outputs.

    References
    ----------
    Search over inlining and sharing: ours.
    """
    if decision == "argmax" and isinstance(fixed, FixedPointResNet):
        fixed = common_exponent(fixed)  # integers of different worth can't be compared
    program = trace(fixed)
    if decision == "sign" and len(program.outputs) != 1:
        raise CircuitError(
            f"A sign needs exactly one output, the network has {len(program.outputs)}.",
            remedy="Use decision='argmax'.",
        )
    found = _plain(program, decision, effort)
    best = found[0][0]
    if effort > 0 and best.num_gates <= TRIAL_GATES:
        plain = 1 if best.num_gates > SMALL_GATES else 2
        tried = found[: plain if effort == 1 else len(found)]
        for k, (aig, plan, record) in enumerate(tried):
            tell = partial(_tell, progress, best, k, len(tried))
            shared = _with_sharing(plan, aig, record, REPEATS if effort > 2 else 1, tell)
            best = min(best, shared, key=lambda a: a.num_gates)
    return best


def _tell(
    progress: Progress | None, best: Aig, plan: int, plans: int, share: float, found: Aig
) -> None:
    if progress is not None:
        size = min(best.num_gates, found.num_gates)
        progress(f"compiling: {size:,} AND nodes", (plan + share) / plans)


def _plain(program: Program, decision: Decision, effort: int) -> list[tuple[Aig, Plan, Sharing]]:
    """Build the plans of low price without sharing between sums, smallest first."""
    candidates = [
        (price, Plan(program, wanted, style, kept, shared))
        for wanted, style in _wanted(program, decision)
        for price, kept, shared in plans(program, uses_of(program, wanted))
    ]
    candidates.sort(key=lambda c: c[0])
    found: list[tuple[Aig, Plan, Sharing]] = []
    for price, plan in candidates:
        if found and (effort < 1 or price > TRIAL_GATES or price > 2 * candidates[0][0]):
            break
        apart = plan.shared and price <= TRIAL_GATES and effort > 0
        for one in (plan, plan._replace(shared=frozenset())) if apart else (plan,):
            record = Sharing()
            found.append((build_plan(one, record if effort else None), one, record))
    return sorted(found, key=lambda f: f[0].num_gates)


def output_words(fixed: FixedPointLike) -> list[int]:
    """Return the width in bits of each output of ``compile_network(decision="words")``."""
    program = trace(fixed)
    return [word_width(program.sums[k].lo, program.sums[k].hi) for k in program.outputs]
