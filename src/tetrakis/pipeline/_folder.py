"""The folder of a fit: written whole, read with every file checked."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tetrakis._files import atomic_folder
from tetrakis.circuit import Aig, read_aiger
from tetrakis.datasets import Table
from tetrakis.encoding import Encoding, read_encoding, write_encoding
from tetrakis.errors import ArtifactError, TetrakisError
from tetrakis.export import FORMATS, SUFFIXES
from tetrakis.network import FixedPointResNet, ResNet, load_network, save_network
from tetrakis.pipeline._claims import claims_of, measured
from tetrakis.pipeline._data import run_circuit
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._metrics import NAME, read_metrics
from tetrakis.pipeline._occam import bound_of, verdict
from tetrakis.pipeline._result import FitResult
from tetrakis.report import REPORT_END, write_report

PathLike = str | os.PathLike[str]
CIRCUITS = {"circuit.aig": "aig", "circuit.v": "verilog", "circuit.blif": "blif"}
FILES = ("network.npz", "fixed_point.npz", *CIRCUITS, "encoding.json")
#: How a text file ends that was shortened by hand and not cut.
_TAILS = {".v": b"endmodule", ".blif": b".end", ".svg": b"</svg>", ".md": REPORT_END.encode()}


def write_folder(result: FitResult, folder: PathLike, *, force: bool = False) -> None:
    """Write a fit: networks, circuit, encoding, metrics and report, or nothing at all.

    Parameters
    ----------
    result : FitResult
    folder : path
        Replaced if tetrakis wrote it.
    force : bool
        Write into a folder that has other files; they stay.

    Raises
    ------
    ArtifactError
        If the folder can't be written or isn't tetrakis' own.
    """
    best = result.best
    claims = claims_of(result)
    with atomic_folder(folder, force=force) as target:
        save_network(best.network, target / "network.npz")
        save_network(best.fixed_point, target / "fixed_point.npz")
        circuit = named(best.circuit, best.encoding)
        for name, format in CIRCUITS.items():
            FORMATS[format](circuit, str(target / name))
        write_encoding(best.encoding, target / "encoding.json")
        write_report(target, claims, best.network, best.encoding, circuit)
        claims["files"] = {item.name: file_record(item) for item in sorted(target.iterdir())}
        write_document(sealed(claims), target / NAME)


def named(circuit: Aig, encoding: Encoding) -> Aig:
    """Give a circuit the encoding's names."""
    return Aig(
        circuit.num_pis,
        circuit.fanins,
        circuit.outputs,
        encoding.input_names,
        encoding.output_names,
    )


