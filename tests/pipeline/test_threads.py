"""The number of threads changes nothing, and nothing of the process stays changed."""

import warnings

import numpy as np
from threadpoolctl import threadpool_info

from tetrakis.datasets import table_from_arrays
from tetrakis.learners import _teacher
from tetrakis.pipeline import fit_table


def _blas():
    return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]


def test_threads_change_neither_circuits_nor_settings(monkeypatch):
    monkeypatch.setattr(_teacher, "LEAST", 300)
    monkeypatch.setattr(_teacher, "RESAMPLED", 2)
    monkeypatch.setattr(_teacher, "AUDITED", 300)
    rng = np.random.default_rng(4)
    X = rng.normal(size=(120, 3))
    y = X[:, 0] - X[:, 1] + 0.3 * rng.normal(size=120) > 0
    table = table_from_arrays(X, y.astype(float))
    before = _blas(), list(warnings.filters)
    one, two = (
        fit_table(table, seed=1, effort=0.05, jobs=jobs, starts=("boosted",)) for jobs in (1, 2)
    )
    assert (_blas(), list(warnings.filters)) == before
    assert len(one.path) == len(two.path)
    for a, b in zip(one.path, two.path, strict=True):
        assert a.held_out_score == b.held_out_score
        assert a.circuit.fanins.tolist() == b.circuit.fanins.tolist()
    for a, b in zip(one.baselines, two.baselines, strict=True):
        assert (a.name, a.held_out_score) == (b.name, b.held_out_score)
