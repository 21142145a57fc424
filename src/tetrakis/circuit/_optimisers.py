"""Optimisation by name: our own passes, or theirs and an external program's, proved equal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tetrakis.circuit import _abc, _aigverse
from tetrakis.circuit._aig import Aig
from tetrakis.circuit._equivalent import equivalent
from tetrakis.circuit._optimise import optimise
from tetrakis.circuit._tools import TimeLimitReached, find_abc, left, need_abc
from tetrakis.errors import CircuitError, ToolError

METHODS = ("none", "builtin", "aigverse", "abc")
Step = Callable[..., Aig]
Status = Literal["done", "time limit", "failed", "not proved"]


@dataclass(frozen=True)
class Optimised:
    """Outcome of `optimise_with`.

    Parameters
    ----------
    aig : Aig
        The smallest circuit that is known to be equal to the given one.
    method : str
    status : {"done", "time limit", "failed", "not proved"}
        Whether the passes ended by themselves, the time was over, a program failed, or its
        result couldn't be proved equal and was dropped.
    detail : str
        What failed, or how equality was found out.
    """

    aig: Aig
    method: str
    status: Status
    detail: str


def optimise_with(aig: Aig, method: str, *, time_limit: float = 60.0) -> Optimised:
    """Make a circuit smaller with the passes of `method`.

    Parameters
    ----------
    aig : Aig
    method : {"none", "builtin", "aigverse", "abc"}
        "aigverse" and "abc" run after and between our own passes. The result of an external
        program is used only if it is smaller and `equivalent`, or ABC's ``cec``, proves it equal.
    time_limit : float
        Seconds for external programs, and as many again for the proof.

    Raises
    ------
    CircuitError
        If there is no such method.
    MissingDependencyError
        If the program or package isn't installed.

    Examples
    --------
    >>> from tetrakis.circuit import AigBuilder
    >>> builder = AigBuilder(2)
    >>> aig = builder.build([builder.and_(2, builder.or_(2, 4))])
    >>> found = optimise_with(aig, "builtin")
    >>> found.aig.num_gates, found.status
    (0, 'done')
    """
    check_method(method)
    if method == "none":
        return Optimised(aig, method, "done", "not optimised")
    ours = optimise(aig)
    if method == "builtin":
        return Optimised(ours, method, "done", "every step proved over cuts")
    return _external(ours, method, time_limit)


def check_method(method: str) -> None:
    """Raise as `optimise_with` does for a method that is unknown or not installed."""
    if method not in METHODS:
        raise CircuitError(
            f"There is no optimiser {method!r}.", remedy=f"There are {', '.join(METHODS)}."
        )
    if method == "abc":
        need_abc()
    if method == "aigverse":
        _aigverse.need_aigverse()


def _steps(method: str, aig: Aig, seconds: float) -> Iterator[Step]:
    """Yield the passes of one round; each takes a circuit and the seconds left."""
    if method == "abc":
        for script in _abc.scripts(aig, seconds):
            yield partial(_abc.run_script, script=script)
    else:
        for name in _aigverse.PASSES:
            yield partial(_aigverse.run_pass, name=name)


def _external(start: Aig, method: str, time_limit: float) -> Optimised:
    """Repeat rounds of passes, ours after each, while they gain and there is time."""
    best, end = start, time.monotonic() + time_limit
    status: Status = "done"
    detail = ""
    gained = True
    try:
        while gained:
            gained = False
            for step in _steps(method, best, left(end)):
                if left(end) <= 0:
                    raise TimeLimitReached("the time is over")
                found = step(best, seconds=left(end))
                found = min(found, optimise(found), key=lambda a: a.num_gates)
                if found.num_gates < best.num_gates:
                    best, gained = found, True
    except TimeLimitReached:
        status, detail = "time limit", f"stopped after {time_limit:g} s; "
    except ToolError as error:
        status, detail = "failed", f"{error} The best circuit so far was kept: "
    if best is start:
        return Optimised(start, method, status, f"{detail}nothing smaller than our own passes")
    proof = _proof(start, best, time_limit)
    if not proof:
        return Optimised(
            start, method, "not proved", f"{detail}a smaller circuit couldn't be proved equal"
        )
    return Optimised(best, method, status, f"{detail}{proof}")


def _proof(spec: Aig, impl: Aig, seconds: float) -> str:
    """Say how two circuits were proved equal; empty if they weren't."""
    if find_abc() is not None and spec.num_gates > 2000:  # much faster than our own sweep
        try:
            if _abc.prove_equal(spec, impl, seconds=seconds):
                return "proved equal by ABC's cec"
        except ToolError:
            pass
    found = equivalent(spec, impl, time_limit=seconds)
    return f"proved equal: {found.detail}" if found.status == "equal" else ""
