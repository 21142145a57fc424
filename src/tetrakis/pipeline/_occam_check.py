"""The Occam bound again: bits from the files, errors from the rows, the tail term by term."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import gammaln

from tetrakis.circuit import Aig
from tetrakis.datasets import Table
from tetrakis.encoding import Encoding
from tetrakis.errors import TetrakisError
from tetrakis.pipeline._data import run_circuit
from tetrakis.pipeline._occam import code_bits, verdict
from tetrakis.pipeline._verdict import Check, agree

NAME = "occam_bound"
_ROUNDING, _TIGHT, _SLACK = 1e-9, 1e-6, 1e-6


def check_occam(
    claim: Mapping[str, Any] | None, circuit: Aig, encoding: Encoding, rows: Table | None,
    missing: str,
) -> Iterator[Check]:  # fmt: skip
    """Check a claim of `tetrakis.pipeline._occam.occam_claim`.

    Parameters
    ----------
    claim : mapping or None
        None where no bound was claimed.
    rows : Table or None
        The rows trained on, with their target, if at hand.
    missing : str
        What to say if they aren't.
    """
    if claim is None or encoding.output is None:
        return
    counts = None
    if rows is not None:
        try:
            texts = rows.column(encoding.output.name).texts()
            wrong = int((run_circuit(circuit, encoding, rows, unknown="ignore") != texts).sum())
        except TetrakisError as error:
            yield Check(NAME, "refuted", f"the circuit doesn't run on the training rows: {error}")
            return
        most = int(np.unique(texts.astype(str), return_counts=True)[1].max())
        counts = (wrong, rows.n_rows, 1.0 - most / rows.n_rows)
    yield check_bound(claim, circuit, encoding, counts, missing)


def check_bound(
    claim: Mapping[str, Any], circuit: Aig, encoding: Encoding | None,
    counts: tuple[int, int, float] | None, missing: str,
) -> Check:  # fmt: skip
    """Check a claim of `tetrakis.pipeline._occam.claim_of`.

    Parameters
    ----------
    counts : tuple or None
        Wrong rows, rows, and the share that the most frequent class alone gets wrong; None if
        the rows aren't at hand.
    """
    fault = _fault(claim, *code_bits(circuit, encoding))
    if fault:
        return Check(NAME, "refuted", fault)
    if counts is None:
        return Check(NAME, "unchecked", f"true if {claim['errors']:,} rows are wrong; {missing}")
    names = ("errors", "rows", "constant_error")
    for name, found in zip(names, counts, strict=True):
        check = agree(NAME, claim[name], found, "on the rows learnt from", rounding=_ROUNDING)
        if check.status != "proved":
            return Check(NAME, check.status, f"{name}: {check.detail}")
    text = f"{claim['value']:.6g}: {counts[0]:,} of {counts[1]:,} rows learnt from are wrong"
    return Check(NAME, "proved", f"{text}, {claim['bits']:,.1f} bits; {claim['verdict']}")


def _fault(claim: Mapping[str, Any], bits: float, extra: float) -> str:
    """Say what of a claim contradicts the files or itself; empty if nothing does."""
    for name, found in (("bits", bits), ("encoding_bits", extra)):
        if not math.isclose(claim[name], found, rel_tol=_ROUNDING, abs_tol=_ROUNDING):
            return f"{name}: claimed {claim[name]:.10g}, the files take {found:.10g}"
    errors, rows, value = claim["errors"], claim["rows"], claim["value"]
    if not (0 <= errors <= rows and rows >= 1 and 0 < claim["delta"] < 1 and 0 <= value <= 1):
        return "its numbers contradict each other"
    if not math.isclose(claim["risk"], errors / rows, rel_tol=_ROUNDING, abs_tol=1e-300):
        return f"risk: claimed {claim['risk']:.10g}, {errors:,} of {rows:,} rows are wrong"
    budget = math.log(claim["delta"]) - bits * math.log(2)
    slack = _SLACK * (1 + abs(budget))
    if value < 1 and log_tail(errors, rows, value) > budget + slack:
        return f"{value:.10g} is too small for {errors:,} errors on {rows:,} rows and its bits"
    if log_tail(errors, rows, value * (1 - _TIGHT)) < budget - slack:
        return f"{value:.10g} is too large for {errors:,} errors on {rows:,} rows and its bits"
    if claim["verdict"] != verdict(value, claim["constant_error"]):
        return "its verdict isn't the one of its numbers"
    return ""


def log_tail(errors: int, rows: int, p: float) -> float:
    """``ln P(Bin(rows, p) <= errors)``, added up from its terms."""
    if errors >= rows or p <= 0:
        return 0.0
    if p >= 1:
        return -math.inf
    k = np.arange(errors + 1, dtype=np.float64)
    terms = gammaln(rows + 1) - gammaln(k + 1) - gammaln(rows - k + 1)
    terms += k * math.log(p) + (rows - k) * math.log1p(-p)
    return float(np.logaddexp.reduce(terms)) if len(terms) < 64 else _log_sum(terms)


def _log_sum(terms: np.ndarray) -> float:
    top = float(terms.max())
    return top + math.log(float(np.exp(terms - top).sum()))
