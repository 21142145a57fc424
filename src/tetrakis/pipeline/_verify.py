"""Recompute every claim of a folder from its files."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tetrakis.circuit import Aig
from tetrakis.datasets import Table
from tetrakis.encoding import Encoding
from tetrakis.errors import ArtifactError
from tetrakis.measures import lipschitz_bound
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.pipeline._claims import target_units
from tetrakis.pipeline._equivalence import compare, own_network
from tetrakis.pipeline._folder import CIRCUITS, FILES, exported, load_file
from tetrakis.pipeline._metrics import NAME, read_metrics
from tetrakis.pipeline._recompute import counts, error_bound, norms
from tetrakis.pipeline._scores import check_scores
from tetrakis.pipeline._seals import file_checks, seal_checks
from tetrakis.pipeline._verdict import Check, Verdict, agree

_ROUNDING = 1e-7


@dataclass(frozen=True)
class _Parts:
    """What could be read; None for a file that was changed beyond reading."""

    network: ResNet | None
    fixed: FixedPointResNet | None
    circuit: Aig | None
    encoding: Encoding | None


def verify_folder(folder: str | os.PathLike[str], table: Table | None = None) -> Verdict:
    """Recompute every claim in metrics.json from the other files.

    Parameters
    ----------
    folder : path
    table : Table, optional
        Rows with the target: the training, validation or test rows of the fit, known again by
        their hash. Built-in data is at hand anyway.

    Returns
    -------
    Verdict
        ``refuted`` if a claim is, else ``unknown`` if one that needs no data can't be decided,
        else ``proved``. Claims that need rows or a new training are listed as ``unchecked``.

    Raises
    ------
    ArtifactError
        If a file is missing or truncated, or metrics.json has a field missing or of the wrong
        type.

    References
    ----------
    docs/verify.md says what each check proves, and what it doesn't.
    """
    folder = Path(folder)
    metrics = read_metrics(folder)
    seals = seal_checks(metrics, NAME)
    files = list(file_checks(folder, metrics["files"], FILES, NAME, "fit"))
    changed = {check.name for check in files if check.status == "refuted"}
    names = ("network.npz", "fixed_point.npz", "circuit.aig", "encoding.json")
    parts = _Parts(*(_load(folder, name, changed) for name in names))
    found = [
        *files,
        *_size_checks(metrics, parts),
        *_interface_checks(metrics, parts),
        *_copy_checks(folder, parts),
        _equivalence_check(metrics, parts),
        *_network_checks(metrics, parts),
        *check_scores(
            metrics, parts.circuit, parts.encoding, table, networks=(parts.network, parts.fixed)
        ),
        *_sealed_only(metrics, {check.name for check in seals}),
    ]
    return Verdict(tuple(_merged([*seals, *found])))


def _load(folder: Path, name: str, changed: set[str]) -> Any:
    try:
        return load_file(folder, name)
    except ArtifactError:
        if name in changed:
            return None
        raise


def _size_checks(metrics: dict[str, Any], parts: _Parts) -> Iterator[Check]:
    for name in ("num_gates", "num_levels", "num_pis", "num_pos"):
        if parts.circuit is None:
            yield Check(name, "unknown", "circuit.aig can't be read")
        else:
            yield agree(name, metrics[name], getattr(parts.circuit, name), "in circuit.aig")


def _interface_checks(metrics: dict[str, Any], parts: _Parts) -> Iterator[Check]:
    """Check that encoding.json, the circuit's symbols, the networks and metrics.json agree."""
    circuit, encoding, fixed = parts.circuit, parts.encoding, parts.fixed
    if circuit is None or encoding is None or fixed is None or parts.network is None:
        yield Check("encoding", "unknown", "a file can't be read")
        return
    output = encoding.output
    fits = {
        "its input names are circuit.aig's": encoding.input_names == circuit.input_names,
        "its output names are circuit.aig's": encoding.output_names == circuit.output_names,
        "its words are fixed_point.npz's inputs": encoding.formats == fixed.inputs,
        "its codes fill the box of network.npz": _same_box(parts.network, fixed),
        "it has an output": output is not None,
    }
    if output is not None:
        fits["its task is that of metrics.json"] = output.task == metrics["task"]
        fits["its target is that of metrics.json"] = output.name == metrics["target"]
        scores = circuit.num_pos if metrics["network_of"] == "circuit" else len(output.classes)
        fits["its classes fit the network's outputs"] = fixed.n_outputs == (
            scores if output.decision == "argmax" else 1
        )
    wrong = [what for what, good in fits.items() if not good]
    if wrong:
        yield Check("encoding", "refuted", f"doesn't hold for encoding.json: {'; '.join(wrong)}")
    else:
        yield Check("encoding", "proved", "words, names and formats fit the circuit and networks")


