"""A file that results are appended to, so that an interrupted run can be continued."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tetrakis.errors import ArtifactError

SCHEMA = 1


def fingerprint(*values: Any) -> str:
    """Hash arrays and JSON values."""
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
        else:
            digest.update(json.dumps(value, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


class Record:
    """Losses of trials by size and group, in a file of JSON lines or in memory only.

    The file is made with the first losses.

    Parameters
    ----------
    path : path or None
    settings : dict
        What the results depend on; a file with others is refused.

    Raises
    ------
    ArtifactError
        If the file isn't one of these, is damaged before its last line, or has other settings.
    """

    def __init__(self, path: str | os.PathLike[str] | None, settings: dict[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.groups: dict[tuple[int, int], list[float]] = {}
        self._header = {"schema": SCHEMA, **settings}
        if self.path is None:
            return
        place = self.path if self.path.exists() else self.path.absolute().parent
        if self.path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
            raise ArtifactError(f"{self.path}: can't be written.", remedy="Name a file.")
        if not self._is_new():
            self._read()

    def _is_new(self) -> bool:
        assert self.path is not None
        return not self.path.exists() or not self.path.stat().st_size

    def _read(self) -> None:
        assert self.path is not None
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]  # a line that was cut short is done again
        lines = whole.decode("utf-8", errors="replace").splitlines()
        try:
            found = json.loads(lines[0]) if lines else None
            if isinstance(found, dict) and found.get("schema") == SCHEMA:
                for line in lines[1:]:
                    row = json.loads(line)
                    self.groups[int(row["size"]), int(row["group"])] = [
                        float(v) for v in row["losses"]
                    ]
            else:
                raise ValueError("no header")
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{self.path}: is no record of a success curve, or damaged ({error}).",
                remedy="Name another file, or delete it.",
            ) from None
        differ = [k for k, value in self._header.items() if found.get(k) != value]
        if differ:
            raise ArtifactError(
                f"{self.path}: was recorded with other settings ({', '.join(differ)}).",
                remedy="Name another file, or give the same settings again.",
            )
        if len(whole) < len(data):
            with self.path.open("r+b") as stream:
                stream.truncate(len(whole))

    def add(self, size: int, group: int, losses: Sequence[float]) -> None:
        """Add the losses of a group of trials; on the disk when this returns."""
        self.groups[size, group] = list(losses)
        if self.path is not None:
            row = json.dumps({"size": size, "group": group, "losses": list(losses)})
            head = json.dumps(self._header) + "\n" if self._is_new() else ""
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(head + row + "\n")
                stream.flush()
                os.fsync(stream.fileno())


def recorded_trials(path: str | os.PathLike[str]) -> int:
    """Count the trials of a record as it is; 0 if there is none that can be read."""
    try:
        text = Path(path).read_text("utf-8")
        whole = text[: text.rfind("\n") + 1]  # a last line may be cut
        rows = [json.loads(line) for line in whole.splitlines()[1:]]
        return sum(len(row["losses"]) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return 0
