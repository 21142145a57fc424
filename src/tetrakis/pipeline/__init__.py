"""The main job: from a table to a folder with a verified circuit, and what can be done with it.

Names are loaded on first use: reading a folder needs neither JAX nor scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# public name -> private module that defines it
_PUBLIC = {
    "Baseline": "_result",
    "Check": "_verdict",
    "Compiled": "_compile",
    "DataRecord": "_data",
    "FitResult": "_result",
    "Verdict": "_verdict",
    "compile_fixed_point": "_compile",
    "compile_float": "_compile",
    "data_record": "_data",
    "draw": "_draw",
    "export_file": "_export",
    "export_folder": "_export",
    "fit_table": "_fit",
    "is_compiled": "_verify_compiled",
    "measure_folder": "_folder",
    "predict_folder": "_folder",
    "read_fixed_point": "_compile",
    "target_name": "_folder",
    "verify_compiled": "_verify_compiled",
    "verify_folder": "_verify",
    "write_compiled": "_compile",
    "write_folder": "_folder",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(f"tetrakis.pipeline.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'tetrakis.pipeline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
