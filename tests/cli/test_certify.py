"""`certify` on real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tetrakis.cli import main
from tetrakis.convex import network_of, solve_relu
from tetrakis.network import dense, save_network

OPTIONS = ["--target", "y", "--alpha", "0.01"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    x = np.linspace(-1, 1, 30)
    y = np.round(np.abs(x) + 0.2 * np.sin(7 * x), 3)
    found = solve_relu(np.c_[x, np.ones(30)], y, 0.01, tol=1e-9, exact=True)
    save_network(
        network_of(found.V, found.A, box=[[-1, 1]], intercept=True), tmp_path / "network.npz"
    )
    lines = [f"{a!r},{b!r}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    (tmp_path / "rows.csv").write_text("x,y\n" + "\n".join(lines) + "\n")
    return tmp_path


def test_an_optimal_network(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for network in (files, files / "network.npz"):
        assert main(["certify", str(network), str(files / "rows.csv"), *OPTIONS]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "global" in lines[-1] and "any width" in lines[1]
        assert float(lines[2].split()[1]) < 1e-8


def test_what_does_not_fit(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = str(files / "rows.csv")
    deep = files / "deep.npz"
    save_network(dense([1, 2, 2, 1], box=[[-1, 1]], rng=np.random.default_rng(0)), deep)
    deeper = files / "deeper.npz"
    save_network(dense([1, 2, 2, 2, 1], box=[[-1, 1]], rng=np.random.default_rng(0)), deeper)
    wide = files / "wide.npz"
    save_network(dense([2, 2, 1], box=[[-1, 1]] * 2, rng=np.random.default_rng(0)), wide)
    for arguments, said in [
        ([str(deep), rows], "one hidden layer for a 'global' certificate"),
        ([str(deeper), rows], "hidden layer"),
        ([str(wide), rows], "2 numeric input columns"),
        ([str(files), rows, "--alpha", "0"], "alpha"),
        ([str(files), rows, "--scope", "all"], "scope"),
        ([str(files / "none.npz"), rows], "none.npz"),
    ]:
        assert main(["certify", *arguments, "--target", "y"]) == 2
        assert said in capsys.readouterr().err
