"""The direction of dependencies, and what is loaded when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tetrakis

ROOT = Path(tetrakis.__file__).parent
LEVELS = {
    **dict.fromkeys(["errors", "certificate", "solution", "_files", "_json", "_background"], 0),
    "network": 1,
    **dict.fromkeys(["measures", "graphs", "datasets", "encoding", "_estimators"], 2),
    **dict.fromkeys(["training", "convex", "compress", "circuit", "functions", "simplify"], 3),
    **dict.fromkeys(["lifts", "dynamics"], 3),
    **dict.fromkeys(["learners", "export"], 4),
    **dict.fromkeys(["pipeline", "report"], 5),
    "cli": 6,
    "__main__": 7,
}
# Inside a level these may import one another; functions may emit networks and circuits, and train
# networks as one of the constructions that compete.
ALLOWED = {
    ("encoding", "datasets"),
    ("functions", "circuit"),
    ("functions", "simplify"),
    ("functions", "training"),
    ("simplify", "circuit"),
    ("certificate", "errors"),
    ("solution", "certificate"),
    ("solution", "errors"),
    ("_files", "errors"),
    ("pipeline", "report"),
}
HEAVY = {"jax", "jaxlib", "optax", "sklearn"}
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


def imported(path):
    """Dotted names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "tetrakis":
                yield from (f"tetrakis.{alias.name}" for alias in node.names)
            else:
                yield node.module


def part(file):
    return file.split("/")[0].removesuffix(".py")


@pytest.mark.parametrize("file", [f for f in FILES if f != "__init__.py"])
def test_dependencies_point_down(file):
    own = part(file)
    assert own in LEVELS, f"{own} has no level: add it to ARCHITECTURE and here"
    for name in imported(ROOT / file):
        if not name.startswith("tetrakis."):
            continue
        other = name.split(".")[1]
        if other == own or other == "__version__":
            continue
        assert LEVELS[own] > LEVELS[other] or (own, other) in ALLOWED, f"{file} imports {name}"


@pytest.mark.parametrize("package", ["circuit", "export", "network", "measures", "encoding"])
def test_light_packages_import_neither_jax_nor_sklearn(package):
    for file in FILES:
        if part(file) == package:
            heavy = {name.split(".")[0] for name in imported(ROOT / file)} & HEAVY
            assert not heavy, f"{file} imports {heavy}"


def loaded_after(statement):
    code = f"import sys; {statement}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    environment = {"PYTHONPATH": str(ROOT.parent), "PATH": ""}
    run = [sys.executable, "-c", code]
    return set(subprocess.check_output(run, env=environment, text=True).split())


@pytest.mark.parametrize("statement", ["import tetrakis", "import tetrakis.cli"])
def test_import_is_lazy(statement):
    heavy = HEAVY | {"numpy", "scipy", "numba", "polars", "matplotlib"}
    assert not loaded_after(statement) & heavy


@pytest.mark.parametrize("package", ["circuit", "export", "encoding"])
def test_light_packages_load_neither_jax_nor_sklearn(package):
    if not (ROOT / package / "__init__.py").exists():
        pytest.skip("not written yet")
    assert not loaded_after(f"import tetrakis.{package}") & HEAVY


def test_public_names():
    assert tetrakis.read_table is tetrakis.datasets.read_table
    assert "read_table" in dir(tetrakis)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = tetrakis.nonsense
