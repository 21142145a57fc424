"""The passes of the package aigverse, in a process of their own: they can't be interrupted."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._tools import through_files
from tetrakis.errors import MissingDependencyError

PASSES = ("aig_resubstitution", "sop_refactoring", "aig_cut_rewriting")
_PROGRAM = """\
import sys
from aigverse import algorithms
from aigverse.io import read_aiger_into_aig, write_aiger
network = read_aiger_into_aig(sys.argv[1])
made = getattr(algorithms, sys.argv[3])(network)
write_aiger(algorithms.cleanup_dangling(made) if made is not None else network, sys.argv[2])
"""


def need_aigverse() -> None:
    """Raise MissingDependencyError unless aigverse is installed."""
    if find_spec("aigverse") is None:
        raise MissingDependencyError(
            "The package aigverse isn't installed.",
            remedy="pip install 'tetrakis[optimise]', or use --optimise builtin.",
        )


def run_pass(aig: Aig, name: str, *, seconds: float) -> Aig:
    """Run one pass of aigverse on a circuit.

    Raises
    ------
    MissingDependencyError
        If aigverse isn't installed.
    TimeLimitReached, ToolError
        See `tetrakis.circuit._tools.through_files`.
    """
    need_aigverse()

    def command(source: Path, target: Path) -> tuple[str, ...]:
        program = source.with_name("run_pass.py")
        program.write_text(_PROGRAM, encoding="ascii")
        return sys.executable, str(program), str(source), str(target), name

    return through_files(aig, command, seconds=seconds)
