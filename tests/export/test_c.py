"""C through the machine's compiler, against exact simulation."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuit.circuit_oracles import random_logic, random_network
from export.circuits import built, circuit, constants, fed, needs_compiler
from tetrakis.circuit import Aig, pack_rows, simulate
from tetrakis.export import _c_bits, write_c, write_c_words
from tetrakis.network import FixedPointFormat, FixedPointResNet

pytestmark = needs_compiler
SAFE = ("-fsanitize=undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize("chunk", [7, 2000])
@pytest.mark.parametrize("case", ["named", "constants", "wide", "dangling"])
def test_bit_sliced_words_and_rows(
    tmp_path: Path, case: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_c_bits, "CHUNK", chunk)
    aig = {
        "named": lambda: circuit(True),
        "constants": constants,
        "wide": lambda: random_logic(1, 70, 400, 66),
        "dangling": lambda: Aig(2, np.array([[4, 2], [5, 2]]), np.array([8, 8])),
    }[case]()
    write_c(aig, tmp_path / "c.c")
    program = built(tmp_path / "c.c", *SAFE)
    blocks = 3 if aig.num_pis else 1
    rows = np.random.default_rng(0).random((64 * blocks, aig.num_pis)) < 0.5
    packed = pack_rows(rows)
    want = simulate(aig, packed) if aig.num_pis else simulate(aig, np.zeros((0, 1), np.uint64))
    got = np.frombuffer(fed(program, packed.T.astype("<u8").tobytes()), "<u8")
    assert (got.reshape(want.T.shape) == want.T).all()
    if aig.num_pis:
        lying = pack_rows(rows.T)  # words of one sample, one after the other
        out = np.frombuffer(fed(program, lying.astype("<u8").tobytes(), "rows"), "<u8")
        bits = np.unpackbits(out.view(np.uint8).reshape(len(rows), -1), axis=1, bitorder="little")
        assert (pack_rows(bits[:, : aig.num_pos].astype(bool)) == want).all()


def test_benchmark_prints_its_speeds(tmp_path: Path) -> None:
    write_c(circuit(False), tmp_path / "c.c")
    text = fed(built(tmp_path / "c.c"), b"", "1000").decode()
    assert len(re.findall(r"predictions per second", text)) == 2


def words_network(seed: int, bits: int, signed: bool, largest: int) -> FixedPointResNet:
    formats = (FixedPointFormat(bits, -2, signed), FixedPointFormat(3, 0)) * 2
    return random_network(seed, formats, width=5, blocks=2, outputs=2, largest=largest)


@pytest.mark.parametrize(
    ("bits", "signed", "largest", "type_name"),
    [(3, True, 3, "int32_t"), (12, False, 99, "int32_t"), (20, True, 2000, "int64_t")],
)
def test_words_are_the_integers(
    tmp_path: Path, bits: int, signed: bool, largest: int, type_name: str
) -> None:
    for seed in range(2):
        net = words_network(seed, bits, signed, largest)
        write_c_words(net, tmp_path / "n.c")
        assert f"typedef {type_name} network_int;" in (tmp_path / "n.c").read_text()
        check_words(tmp_path, net)


def check_words(folder: Path, net: FixedPointResNet) -> None:
    program = built(folder / "n.c", *SAFE)
    lo, hi = net.ranges.inputs.T
    rng = np.random.default_rng(1)
    codes = np.concatenate([rng.integers(lo, hi + 1, (300, len(lo))), [lo], [hi]])
    text = "\n".join(" ".join(map(str, row)) for row in codes.tolist())
    got = np.loadtxt(fed(program, text.encode()).decode().splitlines(), dtype=np.int64, ndmin=2)
    assert (got == net.evaluate_codes(codes)).all()


def test_words_without_blocks_and_with_large_shifts(tmp_path: Path) -> None:
    net = words_network(0, 3, True, 3)
    write_c_words(replace(net, blocks=()), tmp_path / "n.c")
    check_words(tmp_path, replace(net, blocks=()))
    blocks = tuple(replace(b, shift=np.full(b.width, 60)) for b in net.blocks)
    write_c_words(replace(net, blocks=blocks), tmp_path / "n.c")
    check_words(tmp_path, replace(net, blocks=blocks))


def test_words_need_neither_heap_nor_float(tmp_path: Path) -> None:
    write_c_words(words_network(0, 3, True, 3), tmp_path / "n.c", name="a*/b")
    text = (tmp_path / "n.c").read_text()
    text = re.sub(r"/\*.*?\*/|#ifdef TETRAKIS_MAIN.*#endif", "", text, flags=re.DOTALL)
    assert not re.search(r"malloc|double|float|stdio|stdlib", text)
