from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circuit.circuit_oracles import aigs, every_row, random_logic
from tetrakis.circuit import Aig, read_aiger, simulate_rows, write_aiger
from tetrakis.errors import FormatError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(aigs())
def test_round_trips(tmp_path: Path, aig: Aig) -> None:
    for name in ("x.aig", "x.aag"):
        write_aiger(aig, tmp_path / name)
        back = read_aiger(tmp_path / name)
        assert back.num_gates == aig.num_gates
        assert back.input_names == aig.input_names and back.output_names == aig.output_names
        rows = every_row(aig.num_pis)
        assert (simulate_rows(back, rows) == simulate_rows(aig, rows)).all()


def test_binary_bytes_are_the_formats(tmp_path: Path) -> None:
    write_aiger(Aig(2, np.array([[4, 2]]), np.array([6]), ("x", "y"), ("s",)), tmp_path / "a.aig")
    assert (tmp_path / "a.aig").read_bytes() == b"aig 3 2 0 1 1\n6\n\x02\x02i0 x\ni1 y\no0 s\n"


def test_ascii_gates_in_any_order_and_comments(tmp_path: Path) -> None:
    text = "aag 5 2 0 1 2\n4\n2\n11\n10 8 2\n8 4 3\ni0 b\nc\nanything \xff"
    (tmp_path / "a.aag").write_bytes(text.encode("latin1"))
    aig = read_aiger(tmp_path / "a.aag")
    assert aig.num_gates == 2 and aig.input_names == ("b", "i1")
    assert simulate_rows(aig, every_row(2))[:, 0].all()


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "file ends"),
        (b"P6 1 1 1\n", "expected a header"),
        (b"aig 2 1 1 0 0\n", "latches"),
        (b"aig 9 2 0 1 1\n6\n\x02\x02", "I \\+ A"),
        (b"aig 3 2 0 1 1\nx\n\x02\x02", "output 0"),
        (b"aig 3 2 0 1 1\n99\n\x02\x02", "last variable"),
        (b"aig 3 2 0 1 1\n6\n\x00\x02", "not in order"),
        (b"aig 3 2 0 1 1\n6\n\x02\x02garbage", "file ends"),
        (b"aig 3 2 0 1 1\n6\n\x02\x02garbage\n", "left over"),
        (b"aig 3 2 0 1 1\n6\n\x02\x02i7 x\n", "out of range"),
        (b"aig 3 2 0 1 1\n6\n\x02\x02i0 x\ni0 y\n", "given twice"),
        (b"aig 900000 2 0 1 899998\n6\n\x02\x02", "announces more"),
        (b"aag 3 2 0 1 1\n2\n4\n6\n6 6 2\n", "depends on itself"),
        (b"aag 3 2 0 1 1\n2\n4\n6\n6 8 2\n", "never defined"),
        (b"aag 3 2 0 1 1\n2\n2\n6\n6 4 2\n", "defined twice"),
        (b"aag 3 2 0 1 1\n2\n4\n6\n6 4\n", "gate 0"),
    ],
)
def test_malformed_files_name_the_place(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.aig"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        read_aiger(path)
    assert "bad.aig" in str(caught.value) and caught.value.remedy


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_never_escapes_as_another_error(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "x.aig"
    write_aiger(random_logic(0, 6, 30, 3), path)
    raw = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(raw) - 1))
    path.write_bytes(raw[:cut])
    with pytest.raises(FormatError):
        read_aiger(path)
    raw[cut] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    try:
        read_aiger(path)
    except FormatError as error:
        assert "x.aig" in str(error)
