"""Port names that every format can carry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tetrakis.circuit import Aig

_OWN = re.compile(r"n\d+(_d\d+)?|i\d+_d\d+")


def port_names(
    aig: Aig, clean: Callable[[str], str], *, reserved: Iterable[str] = ()
) -> tuple[list[str], list[str]]:
    """Return distinct names of inputs and outputs, `clean` having been applied to each.

    Names that collide, also with the gates' ``n<number>`` (and its registers ``_d<number>``) or
    with those in `reserved`, get ``_`` and a number appended.
    """
    taken: set[str] = set(reserved)

    def distinct(name: str) -> str:
        base = clean(name)
        unique, number = base, 0
        while unique in taken or _OWN.fullmatch(unique):
            unique, number = f"{base}_{number}", number + 1
        taken.add(unique)
        return unique

    inputs = aig.input_names or [f"i{k}" for k in range(aig.num_pis)]
    outputs = aig.output_names or [f"o{k}" for k in range(aig.num_pos)]
    return [distinct(x) for x in inputs], [distinct(x) for x in outputs]


def printable(name: str) -> str:
    """Replace white space and everything outside printable ASCII by ``_``."""
    return re.sub(r"[^!-~]", "_", name)
