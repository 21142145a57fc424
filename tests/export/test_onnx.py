"""ONNX through onnxruntime, against our own evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from strategies import all_codes, fixed_point_resnets, points, resnets
from tetrakis.errors import MissingDependencyError, NetworkError
from tetrakis.export import _onnx, write_onnx
from tetrakis.network import ResNet, dense

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytestmark = pytest.mark.filterwarnings("default")  # of packages that aren't ours
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def run(path: Path, rows: np.ndarray) -> Any:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {session.get_inputs()[0].name: rows})
    return result


@quick
@given(fixed_point_resnets())
def test_integers_are_exact(tmp_path: Path, net: Any) -> None:
    write_onnx(net, tmp_path / "n.onnx")
    codes = all_codes(net)
    assert (run(tmp_path / "n.onnx", codes) == net.evaluate_codes(codes)).all()
    props = {p.key: p.value for p in onnx.load(tmp_path / "n.onnx").metadata_props}
    assert props["input_exponent"].split() == [str(f.exponent) for f in net.inputs]
    assert props["output_exponent"].split() == [str(e) for e in net.output_exponent]


@quick
@given(resnets())
def test_short_binary_fractions_are_exact(tmp_path: Path, net: ResNet) -> None:
    write_onnx(net, tmp_path / "n.onnx")
    X = points(net)
    assert (run(tmp_path / "n.onnx", X) == net.evaluate(X)).all()


def test_random_floats_to_rounding(tmp_path: Path) -> None:
    net = dense([30, 50, 20, 3], box=[[-1.0, 2.0]] * 30, rng=np.random.default_rng(0))
    write_onnx(net, tmp_path / "n.onnx")
    X = np.random.default_rng(1).uniform(-1, 2, (500, 30))
    np.testing.assert_allclose(run(tmp_path / "n.onnx", X), net.evaluate(X), rtol=1e-12, atol=1e-12)


def test_too_large_or_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = dense([3, 2, 1], box=[[0.0, 1.0]] * 3, rng=np.random.default_rng(0))
    monkeypatch.setattr(_onnx, "MAX_NUMBERS", 5)
    with pytest.raises(NetworkError, match="densely"):
        write_onnx(net, tmp_path / "n.onnx")
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"tetrakis\[onnx\]"):
        write_onnx(net, tmp_path / "n.onnx")
    assert not (tmp_path / "n.onnx").exists()