def _same_box(network: ResNet, fixed: FixedPointResNet) -> bool:
    return bool(network.box.shape == fixed.box.shape and (network.box == fixed.box).all())


def _copy_checks(folder: Path, parts: _Parts) -> Iterator[Check]:
    for name, format in CIRCUITS.items():
        if format == "aig":
            continue
        label = f"{name} = circuit.aig"
        if parts.circuit is None:
            yield Check(label, "unknown", "circuit.aig can't be read")
        elif (folder / name).read_bytes() == exported(parts.circuit, format):
            yield Check(label, "proved", "circuit.aig exports to the same bytes")
        else:
            yield Check(label, "refuted", "circuit.aig exports to other bytes")


def _equivalence_check(metrics: dict[str, Any], parts: _Parts) -> Check:
    name = "circuit.aig = fixed_point.npz"
    output = parts.encoding.output if parts.encoding else None
    if parts.circuit is None or parts.fixed is None or output is None:
        return Check(name, "unknown", "a file can't be read")
    if metrics["network_of"] == "circuit":
        found = own_network(parts.circuit, parts.fixed, output.decision)
    else:
        found = compare(parts.circuit, parts.fixed, output.decision)
    return Check(name, found.status, found.detail)


def _network_checks(metrics: dict[str, Any], parts: _Parts) -> Iterator[Check]:
    network, fixed = parts.network, parts.fixed
    names = ("num_weights", "num_units", "num_bits", "path_norm", "resnet_norm",
             "lipschitz_bound", "epsilon_certified", "epsilon_target", "epsilon_terms")  # fmt: skip
    if network is None or fixed is None:
        yield from (Check(n, "unknown", "a network can't be read") for n in names)
        return
    for name, value in counts(network, fixed).items():
        yield agree(name, metrics[name], value, "in the networks")
    for name, number in zip(("path_norm", "resnet_norm"), norms(network), strict=True):
        yield agree(name, metrics[name], number, "from network.npz", rounding=_ROUNDING)
    bound = lipschitz_bound(network)
    yield agree(
        "lipschitz_bound", metrics["lipschitz_bound"], bound, "from network.npz", rounding=_ROUNDING
    )
    yield from _epsilon_checks(metrics, parts, network, fixed)


def _epsilon_checks(
    metrics: dict[str, Any], parts: _Parts, network: ResNet, fixed: FixedPointResNet
) -> Iterator[Check]:
    error = error_bound(network, fixed, rounded_inputs=metrics["network_of"] == "trained")
    claimed = metrics["epsilon_certified"]
    where = "from both networks (THEORY 3)"
    if error is None:
        yield Check("epsilon_certified", "unknown", "the networks differ in shape or are too wide")
        return
    yield agree(
        "epsilon_certified", claimed, error.value, where,
        rounding=_ROUNDING, absolute=error.rounding,
    )  # fmt: skip
    terms = metrics["epsilon_terms"]
    good = set(terms) == {"weights", "activations", "inputs"} and min(terms.values()) >= 0
    total = sum(terms.values())
    if not good or not math.isclose(total, claimed, rel_tol=_ROUNDING, abs_tol=1e-300):
        yield Check("epsilon_terms", "refuted", "they don't add up to epsilon_certified")
    else:
        yield Check("epsilon_terms", "proved", "they add up to epsilon_certified")
    if parts.encoding is None:
        return
    value = target_units(error.value, fixed, parts.encoding)
    if value is not None or metrics["epsilon_target"] is not None:
        yield agree("epsilon_target", metrics["epsilon_target"], value, where, rounding=_ROUNDING)


def _sealed_only(metrics: dict[str, Any], edited: set[str]) -> Iterator[Check]:
    """List what no file can prove: it is protected by its digest only."""
    for name in ("path", "baselines"):
        if metrics[name] and name not in edited:
            yield Check(name, "unchecked", "needs the fit again; unchanged since it was written")


def _merged(checks: list[Check]) -> list[Check]:
    """One check per name; a refuted one stands before the others of its name."""
    found: dict[str, Check] = {}
    for check in checks:
        old = found.get(check.name)
        if old is None or (check.status == "refuted" and old.status != "refuted"):
            found[check.name] = check
        elif old.status == "refuted" and check.status == "refuted" and check is not old:
            found[check.name] = Check(check.name, "refuted", f"{check.detail}; {old.detail}")
    return list(found.values())
