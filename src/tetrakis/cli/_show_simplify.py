"""What a person sees while and after a circuit is edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from tetrakis.pipeline import EditRows, Simplified

Report = Callable[[int, int, float, "float | None"], None]
SHOWN = 14


@contextmanager
def live(rows: EditRows, guard: EditRows | None, *, quiet: bool = False) -> Iterator[Report]:
    """Show size and scores on standard error; yields ``report(seed, size, loss, guard loss)``."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=quiet
    ) as progress:
        task = progress.add_task("editing", total=None)

        def report(seed: int, size: int, loss: float, guard_loss: float | None) -> None:
            text = f"seed {seed}: {size:,} AND nodes"
            if rows.score_name != "sup norm":
                text += f", {rows.score_name} {rows.score(loss):.4f} on the rows edited"
            if guard is not None and guard_loss is not None:
                text += f", {guard.score(guard_loss):.4f} on guard rows"
            progress.update(task, description=text)

        yield report


def show_simplified(found: Simplified, summary: Mapping[str, Any], out: Path) -> None:
    """Print the path, and of each number which rows it is from."""
    from tetrakis.pipeline import bound_text, path_rows

    console = Console()

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    if summary["contradictory_rows"]:
        say(
            f"note: {summary['contradictory_rows']:,} rows occur with another target as well;"
            " no circuit fits them all"
        )
    if summary["score_on_rows"] is not None:
        console.print(_table(path_rows(found), found))
    say(f"chosen: {summary['rule']}")
    say(f"{summary['start_num_gates']:,} AND nodes became {summary['num_gates']:,}"
        f" ({summary['num_levels']:,} levels)")  # fmt: skip
    name = summary["score_name"]
    if summary["score_on_rows"] is not None:
        say(f"{name} {summary['score_on_rows']:.4f} on the {summary['rows']:,} rows edited"
            " (not held out)")  # fmt: skip
    if summary["guard_score"] is not None:
        say(
            f"{name} {summary['guard_score']:.4f} on the {summary['guard_rows']:,} guard rows"
            f" ({'never edited on, but they chose the point' if found.guard_chose else 'held out'})"
        )
    if summary["occam_bound"] is not None:
        say(bound_text(summary["occam_bound"]))
    if summary["sup_error"] is not None:
        say(f"largest error {summary['sup_error']:g}, verified on all {summary['rows']:,} inputs")
    say(f"Written to {out}.")


def _table(rows: Sequence[Mapping[str, Any]], found: Simplified) -> Table:
    """Lay out the path, thinned to some points and the chosen one."""
    keep = {round(k * (len(rows) - 1) / (SHOWN - 1)) for k in range(SHOWN)}
    name = found.rows.score_name
    heads = {
        "num_gates": "AND\nnodes", "num_levels": "levels", "score": f"{name},\nrows edited",
        "guard_score": f"{name},\nguard rows", "occam_bound": "Occam\nbound", "seed": "seed",
    }  # fmt: skip
    keys = [key for key in heads if any(row[key] is not None for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("")
    for key in keys:
        table.add_column(heads[key], justify="right", no_wrap=True)
    for k, row in enumerate(rows):
        if k in keep or row["chosen"]:
            cells = [_cell(row[key]) for key in keys]
            mark, bold = ("→", "bold") if row["chosen"] else ("", None)
            table.add_row(mark, *cells, style=bold)
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"
