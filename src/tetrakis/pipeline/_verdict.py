"""The outcome of a verification."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Status = Literal["proved", "refuted", "unknown"]
CheckStatus = Literal["proved", "refuted", "unknown", "unchecked"]


@dataclass(frozen=True)
class Check:
    """One claim and what became of it.

    Parameters
    ----------
    name : str
        The claim: a field of metrics.json, a file, or an equality of two files.
    status : {"proved", "refuted", "unknown", "unchecked"}
        ``unknown``: decidable in principle, but not decided. ``unchecked``: needs rows or a
        training that weren't at hand.
    detail : str
        What was found, in words.
    """

    name: str
    status: CheckStatus
    detail: str


@dataclass(frozen=True)
class Verdict:
    """All checks of a folder.

    Parameters
    ----------
    checks : tuple of Check
    """

    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        """``refuted`` if a check is, else ``unknown`` if one is, else ``proved``."""
        found = {check.status for check in self.checks}
        if "refuted" in found:
            return "refuted"
        return "unknown" if "unknown" in found else "proved"

    @property
    def refuted(self) -> tuple[str, ...]:
        """Names of the refuted claims."""
        return tuple(check.name for check in self.checks if check.status == "refuted")


def agree(
    name: str,
    claimed: float | None,
    found: float | None,
    where: str,
    *,
    rounding: float = 0.0,
    absolute: float = 0.0,
) -> Check:
    """Check a claimed number against a recomputed one, exactly or up to rounding."""
    if claimed is None or found is None:
        same = claimed is found
    else:
        same = math.isclose(claimed, found, rel_tol=rounding, abs_tol=max(absolute, 1e-300))
    if same:
        return Check(name, "proved", f"{_text(found)} {where}")
    return Check(name, "refuted", f"claimed {_text(claimed)}, found {_text(found)} {where}")


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.10g}"