def file_record(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file."""
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def file_fault(folder: Path, name: str, record: dict[str, Any], command: str = "fit") -> str:
    """Say how a file differs from its record; empty if it doesn't.

    Raises
    ------
    ArtifactError
        If it is missing or truncated.
    """
    path = folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{path} is missing or can't be read ({error.strerror}).",
            remedy=f"Copy the whole folder again, or run tetrakis {command} again.",
        ) from None
    if len(data) < record["bytes"] and not _is_whole(path.suffix, data):
        raise ArtifactError(
            f"{path} is truncated: {len(data)} bytes of {record['bytes']}.",
            remedy=f"Copy it again, or run tetrakis {command} again.",
        )
    same = hashlib.sha256(data).hexdigest() == record["sha256"]
    return "" if same else f"not the file that tetrakis {command} wrote (its SHA-256 differs)"


def _is_whole(suffix: str, data: bytes) -> bool:
    """Whether a file that is too short was edited rather than cut."""
    if suffix == ".json":
        try:
            return bool(json.loads(data))
        except ValueError:
            return False
    return suffix in _TAILS and data.rstrip().endswith(_TAILS[suffix])


def load_file(folder: Path, name: str) -> Any:
    """Read network.npz, fixed_point.npz, circuit.aig or encoding.json.

    Raises
    ------
    ArtifactError
        If it can't be read or holds something else.
    """
    path = folder / name
    if name == "encoding.json":
        return read_encoding(path)
    if name == "circuit.aig":
        try:
            return read_aiger(path)
        except (OSError, TetrakisError) as error:
            raise ArtifactError(f"{error}", remedy="Run tetrakis fit again.") from None
    network = load_network(path)
    expected = ResNet if name == "network.npz" else FixedPointResNet
    if not isinstance(network, expected):
        raise ArtifactError(
            f"{path}: expected a {expected.__name__}, got a {type(network).__name__}.",
            remedy="Run tetrakis fit again.",
        )
    return network


def _recorded(folder: Path) -> dict[str, Any]:
    """Return the records of the files of a fit, or of a simplification."""
    if (folder / "path.json").exists() and not (folder / NAME).exists():
        from tetrakis.pipeline._verify_simplified import read_document  # it reads folders itself

        files: dict[str, Any] = read_document(folder / "path.json")["files"]
        return files
    return dict(read_metrics(folder)["files"])


def open_files(folder: PathLike, *names: str) -> list[Any]:
    """Read files of a folder, refusing one that was changed.

    Raises
    ------
    ArtifactError
        If a file is missing, truncated, or not the one that was written.
    """
    folder = Path(folder)
    files = _recorded(folder)
    for name in names:
        if name not in files:
            raise ArtifactError(
                f"{folder} has no {name}, or none that tetrakis wrote.",
                remedy="Run tetrakis fit again, or tetrakis simplify with --encoding.",
            )
        fault = file_fault(folder, name, files[name])
        if fault:
            raise ArtifactError(
                f"{folder / name}: {fault}.",
                remedy="See tetrakis verify, copy the folder again, or run tetrakis fit again.",
            )
    return [load_file(folder, name) for name in names]


def predict_folder(folder: PathLike, table: Table) -> NDArray:
    """Predict the target of every row by running the circuit of a folder.

    Parameters
    ----------
    folder : path
    table : Table
        With the columns that the circuit was fitted on, in any order.

    Returns
    -------
    ndarray, shape (n_rows,)
        Class texts (object) or float64 target values.

    Raises
    ------
    ArtifactError
        If the folder isn't complete and as it was written.
    DataError, EncodingError
        If a column is missing or a value has no place in the encoding.
    """
    circuit, encoding = open_files(folder, "circuit.aig", "encoding.json")
    return run_circuit(circuit, encoding, table)


def measure_folder(folder: PathLike) -> dict[str, Any]:
    """Compute sizes, norms and the certificate anew from the files of a folder.

    Returns
    -------
    dict
        Names as in metrics.json; the parts of ε as ``epsilon_from_weights`` and so on. The Occam
        bound takes the number of wrong training rows from there (`verify_folder` counts them).
    """
    network, fixed, circuit, encoding = open_files(
        folder, "network.npz", "fixed_point.npz", "circuit.aig", "encoding.json"
    )
    metrics = read_metrics(Path(folder))
    found = measured(circuit, network, fixed, encoding, str(metrics["network_of"]))
    terms = found.pop("epsilon_terms")
    found.update({f"epsilon_from_{name}": value for name, value in terms.items()})
    claim = metrics.get("occam_bound")
    if claim is not None:
        errors, rows, delta = int(claim["errors"]), int(claim["rows"]), float(claim["delta"])
        bound = bound_of(circuit, encoding, errors, rows, delta)
        found["occam_bound"], found["occam_bits"] = bound.value, bound.bits
        found["occam_verdict"] = verdict(bound.value, float(claim["constant_error"]))
    return {name: value for name, value in found.items() if value is not None}


def target_name(folder: PathLike) -> str:
    """Name of the column that a folder's circuit predicts, as metrics.json has it."""
    return str(read_metrics(Path(folder))["target"])


def exported(circuit: Aig, format: str) -> bytes:
    """Return a circuit in another format, as the bytes of its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"circuit{SUFFIXES[format]}"
        FORMATS[format](circuit, str(path))
        return path.read_bytes()
