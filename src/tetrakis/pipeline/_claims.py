"""From a fit's result to the claims of metrics.json."""

from __future__ import annotations

import base64
import math
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tetrakis
from tetrakis.circuit import Aig
from tetrakis.encoding import Encoding
from tetrakis.errors import ArtifactError
from tetrakis.measures import (
    error_certificate,
    lipschitz_bound,
    num_bits,
    num_units,
    num_weights,
    path_norm,
    resnet_norm,
)
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.pipeline._data import DataRecord
from tetrakis.pipeline._metrics import REMEDY, SCHEMA
from tetrakis.pipeline._result import Baseline, FitResult

#: What kind of statement every number is; docs/verify.md says what the words mean.
STATUS = {
    "held_out_score": "held-out",
    "train_score": "exact",
    "test_score": "held-out",
    **dict.fromkeys(("num_gates", "num_levels", "lipschitz_bound"), "upper bound"),
    **dict.fromkeys(("num_pis", "num_pos", "num_weights", "num_units", "num_bits"), "exact"),
    **dict.fromkeys(("resnet_norm", "path_norm"), "exact"),
    **dict.fromkeys(("epsilon_certified", "epsilon_target", "epsilon_terms"), "certified"),
    "occam_bound": "probable",
    "global_gap": "certified",
    **dict.fromkeys(("path.score", "baselines.score", "baselines.test_score"), "held-out"),
    **dict.fromkeys(("path.num_gates", "path.num_levels"), "upper bound"),
    **dict.fromkeys(("baselines.num_gates", "baselines.num_levels"), "upper bound"),
    **dict.fromkeys(("path.nonzeros", "path.bits", "path.resnet_norm"), "exact"),
}


def statuses(chosen: str, path: Collection[str]) -> dict[str, str]:
    """Return `STATUS`; scores of circuits judged by circuits of like settings are estimates."""
    found = dict(STATUS)
    if chosen != "circuit":
        found["held_out_score"] = "estimated"
    if {"settings", "twins"} & set(path):
        found["path.score"] = "estimated"
    return found


def claims_of(result: FitResult) -> dict[str, Any]:
    """Collect every claim of a fit as plain JSON values, without files and digests."""
    best = result.best
    found = {
        "schema": SCHEMA,
        "task": result.task,
        "target": result.target,
        "score_name": result.score_name,
        "held_out_score": best.held_out_score,
        "held_out_of": best.held_out_of,
        "held_out": result.held_out,
        "train_score": best.train_score,
        "test_score": result.test_score,
        "occam_bound": result.occam,
        "global_gap": result.global_gap,
        "start": best.start,
        "network_of": best.network_of,
        **measured(best.circuit, best.network, best.fixed_point, best.encoding, best.network_of),
        "seed": result.seed,
        "rule": result.rule,
        "source": asdict(result.train_data)
        if result.train_data
        else {"name": result.source, "rows": result.n_rows, "sha256": None},
        "validation_source": _source(result.validation_data),
        "test_source": _source(result.test_data),
        "guard_rows": pack_guard_rows(result.guard_rows, result.n_rows),
        "chosen": result.chosen,
        "path": result.rows,
        "baselines": [_baseline(b) for b in result.baselines],
        "options": dict(result.options),
        "notes": list(result.notes),
        "versions": _versions(),
        "status": statuses(best.held_out_of, {p.held_out_of for p in result.path}),
    }
    return {name: plain(value) for name, value in found.items()}


def measured(
    circuit: Aig, network: ResNet, fixed: FixedPointResNet, encoding: Encoding, network_of: str
) -> dict[str, Any]:
    """Compute sizes, norms and the certificate; a circuit's own network reads exact codes."""
    continuous = np.array([f.bits > 1 for f in fixed.inputs], bool)
    continuous &= network_of == "trained"
    certificate = error_certificate(network, fixed, continuous=continuous)
    return {
        "num_gates": circuit.num_gates,
        "num_levels": circuit.num_levels,
        "num_pis": circuit.num_pis,
        "num_pos": circuit.num_pos,
        "num_weights": num_weights(network),
        "num_units": num_units(network),
        "num_bits": num_bits(fixed),
        "resnet_norm": resnet_norm(network),
        "path_norm": path_norm(network),
        "lipschitz_bound": lipschitz_bound(network),
        "epsilon_certified": certificate.value,
        "epsilon_target": target_units(certificate.value, fixed, encoding),
        "epsilon_terms": dict(certificate.terms),
        "epsilon_scope": certificate.scope,
        "epsilon_method": certificate.method,
    }


def target_units(epsilon: float, fixed: FixedPointResNet, encoding: Encoding) -> float | None:
    """Convert an error of the network's output to units of the target; None for classes."""
    if encoding.output is None or encoding.output.task != "regression":
        return None
    return float(np.ldexp(epsilon * encoding.output.scale, -int(fixed.output_exponent[0])))


def pack_guard_rows(rows: Sequence[int] | None, n_rows: int) -> str | None:
    """Write row numbers as base64 of a bit per row, the first row in the lowest bit."""
    if rows is None:
        return None
    mask = np.zeros(n_rows, bool)
    mask[np.asarray(rows, np.int64)] = True
    return base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()


def unpack_guard_rows(text: str, n_rows: int) -> NDArray[np.bool_]:
    """Undo `pack_guard_rows`: a mask of shape (n_rows,)."""
    try:
        data = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except ValueError:
        data = np.zeros(0, np.uint8)
    if len(data) != -(-n_rows // 8):
        raise ArtifactError(f"guard_rows: expected one bit for {n_rows} rows.", remedy=REMEDY)
    return np.unpackbits(data, count=n_rows, bitorder="little").astype(bool)


def plain(value: Any) -> Any:
    """Turn a value into what JSON has; a number that isn't finite becomes null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _source(record: DataRecord | None) -> dict[str, Any] | None:
    return None if record is None else asdict(record)


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return {
        "name": baseline.name,
        "score": baseline.held_out_score,
        "num_gates": baseline.circuit.num_gates,
        "num_levels": baseline.circuit.num_levels,
        "test_score": baseline.test_score,
    }


def _versions() -> dict[str, str]:
    found = {"tetrakis": tetrakis.__version__, "python": platform.python_version()}
    for name in ("numpy", "jax", "scikit-learn"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found
