"""Write whole folders and files, or nothing."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

from tetrakis.errors import ArtifactError

MARKER = ".tetrakis"


def check_folder(target: str | PathLike[str], *, force: bool = False) -> None:
    """Check that a folder may be written, before the work that fills it begins.

    Raises
    ------
    ArtifactError
        If `target` is a file, lies where nothing can be written, or is a non-empty folder that
        tetrakis didn't write and `force` isn't set.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise ArtifactError(f"{target} is a file.", remedy="Name a folder with --out.")
    if target.is_dir() and any(target.iterdir()) and not (force or _is_ours(target)):
        raise ArtifactError(
            f"{target} isn't empty and wasn't written by tetrakis.",
            remedy="Name another folder, or add --force: its other files stay.",
        )
    parent = target.absolute()
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ArtifactError(f"{parent} can't be written to.", remedy="Name another folder.")


@contextmanager
def atomic_folder(target: str | PathLike[str], *, force: bool = False) -> Iterator[Path]:
    """Fill a temporary folder, then rename it to `target`.

    When the body raises or is interrupted nothing is left behind and an older `target` stays as
    it was. Of an older `target`, files that tetrakis wrote are dropped and all others are kept.

    Yields
    ------
    Path
        The empty folder to write to.
    """
    check_folder(target, force=force)
    target = Path(target).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.parent / f".tetrakis-{secrets.token_hex(6)}"
    folder.mkdir()
    try:
        yield folder
        names = sorted(item.name for item in folder.iterdir())
        (folder / MARKER).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        _swap(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _is_ours(folder: Path) -> bool:
    """Whether tetrakis wrote the folder (its marker is lost when files are copied by a glob)."""
    pair = (folder / "encoding.json", folder / "metrics.json")
    return (folder / MARKER).is_file() or all(item.is_file() for item in pair)


def _swap(folder: Path, target: Path) -> None:
    if not target.exists():
        folder.rename(target)
        return
    old = folder.with_name(folder.name + "-old")
    target.rename(old)
    try:
        folder.rename(target)
    except BaseException:
        old.rename(target)
        raise
    marker = old / MARKER
    stale = {MARKER}
    if marker.is_file():
        stale |= set(marker.read_text(encoding="utf-8").splitlines())
    for item in old.iterdir():
        if item.name not in stale and not (target / item.name).exists():
            item.rename(target / item.name)
    shutil.rmtree(old)


@contextmanager
def growing_folder(target: str | PathLike[str]) -> Iterator[Path]:
    """Make a folder for files that come one by one; it isn't left behind empty.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    ArtifactError
        If it is a file or can't be made.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise ArtifactError(f"{target} is a file.", remedy="Name a folder with --out.")
    missing = [p for p in (target, *target.absolute().parents) if not p.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"{target} can't be made: {error.strerror}.") from None
    try:
        yield target
    except BaseException:
        with suppress(OSError):  # of one that isn't empty
            for path in missing:
                path.rmdir()
        raise


@contextmanager
def atomic_file(target: str | PathLike[str]) -> Iterator[Path]:
    """Write to a temporary file beside `target`, then rename it.

    Yields
    ------
    Path
        The file to write to; it doesn't exist yet and has the ending of `target`.
    """
    target = Path(target).absolute()
    if target.is_dir():
        raise ArtifactError(f"{target} is a folder.", remedy="Name a file.")
    if not target.parent.is_dir():
        raise ArtifactError(f"{target.parent}: no such folder.", remedy="Make it, or name another.")
    file = target.with_name(f".tetrakis-{secrets.token_hex(6)}{target.suffix}")
    try:
        yield file
        file.replace(target)
    finally:
        file.unlink(missing_ok=True)
