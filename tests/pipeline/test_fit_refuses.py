"""Mistakes that fit_table tells before it trains anything."""

import numpy as np
import pytest

from tetrakis.datasets import Column, Table
from tetrakis.errors import BudgetError, DataError, EncodingError
from tetrakis.pipeline import fit_table


def made(places=("a", "b"), target="y", n=40):
    rng = np.random.default_rng(0)
    place = rng.integers(0, len(places), n)
    columns = (Column("x", rng.normal(size=n)), Column("place", place, tuple(places)))
    return Table(columns, Column(target, (place > 0).astype(float)), "t.csv", n)


@pytest.fixture
def untrained(monkeypatch):
    def never(*_, **__):
        raise AssertionError("trained")

    monkeypatch.setattr("tetrakis.pipeline._fit.search", never)


def test_test_rows_that_the_encoding_cannot_take(untrained):
    with pytest.raises(EncodingError, match="Unknown category 'c' at"):
        fit_table(made(), test=made(("a", "b", "c")))
    one = made()
    without = Table(one.columns[:1], one.target, "u.csv", one.n_rows)
    with pytest.raises(DataError, match="no column 'place'"):
        fit_table(one, test=without)
    with pytest.raises(DataError, match="the target"):
        fit_table(one, test=Table(one.columns, None, "u.csv", one.n_rows))


def test_options(untrained):
    with pytest.raises(BudgetError, match="starts"):
        fit_table(made(), starts=("forest",))
    with pytest.raises(BudgetError, match="max_gates"):
        fit_table(made(), max_gates=-1)
