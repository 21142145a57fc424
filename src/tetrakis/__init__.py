"""Small, verified logic circuits from data, by way of sparse residual networks.

A learner fits a residual network, compression makes it an exact integer network, the compiler
makes it an and-inverter graph; every step hands over a value and the evidence for it.

Public names and subpackages are loaded on first use, so that ``import tetrakis`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# public name -> module that defines it
_PUBLIC = {
    "Certificate": "tetrakis.certificate",
    "CompositionalClassifier": "tetrakis.learners",
    "CompositionalRegressor": "tetrakis.learners",
    "ConvexReLUClassifier": "tetrakis.convex",
    "ConvexReLURegressor": "tetrakis.convex",
    "Encoding": "tetrakis.encoding",
    "ResNetClassifier": "tetrakis.learners",
    "ResNetRegressor": "tetrakis.learners",
    "SparseLiftClassifier": "tetrakis.learners",
    "SparseLiftRegressor": "tetrakis.learners",
    "Table": "tetrakis.datasets",
    "TableNetClassifier": "tetrakis.learners",
    "TableNetRegressor": "tetrakis.learners",
    "TetrakisError": "tetrakis.errors",
    "approximate": "tetrakis.functions",
    "fit_table": "tetrakis.pipeline",
    "predict_folder": "tetrakis.pipeline",
    "read_table": "tetrakis.datasets",
    "verify_folder": "tetrakis.pipeline",
}
_SUBPACKAGES = {
    "circuit",
    "compress",
    "convex",
    "datasets",
    "dynamics",
    "encoding",
    "errors",
    "export",
    "functions",
    "graphs",
    "learners",
    "lifts",
    "measures",
    "network",
    "pipeline",
    "report",
    "training",
}

__all__ = sorted([*_PUBLIC, *_SUBPACKAGES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    if name in _SUBPACKAGES:
        return import_module(f"tetrakis.{name}")
    raise AttributeError(f"module 'tetrakis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
