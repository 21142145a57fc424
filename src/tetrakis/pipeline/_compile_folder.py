"""The folder of a compiled network."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tetrakis
from tetrakis._files import atomic_folder
from tetrakis._json import by_lines
from tetrakis.compress import Price
from tetrakis.export import FORMATS
from tetrakis.measures import num_weights
from tetrakis.network import save_network
from tetrakis.pipeline._compile import Compiled
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._folder import CIRCUITS, file_record
from tetrakis.pipeline._words import interface

NAME, SCHEMA = "compile.json", 2


def claims_of_compiled(found: Compiled, source: str) -> dict[str, Any]:
    """Return the content of compile.json without files and digests."""
    circuit = found.circuit
    weights = num_weights(found.fixed)
    return {
        "schema": SCHEMA,
        "kind": "compile",
        "source": source,
        "decision": found.decision,
        "effort": found.effort,
        "num_gates": circuit.num_gates,
        "num_levels": circuit.num_levels,
        "num_pis": circuit.num_pis,
        "num_pos": circuit.num_pos,
        "num_luts": found.luts,
        "num_weights": weights,
        "compiled_gates": found.compiled_gates,
        "optimiser": found.optimised.method,
        "optimiser_status": found.optimised.status,
        "optimiser_detail": found.optimised.detail,
        "verified": "every input" if found.checked.status == "proved" else "simulation",
        "verified_detail": found.checked.detail,
        "epsilon_certified": None
        if found.allocation is None
        else found.allocation.certificate.value,
        "status": {
            **dict.fromkeys(("num_gates", "num_levels", "num_luts"), "upper bound"),
            "compiled_gates": "upper bound",
            "epsilon_certified": "certified",
            **dict.fromkeys(("num_pis", "num_pos", "num_weights"), "exact"),
        },
        "versions": {"tetrakis": tetrakis.__version__},
    }


def write_compiled(
    found: Compiled, folder: str | os.PathLike[str], *, source: str = "", force: bool = False
) -> None:
    """Write a compiled network: circuit in three formats, network, encoding.json, compile.json.

    Parameters
    ----------
    found : Compiled
    folder : path
        Written whole or not at all.
    source : str
        Name of the network's file, for compile.json.
    force : bool
        Write into a folder that has other files; they stay.

    Raises
    ------
    ArtifactError
        If the folder can't be written or isn't tetrakis' own.
    """
    claims = claims_of_compiled(found, source)
    with atomic_folder(folder, force=force) as target:
        save_network(found.fixed, target / "fixed_point.npz")
        if found.network is not None and found.allocation is not None:
            save_network(found.network, target / "network.npz")
            _write_prices(found.allocation.prices, target / "prices.csv")
        for name, format in CIRCUITS.items():
            FORMATS[format](found.circuit, str(target / name))
        words = interface(found.fixed, found.decision)
        (target / "encoding.json").write_text(by_lines(words), encoding="utf-8")
        claims["files"] = {item.name: file_record(item) for item in sorted(target.iterdir())}
        write_document(sealed(claims), target / NAME)


def _write_prices(prices: Sequence[Price], path: Path) -> None:
    """Write what every last digit and bit costs and buys, most gates per error first."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["where", "kind", "gates", "error"])
        writer.writerows([p.where, p.kind, p.gates, repr(p.error)] for p in prices)
