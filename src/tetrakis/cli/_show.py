"""What a person sees while and after fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Report = Callable[[str, float], None]
_HEADINGS = {
    "name": "",
    "score": "held-out\nscore",
    "num_gates": "AND\nnodes",
    "num_levels": "levels",
    "nonzeros": "weights",
    "bits": "bits",
    "resnet_norm": "ResNet\nnorm",
    "start": "start",
}


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Report]:
    """Show a bar on standard error; yields ``report(what, fraction)`` with a fraction in [0, 1]."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("fitting", total=1.0)

        def report(what: str, fraction: float) -> None:
            bar.update(task, description=what, completed=min(max(fraction, 0.0), 1.0))

        yield report


def path_table(rows: Sequence[Mapping[str, Any]], *, title: str = "") -> Table:
    """Lay out the size–accuracy path; a row with a true ``chosen`` is marked."""
    keys = [key for key in _HEADINGS if any(row.get(key) is not None for row in rows)]
    if "start" in keys and "name" in keys:
        keys.remove("name")  # long texts; report.md has them
    table = Table(
        title=title or None, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("")
    for key in keys:
        text = key in ("name", "start")
        table.add_column(_HEADINGS[key], justify="left" if text else "right", no_wrap=not text)
    for row in rows:
        chosen = bool(row.get("chosen"))
        cells = [_cell(key, row.get(key)) for key in keys]
        table.add_row("→" if chosen else "", *cells, style="bold" if chosen else None)
    return table


def show_fit(result: Any, out: Path) -> None:
    """Print the notes, the path with the baselines, and where the report is."""
    from tetrakis.report import shown_points

    console = Console()
    for note in getattr(result, "notes", ()):
        console.print(f"note: {note}", markup=False, highlight=False)
    console.print(path_table(shown_points(result.rows), title="size–accuracy path"))
    if result.baseline_rows:
        console.print(path_table(result.baseline_rows, title="baselines, compiled the same way"))
    console.print(f"Written to {out}; read {out / 'report.md'}.", markup=False, highlight=False)


def show_compiled(found: Any, out: Path) -> None:
    """Print the size of a compiled network, what was optimised, and how it was checked."""
    circuit, optimised = found.circuit, found.optimised
    luts = "" if found.luts is None else f", {found.luts:,} LUT-6"
    lines = [
        f"{circuit.num_gates:,} AND nodes, {circuit.num_levels:,} levels{luts}; before optimising"
        f" {found.compiled_gates:,}",
        f"optimiser {optimised.method}: {optimised.status}; {optimised.detail}",
        f"against the network's integers: {found.checked.detail}",
        f"Written to {out}.",
    ]
    if found.allocation is not None:
        lines[1:1] = _allocation_lines(found.allocation)
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False)


def _allocation_lines(allocation: Any) -> list[str]:
    """Say what was certified, and the dearest digits and bits."""
    ended = "" if allocation.complete else ", stopped by the time limit"
    lines = [
        f"certified error {allocation.certificate.value:.4g} ({allocation.certificate.scope});"
        f" {allocation.start_gates:,} → {allocation.gates:,} AND nodes by counting{ended}",
        "dearest digits and bits (AND nodes, error if dropped; all in prices.csv):",
    ]
    return lines + [f"  {p.gates:>5,}  {p.error:8.3g}  {p.where}" for p in allocation.prices[:8]]


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}" if key == "score" else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
