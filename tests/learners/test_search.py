"""The search on tables: views of folds, guard rows, exact scores."""

from dataclasses import replace

import numpy as np
import pytest

from tetrakis.circuit import simulate_rows
from tetrakis.datasets import Column, Table, read_table
from tetrakis.errors import EncodingError
from tetrakis.learners import problem_from_table, search
from tetrakis.learners._views import Split, encode_view, folds, guard_split
from tetrakis.training import Settings


def toy(n=60):
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    rare = np.zeros(n)
    rare[0] = 1.0  # constant in every fold that leaves row 0 out
    place = rng.integers(0, 3, n)
    columns = (Column("x", x), Column("rare", rare), Column("place", place, ("a", "b", "c")))
    return Table(columns, Column("y", (x > 0).astype(float)), "toy", n)


def test_views_of_all_folds_have_the_words_of_the_whole():
    problem = problem_from_table(toy(), "classification")
    whole = encode_view(problem, Split(np.arange(60), np.arange(0)), 3, None)
    for split in folds(problem, 5, 0):
        view = encode_view(problem, split, 3, None, like=whole.encoding).view
        assert view.codes.shape == (60, 5)
        assert (view.codes < 2**view.bits).all() and (view.codes >= 0).all()


def test_guard_rows_are_apart_and_stratified():
    problem = problem_from_table(toy(), "classification")
    split = guard_split(problem, 0.2, 0)
    assert not set(split.train) & set(split.held) and len(split.train) + len(split.held) == 60
    shares = [problem.target[rows].mean() for rows in (split.train, split.held)]
    assert abs(shares[0] - shares[1]) < 0.1


def test_categories_of_rows_set_aside_are_known():
    table = toy()
    place = Column("place", [*[0, 1] * 29, 2, 2], ("a", "b", "c"))  # "c" in the last rows only
    table = replace(table, columns=(table.columns[0], place))
    problem = problem_from_table(table, "classification")
    split = Split(np.arange(50), np.arange(50, 60))
    assert encode_view(problem, split, 3, None).encoding.encode(table).shape == (60, 4)
    problem = replace(problem, n_known=50)  # the others are the person's validation rows
    with pytest.raises(EncodingError, match="'c'"):
        encode_view(problem, split, 3, None).encoding.encode(table)


@pytest.mark.parametrize("guard", [None, Split(np.arange(40), np.arange(40, 60))])
def test_scores_are_those_of_the_circuit(guard):
    problem = problem_from_table(toy(), "classification")
    settings = [Settings(0.3, 0.003, 3, 2), Settings(0.1, 0.001, 3, 1, hidden=False)]
    found = search(problem, guard=guard, settings=settings, effort=0.05)
    rows = np.arange(60) if guard is None else guard.train
    for point in found.path:
        bits = simulate_rows(point.circuit, point.encoding.encode_bits(problem.table))
        right = point.encoding.output.integers(bits) == problem.target
        assert point.train_score == right[rows].mean()
        if guard is not None:
            assert point.held_out_score == right[guard.held].mean()
            assert point.held_out_of == "circuit"


def test_boolean_tables_keep_their_inputs_in_order():
    table = read_table("builtin:majority")
    problem = problem_from_table(table, "classification")
    every = Split(np.arange(table.n_rows), np.arange(table.n_rows))
    settings = [Settings(0.01, 0.0001, 1, 1, hidden=False)]
    found = search(problem, guard=every, settings=settings, effort=0.3)
    best = found.path[-1]
    assert best.circuit.num_pis == 9
    assert best.circuit.input_names == table.names
    assert best.held_out_score == 1.0
