"""The Occam bound of a circuit, its encoding paid for: in bits, as a claim, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tetrakis.circuit import Aig
from tetrakis.datasets import Table
from tetrakis.encoding import Encoding, encoding_bits, is_boolean
from tetrakis.measures import OccamBound, circuit_bits, occam_bound
from tetrakis.pipeline._data import run_circuit
from tetrakis.pipeline._inputs import live_inputs, narrowed, widened

DELTA = 0.05


def priced(circuit: Aig, encoding: Encoding | None) -> tuple[Aig, float]:
    """Return the circuit whose code is paid for, and the bits of its encoding.

    Of Boolean data all columns are known beforehand. Of other data only the input bits that the
    circuit reads are told, with where each comes from.
    """
    if encoding is None:
        return circuit, 0.0
    if is_boolean(encoding):
        return widened(circuit, [c.index for c in encoding.columns], encoding.n_columns), 0.0
    live = live_inputs(circuit)
    return narrowed(circuit, live), encoding_bits(encoding, live)


def bound_of(
    circuit: Aig, encoding: Encoding | None, errors: int, rows: int, delta: float = DELTA
) -> OccamBound:
    """Bound the risk of a circuit with `errors` wrong among `rows` that it was learnt from."""
    told, extra = priced(circuit, encoding)
    return occam_bound(told, errors, rows, delta, extra_bits=extra)


def code_bits(circuit: Aig, encoding: Encoding | None) -> tuple[float, float]:
    """Return the bits of circuit and encoding together, and those of the encoding."""
    told, extra = priced(circuit, encoding)
    return circuit_bits(told)[0] + extra, extra


def occam_claim(circuit: Aig, encoding: Encoding, table: Table) -> dict[str, Any]:
    """Bound the share of wrong classes on unseen rows, from the rows that a fit learnt from.

    Parameters
    ----------
    circuit : Aig
    encoding : Encoding
        With classes as output.
    table : Table
        The rows trained on, with their target.
    """
    assert table.target is not None
    texts = table.target.texts()
    wrong = run_circuit(circuit, encoding, table, unknown="ignore") != texts
    constant = 1.0 - float(np.unique(texts.astype(str), return_counts=True)[1].max()) / len(texts)
    return claim_of(bound_of(circuit, encoding, int(wrong.sum()), len(texts)), constant)


def claim_of(bound: OccamBound, constant_error: float) -> dict[str, Any]:
    """Lay a bound out with its terms, and say what it is worth."""
    return {
        "value": bound.value,
        "errors": round(bound.risk * bound.m),
        "rows": bound.m,
        "risk": bound.risk,
        "bits": bound.bits,
        "encoding_bits": bound.extra_bits,
        "code": bound.code,
        "delta": bound.delta,
        "constant_error": constant_error,
        "verdict": verdict(bound.value, constant_error),
    }


def verdict(value: float, constant_error: float) -> str:
    """Say in words what a bound is worth."""
    if value >= 1:
        return "says nothing: too few rows for a circuit of this size"
    if value >= constant_error:
        return (
            f"no better than the {constant_error:.4g} that the most frequent class alone gets wrong"
        )
    return f"below the {constant_error:.4g} that the most frequent class alone gets wrong"


def bound_text(claim: Mapping[str, Any]) -> str:
    """Spell the bound out: its terms, what it rests on, and what it is worth."""
    own = claim["bits"] - claim["encoding_bits"]
    paid = (
        f" + {claim['encoding_bits']:,.0f} bits for its encoding" if claim["encoding_bits"] else ""
    )
    return (
        f"error on unseen rows at most {claim['value']:.4g} with probability"
        f" {1 - claim['delta']:g}, if the {claim['rows']:,} rows are independent draws of what"
        f" it will be used on (Occam bound: {claim['errors']:,} wrong, {own:,.0f} bits for the"
        f" circuit{paid}); {claim['verdict']}"
    )
