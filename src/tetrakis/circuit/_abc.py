"""ABC as an optimiser, a prover and a counter of look-up tables."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._aiger import write_aiger
from tetrakis.circuit._tools import TimeLimitReached, need_abc, run, through_files
from tetrakis.errors import ToolError

SCRIPTS = (
    "dc2; ifraig; dc2; dc2",
    "resub -K 8 -N 2 -l; resub -K 12 -N 2 -l; rewrite -z -l; dc2",
    "balance -l; resub -K 6 -l; rewrite -l; refactor -l; resub -K 10 -N 2 -l; refactor -z -l;"
    " resub -K 12 -N 3 -l; rewrite -z -l; dc2; dc2",
)
# &deepsyn calls an alias that only ABC's own start file defines.
_ALIAS = (
    'alias compress2rs "balance -l; resub -K 6 -l; rewrite -l; resub -K 6 -N 2 -l; refactor -l;'
    " resub -K 8 -l; balance -l; resub -K 8 -N 2 -l; rewrite -l; resub -K 10 -l; rewrite -z -l;"
    " resub -K 10 -N 2 -l; balance -l; resub -K 12 -l; refactor -z -l; resub -K 12 -N 2 -l;"
    ' rewrite -z -l; balance -l"'
)
DEEP_GATES, DEEP_SECONDS = 5000, 30


def scripts(aig: Aig, seconds: float) -> Iterator[str]:
    """Yield what is worth running on a circuit in the given time, quick scripts first."""
    yield from SCRIPTS
    if aig.num_gates <= DEEP_GATES and seconds > 2 * DEEP_SECONDS:
        yield f"&get -n; &deepsyn -T {DEEP_SECONDS}; &put"


def run_script(aig: Aig, script: str, *, seconds: float) -> Aig:
    """Run an ABC script on a circuit.

    Raises
    ------
    MissingDependencyError
        If ABC isn't installed.
    TimeLimitReached, ToolError
        See `through_files`.
    """
    binary = need_abc()

    def command(source: Path, target: Path) -> tuple[str, ...]:
        lines = [f"read_aiger {source}", "strash", *script.split("; "), "strash"]
        if "&deepsyn" in script:
            lines.insert(0, _ALIAS)
        file = source.with_name("script.abc")
        file.write_text("\n".join([*lines, f"write_aiger {target}", ""]), encoding="ascii")
        return binary, "-f", str(file)

    return through_files(aig, command, seconds=seconds)


def prove_equal(spec: Aig, impl: Aig, *, seconds: float) -> bool:
    """Whether ABC's ``cec`` proves two circuits equal in the given time."""
    binary = need_abc()
    with tempfile.TemporaryDirectory(prefix="tetrakis-") as folder:
        paths = [Path(folder) / name for name in ("spec.aig", "impl.aig")]
        for aig, path in zip((spec, impl), paths, strict=True):
            write_aiger(Aig(aig.num_pis, aig.fanins, aig.outputs), path)
        try:
            line = (binary, "-c", f"cec -n {paths[0]} {paths[1]}")
            return "are equivalent" in run(line, seconds=seconds)
        except TimeLimitReached:
            return False


def count_luts(aig: Aig, *, inputs: int = 6, seconds: float = 60.0) -> int:
    """Count the look-up tables that ABC maps a circuit to, for area.

    The smallest of mapping it as it is and after ``dch``; an upper bound, as every size.

    Parameters
    ----------
    aig : Aig
    inputs : int
        Inputs of a table.
    seconds : float

    Raises
    ------
    MissingDependencyError
        If ABC isn't installed.
    ToolError, TimeLimitReached
        If ABC fails, or doesn't end in time.
    """
    binary = need_abc()
    with tempfile.TemporaryDirectory(prefix="tetrakis-") as folder:
        source = Path(folder) / "in.aig"
        write_aiger(Aig(aig.num_pis, aig.fanins, aig.outputs), source)
        ways = (f"strash; if -K {inputs} -a", f"strash; dch; if -K {inputs} -a; mfs2 -a")
        found = []
        for way in ways:
            line = (binary, "-c", f"read_aiger {source}; {way}; print_stats")
            output = run(line, seconds=seconds)
            match = re.search(r"nd = *(\d+)", output)
            if match is None:
                raise ToolError(
                    "printed no node count.", binary=binary, command=line, output=output
                )
            found.append(int(match[1]))
    return min(found)
