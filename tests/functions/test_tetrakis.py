"""Tetrakis interpolants: against slow simplices, their networks and their circuits."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tetrakis.circuit import simulate_rows
from tetrakis.errors import BudgetError, DataError
from tetrakis.functions import Tetrakis, approximate, make_grid, make_target
from tetrakis.functions._folded_network import folded_network
from tetrakis.functions._lattice_circuit import lattice_circuit, lattice_points, lattice_values

LATTICES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.integers(-9, 9).map(lambda k: k / 4))
)


def unit_box(lattice):
    return [(0, n - 1) for n in lattice.shape]


def slow_value(f, x):
    """Value by the vertices of the simplex, as THEORY 5 writes it; unit spacing."""
    d = len(x)
    n = f.lattice.shape
    e = [min(range(0, n[i] + 1, 2), key=lambda p, i=i: abs(x[i] - p)) for i in range(d)]
    u = [abs(x[i] - e[i]) for i in range(d)]
    s = [1 if x[i] >= e[i] else -1 for i in range(d)]
    order = sorted(range(d), key=lambda i: -u[i])
    vertex, total, before = list(e), 0.0, 1.0
    for i in [*order, None]:
        weight = 0.0 if i is None else u[i]
        if before - weight > 1e-12:
            total += (before - weight) * f.lattice[tuple(vertex)]
        before = weight
        if i is not None:
            vertex[i] += s[i]
    return total


@given(LATTICES, st.integers(0, 99))
def test_evaluation_is_that_of_the_simplex(lattice, seed):
    f = Tetrakis(lattice, unit_box(lattice))
    x = np.random.default_rng(seed).integers(0, 9, (20, lattice.ndim)) / 8 * f.intervals
    np.testing.assert_allclose(f.evaluate(x), [slow_value(f, p) for p in x], atol=1e-12)


@given(LATTICES)
def test_it_interpolates(lattice):
    f = Tetrakis(lattice, unit_box(lattice))
    points = np.argwhere(np.ones(lattice.shape))
    np.testing.assert_array_equal(f.evaluate(points), lattice.ravel())


@given(LATTICES)
def test_lipschitz_is_the_largest_slope_over_all_simplices(lattice):
    f = Tetrakis(lattice, unit_box(lattice))
    d, worst = lattice.ndim, 0.0
    for cell in product(*(range(n - 1) for n in lattice.shape)):
        even = [c + c % 2 for c in cell]
        odd = [c | 1 for c in cell]
        for order in permutations(range(d)):
            at, slope = list(even), 0.0
            for i in order:
                before = lattice[tuple(at)]
                at[i] = odd[i]
                slope += abs(lattice[tuple(at)] - before)
            worst = max(worst, slope)
    assert f.lipschitz == pytest.approx(worst)


@given(LATTICES, st.integers(0, 99))
@settings(max_examples=25)
def test_the_network_is_exact(lattice, seed):
    f = Tetrakis(lattice, [(-1, 2 * n - 3) for n in lattice.shape])
    x = f.box[:, 0] + np.random.default_rng(seed).random((50, lattice.ndim)) * (
        f.box[:, 1] - f.box[:, 0]
    )
    for made in (f.to_network(), folded_network(f.lattice, f.box, f.spacing)):
        np.testing.assert_allclose(made.evaluate(x)[:, 0], f.evaluate(x), atol=1e-9)


def test_a_large_lattice_takes_one_relu_for_each_point():
    shape = (150, 140)
    f = Tetrakis(np.random.default_rng(0).normal(size=shape), [(0, 1), (-2, 5)])
    network = f.to_network()
    x = f.box[:, 0] + np.random.default_rng(1).random((200, 2)) * np.ptp(f.box, axis=1)
    np.testing.assert_allclose(network.evaluate(x)[:, 0], f.evaluate(x), atol=1e-9)
    assert network.blocks[-1].width == 150 * 140
    assert sum(b.width for b in network.blocks[:-1]) <= 2 * sum(shape) + 30
    assert network.blocks[-1].read.nnz == 3 * 150 * 140


def test_levels_add_up_and_fall_like_the_squared_spacing():
    f = Tetrakis.from_function(lambda p: np.sin(3 * p[:, 0]) * p[:, 1], [(0, 1), (-1, 1)], 32)
    parts = f.multiscale()
    x = np.random.default_rng(0).random((200, 2)) * [1, 2] - [0, 1]
    np.testing.assert_allclose(sum(p.evaluate(x) for p in parts), f.evaluate(x), atol=1e-12)
    assert len(parts) == 6
    falls = [a.amplitude / b.amplitude for a, b in pairwise(parts[2:])]
    assert min(falls) > 3  # twice differentiable: a factor of 4


@given(st.integers(1, 3), st.integers(0, 2), st.integers(0, 20))
@settings(max_examples=30)
def test_the_circuit_is_the_interpolant_of_rounded_values(axes, local_bits, seed):
    target = make_target("x", dict.fromkeys("xyz"[:axes], (0, 1)))
    grid = make_grid(target, max(local_bits, 1) + (seed + axes) % 2)
    points = lattice_points(grid, local_bits)
    shape = [(1 << (b - local_bits)) + 1 for b in grid.bits]
    values = np.random.default_rng(seed).integers(0, 16, shape).astype(float)
    aig, format = lattice_circuit(values, grid, local_bits, step=0.25, guard=2)
    rows = np.arange(grid.rows)
    bits = ((rows[:, None] >> np.arange(grid.total_bits)) & 1) == 1
    codes = simulate_rows(aig, bits) @ (1 << np.arange(aig.num_pos))
    ends = np.stack([points.min(axis=0), points.max(axis=0)], axis=1)
    wanted = Tetrakis(values, ends).evaluate(grid.points(rows))
    assert np.abs(format.values(codes) - wanted).max() <= 0.125 + 1e-9


def test_lattice_values_go_on_outside_the_box():
    grid = make_grid(make_target("x", {"x": (0, 1)}), 4)
    found = lattice_values(lambda p: 3 * p[:, 0], grid, 1)
    np.testing.assert_allclose(found, 3 * lattice_points(grid, 1)[:, 0])


def test_a_callable_of_two_variables_becomes_an_interpolant():
    def bump(points):
        return np.exp(-4 * (points**2).sum(axis=1))

    box = {"x": (-1, 1), "y": (-1, 1)}
    found = approximate(bump, box, epsilon=0.08, input_bits=7, constructions=["lattice"])
    assert found.construction == "Tetrakis interpolant" and found.error <= 0.08


def test_an_interpolant_becomes_a_verified_circuit():
    f = Tetrakis([[0, 1, 0], [1, 0, 2], [0, 1, 1]], [(0, 2), (0, 2)])
    found = f.to_circuit(5, epsilon=0.2)
    rows = np.arange(found.grid.rows)
    assert np.abs(found.values(rows) - f.evaluate(found.grid.points(rows))).max() <= 0.2
    assert found.target.names == ("x0", "x1")


def test_the_picture_has_all_triangles():
    f = Tetrakis(np.arange(12.0).reshape(4, 3), [(0, 3), (0, 2)])
    assert f.plot().axes[0].collections
    with pytest.raises(DataError, match="two axes"):
        Tetrakis([0, 1], [(0, 1)]).plot()


def test_mistakes_are_named():
    with pytest.raises(DataError, match="box"):
        Tetrakis([[0, 1]], [(0, 1)])
    with pytest.raises(DataError, match="two lattice points"):
        Tetrakis([0], [(0, 1)])
    with pytest.raises(DataError, match="finite"):
        Tetrakis([0, np.nan], [(0, 1)])
    with pytest.raises(DataError, match="low < high"):
        Tetrakis([0, 1], [(1, 1)])
    with pytest.raises(DataError, match="points"):
        Tetrakis([0, 1], [(0, 1)]).evaluate([0.5])
    with pytest.raises(BudgetError, match="lattice points"):
        Tetrakis.from_function(lambda p: p[:, 0], [(0, 1)] * 3, 1000)
    with pytest.raises(BudgetError, match="2,000,001 lattice points"):
        Tetrakis(np.ones(2_000_001), [(0, 1)]).to_network()
