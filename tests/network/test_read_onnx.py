"""ONNX models read back, against onnxruntime and our own writer."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from strategies import points, resnets
from tetrakis.cli import main
from tetrakis.errors import FormatError, NetworkError
from tetrakis.export import write_onnx
from tetrakis.network import dense, input_words, load_network, read_onnx

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytestmark = pytest.mark.filterwarnings("default")  # of packages that aren't ours
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(resnets())
def test_what_we_write_we_read(tmp_path, net):
    write_onnx(net, tmp_path / "net.onnx")
    found = read_onnx(tmp_path / "net.onnx", net.box)
    rows = points(net)
    np.testing.assert_allclose(found.evaluate(rows), net.evaluate(rows), rtol=1e-12, atol=1e-12)


def model(nodes, constants, inputs=3, outputs=2, dtype=np.float32):
    helper = onnx.helper
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = helper.make_graph(
        [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "g",
        [helper.make_tensor_value_info("x", kind, ["rows", inputs])],
        [helper.make_tensor_value_info("y", kind, ["rows", outputs])],
        [onnx.numpy_helper.from_array(np.asarray(v, dtype), k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def residual():
    rng = np.random.default_rng(0)
    shapes = {"w1": (4, 3), "b1": (4,), "w2": (4, 4), "s": (4,), "m": (4,), "w3": (4, 2)}
    constants = {k: rng.normal(size=v) for k, v in shapes.items()} | {"six": np.array(1.5)}
    nodes = [
        ("Flatten", ["x"], ["f"]),
        ("Gemm", ["f", "w1", "b1"], ["a"], {"transB": 1, "alpha": 0.5, "beta": 2.0}),
        ("Relu", ["a"], ["r"]),
        ("Mul", ["s", "r"], ["t"]),
        ("MatMul", ["t", "w2"], ["u"]),
        ("Sub", ["u", "m"], ["v"]),
        ("Relu", ["v"], ["q"]),
        ("Min", ["q", "six"], ["k"]),
        ("Add", ["k", "r"], ["z"]),
        ("MatMul", ["z", "w3"], ["y"]),
    ]
    return model(nodes, constants)


def test_a_residual_network_agrees_with_onnxruntime(tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path / "m.onnx"
    onnx.save(residual(), str(path))
    rows = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (wanted,) = session.run(None, {"x": rows})
    found = read_onnx(path, (-1, 1))
    np.testing.assert_allclose(found.evaluate(rows.astype(float)), wanted, rtol=1e-5, atol=1e-5)
    assert [b.width for b in found.blocks] == [4, 4, 4]


def test_the_command_writes_what_compile_takes(tmp_path, capsys):
    net = dense([2, 3, 1], box=[[-1, 1]] * 2, rng=np.random.default_rng(0))
    write_onnx(net, tmp_path / "net.onnx")
    out = tmp_path / "net"
    line = ["import", str(tmp_path / "net.onnx"), "--box", "-1:1", "--input-bits", "5"]
    assert main([*line, "--out", str(out)]) == 0
    assert "ResNet norm" in capsys.readouterr().out
    found = load_network(out / "network.npz")
    rows = points(net)
    np.testing.assert_allclose(found.evaluate(rows), net.evaluate(rows), atol=1e-12)
    compiled = ["compile", str(out / "network.npz"), "--inputs", str(out / "inputs.npz")]
    assert main([*compiled, "--epsilon", "1", "--out", str(tmp_path / "c"), "-q"]) == 0


def test_what_cannot_be_read_is_named(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"nothing")
    with pytest.raises(FormatError, match="no ONNX model"):
        read_onnx(bad, (0, 1))
    onnx.save(model([("Sigmoid", ["x"], ["y"])], {}, outputs=3), str(bad))
    with pytest.raises(FormatError, match="Sigmoid"):
        read_onnx(bad, (0, 1))
    onnx.save(model([("Mul", ["x", "x"], ["y"])], {}, outputs=3), str(bad))
    with pytest.raises(FormatError, match="depend on the input"):
        read_onnx(bad, (0, 1))
    onnx.save(residual(), str(bad))
    with pytest.raises(NetworkError, match="3 inputs"):
        read_onnx(bad, [[0, 1]] * 2)
    assert main(["import", str(bad), "--box", "1", "--out", str(tmp_path / "o")]) == 2


def test_a_missing_model_is_told_with_the_remedy(tmp_path, capsys):
    for path in (tmp_path / "none.onnx", tmp_path):
        assert main(["import", str(path), "--box", "0:1", "--out", str(tmp_path / "o")]) == 2
        shown = capsys.readouterr().err
        assert f"{path}: can't be read" in shown and "Name an .onnx file" in shown
        assert "Errno" not in shown
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (-3, 0), (0, 255), (-0.3, 100)])
def test_input_words_reach_over_the_box(ends):
    (format,) = input_words([ends], 8).inputs
    step = 2.0**format.exponent
    assert format.lo * step <= ends[0] and ends[1] <= format.hi * step
