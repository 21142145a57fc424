"""Circuits and programs that the tests of several formats share."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tetrakis.circuit import Aig, AigBuilder

NAMES = ("x[0]", "wire", "n4", "a b", "a_b", "é#=.*/")
ROWS = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(bool)
COMPILER = shutil.which("gcc") or shutil.which("cc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed")


def circuit(names: bool, gates: int = 60) -> Aig:
    """Six inputs, constant and repeated outputs; with names that formats must change."""
    builder = AigBuilder(6)
    rng = np.random.default_rng(5)
    pool = [builder.input(i) for i in range(6)]
    for _ in range(gates):
        a, b = rng.integers(0, len(pool), 2)
        pool.append(builder.and_(pool[a] ^ int(rng.integers(2)), pool[b] ^ int(rng.integers(2))))
    outputs = [pool[-1], pool[-2] ^ 1, pool[-3], pool[0], pool[1] ^ 1, 0, 1]
    labels = ("clk", "clk", *tuple(f"y<{k}>" for k in range(4)), "module")
    return builder.build(
        outputs, input_names=NAMES if names else (), output_names=labels if names else ()
    )


def constants() -> Aig:
    """No inputs at all."""
    return Aig(0, np.zeros((0, 2)), np.array([0, 1]))


def built(source: Path, *options: str) -> Path:
    """Compile C without warnings, with its main and the undefined-behaviour sanitiser."""
    program = source.with_suffix("")
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "-DTETRAKIS_MAIN"]
    command = [str(COMPILER), *strict, *options, str(source), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return program


def fed(program: Path, data: bytes, *arguments: str) -> bytes:
    """Run a filter."""
    command = [str(program), *arguments]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout
