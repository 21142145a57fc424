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
    "EditRows": "_simplify_rows",
    "FitResult": "_result",
    "Simplified": "_simplify_values",
    "Verdict": "_verdict",
    "Wish": "_simplify_values",
    "bound_text": "_occam",
    "box_rows": "_simplify_box",
    "box_words": "_simplify_box",
    "compile_fixed_point": "_compile",
    "compile_float": "_compile",
    "curve_folder": "_curve",
    "data_record": "_data",
    "draw": "_draw",
    "export_file": "_export",
    "export_folder": "_export",
    "fit_table": "_fit",
    "edit_table": "_verify_simplified",
    "is_compiled": "_verify_compiled",
    "is_simplified": "_verify_simplified",
    "kept_points": "_curve",
    "kept_trials": "_lift",
    "lift_table": "_lift",
    "margins_of_folder": "_margins",
    "measure_folder": "_folder",
    "measure_network": "_measure_network",
    "path_rows": "_simplify_folder",
    "predict_folder": "_folder",
    "read_earlier": "_simplify_resume",
    "read_fixed_point": "_read_network",
    "simplify_circuit": "_simplify",
    "table_rows": "_simplify_rows",
    "target_name": "_folder",
    "task_of": "_simplify_folder",
    "verify_compiled": "_verify_compiled",
    "verify_folder": "_verify",
    "verify_simplified": "_verify_simplified",
    "is_curve": "_curve",
    "verify_curve": "_curve",
    "is_approximated": "_approximate",
    "verify_approximation": "_approximate",
    "write_approximation": "_approximate",
    "write_compiled": "_compile_folder",
    "write_folder": "_folder",
    "write_simplified": "_simplify_folder",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(f"tetrakis.pipeline.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'tetrakis.pipeline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
