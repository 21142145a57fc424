"""How far a convex learner's network is from the best of any width: as a claim, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tetrakis.datasets import Table
from tetrakis.encoding import Encoding
from tetrakis.errors import TetrakisError
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.pipeline._verdict import Check, agree

NAME = "global_gap"
#: Nodes of branch and bound: few, a fit shall not wait for its certificate.
MAX_NODES = 2_000
_ROUNDING = 1e-9


def gap_claim(
    network: ResNet, fixed: FixedPointResNet, encoding: Encoding, table: Table, *, loss: str,
    alpha: float,
) -> dict[str, Any]:  # fmt: skip
    """Certify the float network on the encoded rows that it was trained on.

    Parameters
    ----------
    network, fixed : ResNet, FixedPointResNet
        Two layers; the integer twin only says how large a unit of the output is.
    encoding : Encoding
        With an output.
    table : Table
        The rows trained on, with their target.
    loss : {"squared", "logistic"}
    alpha : float

    Returns
    -------
    dict
        ``value`` (objective minus lower bound, rounded up), both terms, loss, alpha, scope,
        method, and the number of rows.
    """
    from tetrakis.convex import certify

    X, Y = _arrays(fixed, encoding, table)
    proof = certify(network, X, Y, alpha, loss=loss, intercept=True, max_nodes=MAX_NODES)
    objective, lower = proof.terms.values()
    return {
        "value": proof.value,
        "objective": objective,
        "lower_bound": -lower,
        "loss": loss,
        "alpha": alpha,
        "rows": len(X),
        "scope": proof.scope,
        "method": proof.method,
    }


def check_gap(
    claim: Mapping[str, Any] | None, network: ResNet | None, fixed: FixedPointResNet | None,
    encoding: Encoding, rows: Table | None, missing: str,
) -> Iterator[Check]:  # fmt: skip
    """Certify anew what `gap_claim` claimed; unchecked without the rows trained on."""
    if claim is None:
        return
    if network is None or fixed is None:
        yield Check(NAME, "unknown", "a network can't be read")
    elif claim["value"] < claim["objective"] * (1 - 1e-12) - claim["lower_bound"]:
        yield Check(NAME, "refuted", "it is less than its objective minus its lower bound")
    elif rows is None:
        yield Check(NAME, "unchecked", missing)
    else:
        yield _checked(claim, network, fixed, encoding, rows)


def _checked(
    claim: Mapping[str, Any], network: ResNet, fixed: FixedPointResNet, encoding: Encoding,
    rows: Table,
) -> Check:  # fmt: skip
    try:
        found = gap_claim(network, fixed, encoding, rows, loss=claim["loss"], alpha=claim["alpha"])
    except TetrakisError as error:
        return Check(NAME, "refuted", f"no certificate can be computed: {error}")
    if claim["scope"] != found["scope"]:
        return Check(NAME, "refuted", f"scope: claimed {claim['scope']}, is {found['scope']}")
    for name in ("objective", "rows"):
        check = agree(NAME, claim[name], found[name], "on the rows trained on", rounding=_ROUNDING)
        if check.status != "proved":
            return Check(NAME, check.status, f"{name}: {check.detail}")
    share = found["value"] / max(found["objective"], 1e-300)
    if found["value"] > claim["value"] * (1 + 1e-4) + 1e-12:
        return Check(
            NAME, "unknown", f"claimed {claim['value']:.6g}, {found['value']:.6g} could be proved"
        )
    return Check(
        NAME, "proved", f"{found['value']:.4g}, {share:.2%} of the objective; {found['method']}"
    )


def _arrays(
    fixed: FixedPointResNet, encoding: Encoding, table: Table
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the network reads, and targets as the loss wants them."""
    output = encoding.output
    assert output is not None
    codes = encoding.encode(table, unknown="ignore").astype(np.float64)
    X = np.ldexp(codes, [f.exponent for f in encoding.formats])
    column = table.column(output.name)
    if output.task == "regression":
        scale = np.ldexp(output.scale, -int(fixed.output_exponent[0]))
        return X, (np.asarray(column.values, np.float64)[:, None] - output.offset) / scale
    texts = column.texts()
    hot = np.array([[text == name for name in output.classes] for text in texts], np.float64)
    return X, hot if output.decision == "argmax" else 2.0 * hot[:, 1:] - 1.0
