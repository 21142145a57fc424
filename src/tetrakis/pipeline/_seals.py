"""Whether a folder's documents and files are those that were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tetrakis.pipeline._documents import broken_seals
from tetrakis.pipeline._folder import file_fault
from tetrakis.pipeline._verdict import Check


def seal_checks(document: Mapping[str, Any], name: str) -> list[Check]:
    """Check the digests of a document's fields: one refutation a field, or one proof."""
    return [
        Check(field, "refuted", f"{name} was edited: {field} isn't what was written")
        for field in broken_seals(document)
    ] or [Check(name, "proved", "every field has the digest that was written with it")]


def file_checks(
    folder: Path, files: Mapping[str, Any], needed: Iterable[str], listing: str, command: str
) -> Iterator[Check]:
    """Check files against the records of a listing, which must name the `needed` ones.

    Raises
    ------
    ArtifactError
        If a file is missing or truncated.
    """
    faults = {name: f"{listing} doesn't list it" for name in needed if name not in files}
    faults |= {name: file_fault(folder, name, record, command) for name, record in files.items()}
    for name, fault in faults.items():
        if fault:
            yield Check(name, "refuted", fault)
    same = [name for name, fault in faults.items() if not fault]
    if same:
        what = ", ".join(same) if len(same) <= 12 else f"{len(same)} files"
        yield Check("files", "proved", f"as tetrakis {command} wrote them: {what}")
