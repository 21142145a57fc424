"""Networks as .npz files: no pickle, a schema version, the same bytes for the same network."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from tetrakis.errors import ArtifactError, NetworkError
from tetrakis.network._fixed import FixedPointResNet
from tetrakis.network._fixed_block import FixedPointBlock, FixedPointFormat
from tetrakis.network._resnet import Block, ResNet
from tetrakis.network._table_block import TableBlock

#: Networks without tables are written with the first, so that older versions read them.
SCHEMA, TABLE_SCHEMA = 1, 2
_SCHEMAS = {"resnet": (SCHEMA,), "fixed_point": (SCHEMA, TABLE_SCHEMA)}
_KINDS: dict[str, type] = {"resnet": ResNet, "fixed_point": FixedPointResNet}
_FIELDS = {
    "resnet": ("read_in", "read_out", "offset", "box"),
    "fixed_point": ("read_in", "read_out", "offset", "stream_exponent", "output_exponent"),
}
_BLOCKS: dict[tuple[str, str], tuple[type, tuple[str, ...]]] = {
    ("resnet", "relu"): (Block, ("read", "bias", "cap", "write")),
    ("fixed_point", "relu"): (
        FixedPointBlock, ("read", "bias", "shift", "bits", "write", "exponent"),
    ),
    ("fixed_point", "table"): (TableBlock, ("pins", "start", "entries", "write", "exponent")),
}  # fmt: skip
_MATRICES = ("read_in", "read_out", "read", "write")
_DAMAGE = (
    OSError, EOFError, ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError,
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, NetworkError,
)  # fmt: skip


def save_network(network: ResNet | FixedPointResNet, path: str | os.PathLike[str]) -> None:
    """Write `network` to `path`; see docs/representation.md for the format.

    Equal networks give equal bytes. The file is complete or absent: it is written beside
    `path` and then renamed.
    """
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_bytes(_to_bytes(network))
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def load_network(path: str | os.PathLike[str]) -> ResNet | FixedPointResNet:
    """Read a network that `save_network` wrote.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated, damaged, of another schema or of another kind.
    """
    try:
        arrays = _read_arrays(Path(path))
        schema, kind = int(arrays["schema"]), str(arrays["kind"])
        if schema in _SCHEMAS.get(kind, ()):
            return _from_arrays(arrays, kind)
    except _DAMAGE as error:
        raise ArtifactError(
            f"{path}: expected a network file of tetrakis, but it is missing or damaged "
            f"({type(error).__name__}: {error}).",
            remedy="Write it again with save_network, or fit again.",
        ) from error
    raise ArtifactError(
        f"{path}: expected schema {SCHEMA} or {TABLE_SCHEMA} and one of the kinds "
        f"{sorted(_KINDS)}, got schema {schema} and kind {kind!r}.",
        remedy="Read it with the version of tetrakis that wrote it.",
    )


def _to_bytes(network: ResNet | FixedPointResNet) -> bytes:
    kind = "fixed_point" if isinstance(network, FixedPointResNet) else "resnet"
    tables = isinstance(network, FixedPointResNet) and network.has_tables
    arrays: dict[str, Any] = {
        "schema": np.int64(TABLE_SCHEMA if tables else SCHEMA), "kind": np.array(kind),
        "num_blocks": np.int64(len(network.blocks)),
    }  # fmt: skip
    if isinstance(network, FixedPointResNet):
        rows = [(f.bits, f.exponent, int(f.signed)) for f in network.inputs]
        arrays["inputs"] = np.array(rows, np.int64).reshape(-1, 3)
    for name in _FIELDS[kind]:
        _put(arrays, name, getattr(network, name))
    blocks: tuple[Block | FixedPointBlock | TableBlock, ...] = network.blocks
    for index, block in enumerate(blocks):
        arrays[f"block{index}.kind"] = np.array(str(block.kind))
        for name in _BLOCKS[kind, block.kind][1]:
            _put(arrays, f"block{index}.{name}", getattr(block, name))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            # A fixed date, so that the bytes depend on the network only.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
    return buffer.getvalue()


def _put(arrays: dict[str, Any], name: str, value: Any) -> None:
    if not issparse(value):
        arrays[name] = value
        return
    for part in ("data", "indices", "indptr"):
        arrays[f"{name}.{part}"] = getattr(value, part)
    arrays[f"{name}.shape"] = np.array(value.shape, np.int64)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = io.BytesIO(archive.read(name))  # checks the CRC
            arrays[name.removesuffix(".npy")] = np.lib.format.read_array(
                content, allow_pickle=False
            )
    return arrays


def _get(arrays: dict[str, np.ndarray], name: str) -> Any:
    if name.rpartition(".")[2] not in _MATRICES:
        return arrays[name]
    rows, columns = (int(n) for n in arrays[f"{name}.shape"])
    parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    matrix = csr_array(parts, shape=(rows, columns))
    matrix.check_format(full_check=True)
    return matrix


def _from_arrays(arrays: dict[str, np.ndarray], kind: str) -> ResNet | FixedPointResNet:
    values = {name: _get(arrays, name) for name in _FIELDS[kind]}
    blocks = []
    for index in range(int(arrays["num_blocks"])):
        found = str(arrays[f"block{index}.kind"])
        if (kind, found) not in _BLOCKS:
            raise ValueError(f"block {index} is of the unknown kind {found!r}")
        block_type, block_fields = _BLOCKS[kind, found]
        blocks.append(
            block_type(**{name: _get(arrays, f"block{index}.{name}") for name in block_fields})
        )
    if kind == "fixed_point":
        values["inputs"] = tuple(
            FixedPointFormat(int(bits), int(exponent), bool(signed))
            for bits, exponent, signed in arrays["inputs"]
        )
    network: ResNet | FixedPointResNet = _KINDS[kind](blocks=tuple(blocks), **values)
    return network
