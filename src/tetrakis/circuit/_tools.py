"""External programs: found, run under a time limit, and told about when they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._aiger import read_aiger, write_aiger
from tetrakis.errors import BudgetError, FormatError, MissingDependencyError, ToolError

_ABC_NAMES = ("abc", "berkeley-abc", "yosys-abc")


class TimeLimitReached(BudgetError):
    """An external program was stopped because its time was over."""


def find_abc() -> str | None:
    """Return the path of ABC: ``$TETRAKIS_ABC``, one on the search path, or that of pyosys."""
    named = os.environ.get("TETRAKIS_ABC")
    if named:
        return named
    for name in _ABC_NAMES:
        found = shutil.which(name)
        if found:
            return found
    folders = [Path(sysconfig.get_path("scripts"))]
    spec = find_spec("pyosys")
    if spec is not None:
        folders += map(Path, spec.submodule_search_locations or ())
    paths = (str(folder / "yosys-abc") for folder in folders)
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def need_abc() -> str:
    """Return the path of ABC.

    Raises
    ------
    MissingDependencyError
        If there is none.
    """
    found = find_abc()
    if found is None:
        raise MissingDependencyError(
            f"ABC isn't installed: none of {', '.join(_ABC_NAMES)} is on the search path.",
            remedy="Install berkeley-abc, or pip install 'tetrakis[optimise]', or use"
            " --optimise builtin.",
        )
    return found


def run(command: tuple[str, ...], *, seconds: float) -> str:
    """Run a program and return what it printed.

    Raises
    ------
    TimeLimitReached
        If it didn't end in time.
    ToolError
        If it can't be started or fails.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=max(seconds, 0.1),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeLimitReached(f"{command[0]} was stopped after {seconds:.3g} s.") from None
    except OSError as error:
        raise ToolError(
            f"can't be run ({error.strerror}).", binary=command[0], command=command, output=""
        ) from None
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        raise ToolError(f"ended with {how}.", binary=command[0], command=command, output=text)
    return text


def through_files(
    aig: Aig, command: Callable[[Path, Path], tuple[str, ...]], *, seconds: float
) -> Aig:
    """Give a circuit to a program as AIGER and read what it writes.

    Parameters
    ----------
    aig : Aig
    command : callable
        From the paths of the file to read and the file to write to a command line.
    seconds : float

    Raises
    ------
    TimeLimitReached, ToolError
        As for `run`; also if the program writes no circuit with the same inputs and outputs.
    """
    with tempfile.TemporaryDirectory(prefix="tetrakis-") as folder:
        source, target = Path(folder) / "in.aig", Path(folder) / "out.aig"
        write_aiger(Aig(aig.num_pis, aig.fanins, aig.outputs), source)
        line = command(source, target)
        output = run(line, seconds=seconds)
        try:
            found = read_aiger(target)
        except (OSError, FormatError) as error:
            raise ToolError(
                f"wrote no circuit ({error}).", binary=line[0], command=line, output=output
            ) from None
        if (found.num_pis, found.num_pos) != (aig.num_pis, aig.num_pos):
            raise ToolError(
                f"wrote {found.num_pis} inputs and {found.num_pos} outputs instead of"
                f" {aig.num_pis} and {aig.num_pos}.",
                binary=line[0],
                command=line,
                output=output,
            )
    return Aig(aig.num_pis, found.fanins, found.outputs, aig.input_names, aig.output_names)


def left(end: float) -> float:
    """Seconds until `end`, by `time.monotonic`."""
    return end - time.monotonic()
