"""Networks with tables through the commands, and tables as a start of `fit`."""

import json

import numpy as np
import pytest

from tetrakis.cli import main
from tetrakis.network import FixedPointFormat, FixedPointResNet, TableBlock, save_network


@pytest.fixture
def net(tmp_path):
    block = TableBlock.of(
        [([(0, 1), (1, 0), (1, 2)], [0, 3, -2, 1, 5, 5, 0, 2], {2: 1}), ([(0, 2)], [1, 4], {2: 2})],
        stream=3,
    )
    made = FixedPointResNet(
        (FixedPointFormat(3, 0),) * 2, np.eye(3, 2, dtype=int), (block,), [[0, 0, 1]], [1], 0, 0
    )
    save_network(made, tmp_path / "net.npz")
    return tmp_path / "net.npz"


def test_compile_verify_measure_draw(net, tmp_path, capsys):
    out, pictures = tmp_path / "out", tmp_path / "pictures"
    assert main(["compile", str(net), "--out", str(out), "--quiet"]) == 0
    assert main(["verify", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "proved"
    for source in (net, out):
        assert main(["measure", str(source), "--json"]) == 0
        values = json.loads(capsys.readouterr().out)
        assert (values["tables"], values["table_wires"], values["units"]) == (2, 4, 0)
        assert values["gates_tables"] > 0 and values["largest_influence"] == 7
    assert main(["draw", str(out), "--out", str(pictures)]) == 0
    assert (pictures / "network.png").stat().st_size > 1000


def test_measure_refuses_what_is_no_network(tmp_path, capsys):
    (tmp_path / "net.npz").write_bytes(b"nothing")
    assert main(["measure", str(tmp_path / "net.npz")]) == 2
    assert "missing or damaged" in capsys.readouterr().err


def test_fit_starts_from_tables(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 8, (300, 3))
    rows = [f"{a},{b},{c},{int(a > 3 and b > 2)}" for a, b, c in X.tolist()]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    out = tmp_path / "out"
    fit = ["fit", str(tmp_path / "data.csv"), "--target", "y", "--out", str(out), "--quiet"]
    assert main([*fit, "--starts", "table", "--effort", "0.05"]) == 0
    assert json.loads((out / "metrics.json").read_text())["held_out_score"] > 0.9
    assert main(["verify", str(out), str(tmp_path / "data.csv")]) == 0
    assert main([*fit, "--force", "--starts", "tables"]) == 2
    assert "fringe, table" in capsys.readouterr().err
