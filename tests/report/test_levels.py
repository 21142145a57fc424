"""Levels of a circuit, by block of its network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from circuit.circuit_oracles import random_logic, random_network
from tetrakis.circuit import Aig, compile_network, optimise, write_aiger
from tetrakis.cli import main
from tetrakis.errors import FormatError
from tetrakis.network import FixedPointFormat, FixedPointResNet, save_network
from tetrakis.pipeline import compile_fixed_point, draw, write_compiled
from tetrakis.report import levels_figure, origin, save_figure


def network(blocks: int = 2) -> FixedPointResNet:
    formats = (FixedPointFormat(4, 0), FixedPointFormat(3, 0, True)) * 2
    return random_network(3, formats, width=4, blocks=blocks, outputs=2)


@pytest.mark.parametrize("optimised", [False, True])
def test_blocks_come_in_order(optimised: bool) -> None:
    net = network()
    aig = compile_network(net, effort=0)
    aig = optimise(aig) if optimised else aig
    found = origin(aig, net)
    assert found.block.shape == (aig.num_gates,) and set(found.block.tolist()) == {0, 1, 2}
    assert 0.9 * found.total <= found.found <= found.total
    block = np.concatenate([np.zeros(1 + aig.num_pis, np.int64), found.block])
    assert (block[aig.fanins >> 1].max(axis=1) <= found.block).all()


def test_a_network_of_one_block_is_cut_at_its_units() -> None:
    """Without the read-out's sums, what is left are the units."""
    net = network(blocks=1)
    whole = origin(compile_network(net, effort=0), net)
    assert (whole.block == 0).any() and (whole.block == 1).any()


def heights(figure: object) -> dict[str, int]:
    (axes,) = figure.axes  # type: ignore[attr-defined]
    return {
        str(bars.get_label()): int(sum(bar.get_height() for bar in bars))
        for bars in axes.containers
    }


def test_bars_count_the_nodes() -> None:
    net = network()
    aig = compile_network(net)
    found = origin(aig, net)
    shown = heights(levels_figure(aig, found.block, ["block 0", "block 1", "outputs"]))
    assert list(shown.values()) == np.bincount(found.block, minlength=3).tolist()
    assert all(f"{v:,} nodes" in label for label, v in shown.items())
    assert sum(heights(levels_figure(aig)).values()) == aig.num_gates


def test_many_blocks_are_grouped() -> None:
    aig = random_logic(0, 8, 200, 4)
    block = np.arange(aig.num_gates) % 21
    names = [*(f"block {k}" for k in range(20)), "outputs"]
    shown = heights(levels_figure(aig, block, names))
    assert len(shown) == 8 and sum(shown.values()) == aig.num_gates
    assert any(label.startswith("blocks 0–2\n") for label in shown)


@pytest.mark.parametrize("gates", [0, 5000])
def test_pictures_of_any_size_are_the_same_bytes(tmp_path: Path, gates: int) -> None:
    aig = random_logic(0, 16, gates, 40) if gates else Aig(1, np.zeros((0, 2)), np.array([2]))
    for name in ("a", "b"):
        save_figure(levels_figure(aig), tmp_path / name)
    for ending in (".png", ".svg"):
        assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_compiled(compile_fixed_point(network()), tmp_path / "net")
    out = tmp_path / "pictures"
    assert main(["draw", str(tmp_path / "net"), "--out", str(out)]) == 0
    assert "activation bits found" in capsys.readouterr().out
    for name in ("levels.png", "levels.svg", "network.png", "network.svg"):
        assert (out / name).stat().st_size > 1000
    circuit = tmp_path / "net" / "circuit.aig"
    assert len(draw(circuit, out)) == 1 and not (out / "network.png").exists()
    assert "found in" in draw(circuit, out, network=tmp_path / "net" / "fixed_point.npz")[0]
    save_network(network().to_resnet(), tmp_path / "f.npz")
    assert draw(tmp_path / "f.npz", out)[0].startswith("network.png")
    with pytest.raises(FormatError, match="float network"):
        draw(circuit, out, network=tmp_path / "f.npz")
    write_aiger(random_logic(0, 3, 9, 2), tmp_path / "other.aig")
    with pytest.raises(FormatError, match="14 input bits, the circuit 3"):
        draw(tmp_path / "other.aig", out, network=tmp_path / "net" / "fixed_point.npz")
    assert main(["draw", str(tmp_path / "absent"), "--out", str(out)]) == 2
