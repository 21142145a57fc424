"""Every optimiser: never larger, same interface, equal on all inputs; and failing programs."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from circuit.circuit_oracles import every_row, random_logic, random_network
from tetrakis.circuit import (
    METHODS,
    Aig,
    check_method,
    compile_network,
    count_luts,
    optimise_with,
    simulate_rows,
)
from tetrakis.circuit._tools import find_abc
from tetrakis.errors import CircuitError, MissingDependencyError
from tetrakis.network import FixedPointFormat

INSTALLED = {"abc": find_abc() is not None, "aigverse": find_spec("aigverse") is not None}


def compiled() -> Aig:
    net = random_network(4, (FixedPointFormat(3, 0),) * 4, width=4, blocks=1, outputs=2)
    aig = compile_network(net, effort=0)
    names = tuple(f"x{k}" for k in range(aig.num_pis))
    return Aig(aig.num_pis, aig.fanins, aig.outputs, names, ())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", ["logic", "network", "constant"])
def test_never_larger_same_interface_and_equal(method: str, case: str) -> None:
    if not INSTALLED.get(method, True):
        pytest.skip(f"{method} is not installed")
    aig = {
        "logic": lambda: random_logic(2, 10, 300, 8),
        "network": compiled,
        "constant": lambda: Aig(2, np.zeros((0, 2)), np.array([0, 1, 3])),
    }[case]()
    found = optimise_with(aig, method, time_limit=20)
    rows = every_row(aig.num_pis)
    assert found.status == "done" and found.method == method and found.detail
    assert found.aig.num_gates <= aig.num_gates
    assert found.aig.input_names == aig.input_names
    assert found.aig.output_names == aig.output_names
    assert (simulate_rows(found.aig, rows) == simulate_rows(aig, rows)).all()


def fake_abc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Stand in for ABC: a script that gets the file to read and the file to write."""
    program = tmp_path / "abc"
    program.write_text(
        f"""#!{sys.executable}
import re, sys, time
script = open(sys.argv[-1]).read()
source = re.search("read_aiger (.*)", script)[1]
target = re.search("write_aiger (.*)", script)[1]
{body}
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("TETRAKIS_ABC", str(program))


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("print('out of luck'); sys.exit(3)", "failed", "ended with code 3.*-f.*out of luck"),
        ("import os; os.kill(os.getpid(), 11)", "failed", "signal 11"),
        ("pass", "failed", "wrote no circuit.*printed nothing"),
        ("open(target, 'wb').write(open(source, 'rb').read()[:-9])", "failed", "no circuit"),
        ("open(target, 'w').write('aig 1 1 0 1 0\\n2\\n')", "failed", "1 inputs and 1 outputs"),
        ("time.sleep(30)", "time limit", "stopped after 0.5 s"),
        (
            "open(target, 'w').write('aig 12 12 0 2 0\\n0\\n0\\n')",
            "not proved",
            "couldn't be proved",
        ),
    ],
)
def test_a_program_that_fails_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, status: str, message: str
) -> None:
    aig = random_logic(2, 12, 300, 2)
    ours = optimise_with(aig, "builtin").aig
    fake_abc(tmp_path, monkeypatch, body)
    found = optimise_with(aig, "abc", time_limit=0.5 if status == "time limit" else 20)
    assert found.status == status
    assert found.aig == ours
    detail = found.detail.replace("\n", " ")
    assert re.search(message, detail), detail
    if status == "failed":
        assert str(tmp_path / "abc") in detail and "kept" in detail


def test_missing_tools_are_told_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tetrakis.circuit._tools.find_abc", lambda: None)
    with pytest.raises(MissingDependencyError, match="--optimise builtin"):
        check_method("abc")
    monkeypatch.setattr("tetrakis.circuit._aigverse.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="aigverse"):
        check_method("aigverse")
    with pytest.raises(CircuitError, match="none, builtin, aigverse, abc"):
        check_method("magic")


def test_a_named_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TETRAKIS_ABC", "/nowhere/abc")
    found = optimise_with(random_logic(0, 4, 20, 2), "abc")
    assert found.status == "failed" and "/nowhere/abc: can't be run" in found.detail


@pytest.mark.skipif(not INSTALLED["abc"], reason="no ABC is installed")
def test_lut_counts() -> None:
    aig = random_logic(1, 6, 60, 1)
    assert count_luts(aig) == 1
    wide = random_logic(1, 12, 300, 4)
    assert 1 < count_luts(wide) <= count_luts(wide, inputs=4)
