"""The command line: exit codes, messages, and what each command hands to the pipeline."""

import ctypes
import signal
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import tetrakis
from tetrakis._files import atomic_folder
from tetrakis.cli import main
from tetrakis.encoding import Output, fit_encoding, write_encoding
from tetrakis.errors import ArtifactError


@pytest.fixture
def pipeline(monkeypatch):
    """Stand in for tetrakis.pipeline: records calls."""
    module = ModuleType("tetrakis.pipeline")
    module.calls = []

    def fit_table(train, **options):
        module.calls.append((train, options))
        options["progress"]("fitting", 0.5)
        row = {"name": "ours", "score": 0.9, "num_gates": 1200, "chosen": True}
        return SimpleNamespace(rows=[row], baseline_rows=[row], notes=["a note"])

    def write_folder(result, folder, *, force):
        with atomic_folder(folder, force=force) as target:
            (target / "report.md").write_text("x")

    module.fit_table = fit_table
    module.write_folder = write_folder
    module.target_name = lambda folder: "answer"
    module.predict_folder = lambda folder, table: np.array(["no", "yes"], dtype=object)
    module.measure_folder = lambda folder: {"num_gates": 7, "epsilon_certified": 0.25}
    module.export_folder = lambda folder, format, out, registers: Path(out).write_text(format)
    for kind in ("compiled", "simplified", "approximated", "curve"):
        setattr(module, f"is_{kind}", lambda folder: False)
    module.edit_table = module.verify_simplified = module.measure_network = None
    module.verify_approximation = module.verify_curve = None
    module.export_file = module.verify_compiled = None
    module.verdict = SimpleNamespace(status="proved", checks=[])
    module.verify_folder = lambda folder, table: module.verdict
    monkeypatch.setitem(sys.modules, "tetrakis.pipeline", module)
    monkeypatch.setattr(tetrakis, "pipeline", module, raising=False)
    return module


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "fitted"
    path.mkdir()
    encoding = fit_encoding([[0.0], [1.0]])
    output = Output("answer", "classification", "sign", 1, ("no", "yes"))
    write_encoding(encoding.with_output(output), path / "encoding.json")
    (tmp_path / "d.csv").write_text("x0,answer\n0,no\n1,yes\n0,no\n1,yes\n")
    return path


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tetrakis {tetrakis.__version__}\n"
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("fit", "predict", "measure", "verify", "compile", "export", "draw"):
        assert command in shown
        assert main([command, "--help"]) == 0
        assert f"tetrakis {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit"],
        ["fit", "builtin:iris"],
        ["fit", "builtin:iris", "--out", "x", "--max-gates", "0"],
        ["fit", "builtin:iris", "--out", "x", "--task", "ranking"],
        ["nonsense"],
        ["fit", "none.csv", "--target", "y", "--out", "x"],
        ["fit", "builtin:iris", "--target", "y", "--out", "x"],
        ["predict", "none", "builtin:iris"],
    ],
)
def test_usage_errors_end_with_2(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_missing_target_lists_columns(folder, capsys):
    assert main(["fit", str(folder.parent / "d.csv"), "--out", str(folder / "o")]) == 2
    shown = capsys.readouterr().err
    assert "--target" in shown
    assert "'answer'" in shown
    assert shown.count("\n") == 1


def test_fit(pipeline, folder, capsys):
    data, out = str(folder.parent / "d.csv"), folder.parent / "out"
    options = ["--target", "answer", "--max-gates", "50", "--test", data, "--impute", "mode"]
    assert main(["fit", data, "--out", str(out), *options]) == 0
    (train, passed), *_ = pipeline.calls
    assert train.target.name == "answer"
    assert passed["test"].n_rows == 4
    assert (passed["task"], passed["max_gates"]) == ("classification", 50)
    assert (passed["impute"], passed["seed"], passed["validation"]) == ("mode", 0, None)
    assert (out / "report.md").exists()
    shown = capsys.readouterr().out
    assert "1,200" in shown
    assert "note: a note" in shown
    assert main(["fit", data, "--out", str(out), *options, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_fit_refuses_a_foreign_folder_before_working(pipeline, folder, capsys):
    (folder.parent / "mine").mkdir()
    (folder.parent / "mine" / "x.txt").write_text("x")
    arguments = ["fit", "builtin:iris", "--out", str(folder.parent / "mine")]
    assert main(arguments) == 2
    assert pipeline.calls == []
    assert main([*arguments, "--force"]) == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [(ArtifactError("broken."), 2), (KeyboardInterrupt(), 130), (RuntimeError(), 70)],
)
def test_failures(pipeline, folder, error, code, capsys):
    def fail(*_, **__):
        raise error

    pipeline.write_folder = fail
    out = folder.parent / "out"
    assert main(["fit", "builtin:iris", "--out", str(out)]) == code
    assert not out.exists()
    assert not list(folder.parent.glob(".tetrakis-*"))


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, also where the tests were started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_lost_in_a_callback_comes_again(pipeline, folder, capfd):
    def interrupted():
        raise KeyboardInterrupt

    def fit_table(*_, **__):
        ctypes.CFUNCTYPE(None)(interrupted)()
        for _ in range(1000):
            time.sleep(0.01)
        raise AssertionError("not interrupted")

    pipeline.fit_table = fit_table
    assert main(["fit", "builtin:iris", "--out", str(folder.parent / "out")]) == 130
    assert "interrupted; nothing was written" in capfd.readouterr().err


def test_predict(pipeline, folder, capsys):
    data = str(folder.parent / "d.csv")
    assert main(["predict", str(folder), data]) == 0
    assert capsys.readouterr().out == "answer\nno\nyes\n"
    out = folder.parent / "p.csv"
    pipeline.predict_folder = lambda folder, table: np.array([1.5, 2.0])
    assert main(["predict", str(folder), data, "--out", str(out)]) == 0
    assert out.read_text() == "answer\n1.5\n2\n"


def test_measure_and_export(pipeline, folder, capsys):
    assert main(["measure", str(folder)]) == 0
    assert capsys.readouterr().out == "num_gates          7\nepsilon_certified  0.25\n"
    assert main(["measure", str(folder), "--json"]) == 0
    assert '"num_gates": 7' in capsys.readouterr().out
    out = folder.parent / "c.v"
    assert main(["export", str(folder), "--format", "verilog", "--out", str(out)]) == 0
    assert out.read_text() == "verilog"


@pytest.mark.parametrize(("status", "code"), [("proved", 0), ("refuted", 1), ("unknown", 3)])
def test_verify(pipeline, folder, capsys, status, code):
    check = SimpleNamespace(name="num_gates", status=status, detail="7")
    pipeline.verdict = SimpleNamespace(status=status, checks=[check])
    assert main(["verify", str(folder), str(folder.parent / "d.csv")]) == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ("refuted: num_gates" if status == "refuted" else status)
