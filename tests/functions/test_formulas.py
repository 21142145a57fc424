"""Formulas: what they evaluate to, what is refused and where, and bounds by intervals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.errors import BudgetError, FormulaError
from tetrakis.functions import approximate, input_rounding, make_grid, make_target, parse_formula
from tetrakis.functions._dataflow import dataflow, evaluate_nodes
from tetrakis.functions._interval import Interval
from tetrakis.functions._rounding import enclosure
from tetrakis.functions._singular import check_finite

LEAVES = ("x", "y", "0.5", "3", "pi")
UNARY = ("sin({})", "cos({})", "exp({})", "tanh({})", "abs({})", "-({})", "sigmoid({})", "relu({})",
         "arctan({})", "({})**2", "({})**3", "square({})", "cbrt({})", "sinh({})", "cosh({})",
         "sqrt(1 + square({}))", "log(2 + cos({}))", "1/(2 + sin({}))", "expm1({})")  # fmt: skip
BINARY = ("({}) + ({})", "({}) - ({})", "({}) * ({})", "maximum({}, {})", "minimum({}, {})",
          "hypot({}, 1 + abs({}))", "({}) / (3 + abs({}))", "(1 + abs({}))**(sin({}))")  # fmt: skip
FORMULAS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(UNARY), inner).map(lambda t: t[0].format(t[1])),
        st.tuples(st.sampled_from(BINARY), inner, inner).map(lambda t: t[0].format(*t[1:])),
    ),
    max_leaves=5,
)
NAMES = {name: getattr(np, name) for name in
         ("sin", "cos", "exp", "tanh", "abs", "arctan", "square", "cbrt", "sinh", "cosh", "sqrt",
          "log", "expm1", "maximum", "minimum", "hypot", "pi")}  # fmt: skip
NAMES |= {"sigmoid": lambda v: 1 / (1 + np.exp(-v)), "relu": lambda v: np.maximum(v, 0)}


@given(FORMULAS)
def test_a_formula_means_what_numpy_makes_of_it(text):
    x, y = np.linspace(-1, 1, 7), np.linspace(0, 2, 7)
    with np.errstate(all="ignore"):
        wanted = eval(text, {"__builtins__": {}}, {**NAMES, "x": x, "y": y})
    found = parse_formula(text, ["x", "y"]).evaluate({"x": x, "y": y})
    np.testing.assert_allclose(np.broadcast_to(found, 7), np.broadcast_to(wanted, 7), rtol=1e-12)


@given(FORMULAS)
def test_the_dataflow_computes_the_formula(text):
    expression = parse_formula(text, ["x", "y"])
    x, y = np.linspace(-1, 1, 7), np.linspace(0, 2, 7)
    graph = dataflow(expression)
    if graph is None:
        assert not expression.variables
        return
    wanted = expression.evaluate({"x": x, "y": y})
    found = evaluate_nodes(graph, {"x": x, "y": y})[graph]
    np.testing.assert_allclose(np.broadcast_to(found, 7), np.broadcast_to(wanted, 7), rtol=1e-8)


@given(FORMULAS, st.floats(-1, 0.9), st.floats(0, 1.9), st.integers(0, 100))
def test_intervals_enclose_the_values(text, x, y, seed):
    expression = parse_formula(text, ["x", "y"])
    cells = {"x": Interval(np.array([x]), np.array([x + 0.1])),
             "y": Interval(np.array([y]), np.array([y + 0.1]))}  # fmt: skip
    found = enclosure(expression, cells)
    share = np.random.default_rng(seed).random((2, 20))
    values = expression.evaluate({"x": x + 0.1 * share[0], "y": y + 0.1 * share[1]})
    assert (found.lo[0] <= values).all() and (values <= found.hi[0]).all()


@given(FORMULAS, st.integers(0, 100))
def test_input_rounding_bounds_what_rounding_does(text, seed):
    target = make_target(text, {"x": (-1, 1), "y": (0, 2)})
    grid = make_grid(target, 4)
    bound = input_rounding(target, grid)
    if bound is None:
        return
    share = np.random.default_rng(seed).random((200, 2))
    points = np.array([-1.0, 0.0]) + share * 2
    nearest = np.rint(share * 15) / 15 * 2 + np.array([-1.0, 0.0])
    moved = np.abs(target.values(points) - target.values(nearest))
    assert moved.max() <= bound * (1 + 1e-9) + 1e-12


def test_input_rounding_of_a_line_is_half_a_step():
    target = make_target("3*x", {"x": (0, 1)})
    assert input_rounding(target, make_grid(target, 4)) == pytest.approx(3 / 15 / 2)


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("sni(x)", 1, "Did you mean sin"),
        ("sin(x)+", 8, "invalid syntax"),
        ("x ^ 2", 3, "powers with"),
        ("x + zz", 5, "no variable"),
        ("2 * sin", 5, "argument is missing"),
        ("x + __import__('os')", 5, "no function"),
        ("x.real", 1, "isn't part of formulas"),
        ("(1).__class__", 1, "isn't part"),
        ("[x]", 1, "isn't part"),
        ("x if x else 1", 1, "comparisons"),
        ("1 < x", 1, "comparisons"),
        ("'a' * x", 1, "real number"),
        ("1j * x", 1, "real number"),
        ("x + 1/0", 7, "division by zero"),
        ("x + log(-1)", 5, "nan"),
        ("9**9**9**9 + x", 4, "inf"),
        ("maximum(x)", 1, "2 argument"),
        ("sin(x, out=x)", 12, "no keywords"),
        ("os.system(x)", 1, "no module"),
        ("  tan(q)", 7, "no variable"),
        ("lambda: x", 1, "isn't part"),
    ],
)
def test_errors_point_at_the_character(text, at, said):
    with pytest.raises(FormulaError, match=said) as caught:
        parse_formula(text, ["x"])
    assert f"character {at}:" in str(caught.value)


def test_numpy_prefixes_and_aliases():
    assert parse_formula("np.asin(math.sin(x)) + ln(e)", ["x"]).evaluate({"x": 0.5}) == 1.5


def test_deep_and_long_formulas_are_refused():
    with pytest.raises(FormulaError, match=r"nested|characters"):
        parse_formula("(" * 900 + "x" + ")" * 900, ["x"])
    with pytest.raises(FormulaError, match="characters"):
        parse_formula("x+" * 2000 + "x", ["x"])
    with pytest.raises(FormulaError, match="empty"):
        parse_formula("  ", ["x"])


@pytest.mark.parametrize(
    ("text", "box", "where"),
    [
        ("log(x)", {"x": (0, 1)}, "x = 0"),
        ("sqrt(x)", {"x": (-1, 1)}, "x = -1"),
        ("1/x", {"x": (-1, 1)}, "x = 0"),
        ("tan(x)", {"x": (0, 3)}, "x = 1.5708"),
        ("1/(x - y)", {"x": (0, 1), "y": (2, 3.1)}, None),
        ("sqrt(x*x)", {"x": (-1, 1)}, None),
    ],
)
def test_points_where_a_function_is_not_finite_are_named(text, box, where):
    if where is None:
        check_finite(make_target(text, box))
        return
    with pytest.raises(FormulaError, match=where):
        approximate(text, box, epsilon=0.1, input_bits=3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epsilon": 0}, "epsilon"),
        ({"epsilon": math.nan}, "epsilon"),
        ({"epsilon": 1e-12}, "range"),
        ({"input_bits": 0}, "1 to 20"),
        ({"input_bits": (3, 3)}, "one number of input bits"),
        ({"constructions": ["magic"]}, "no construction"),
        ({"epsilon": 0.01, "every_real": True}, "--input-bits 8"),
    ],
)
def test_budgets_that_make_no_sense(options, said):
    with pytest.raises(BudgetError, match=said):
        approximate("x * x", {"x": (0, 1)}, **{"epsilon": 0.1, "input_bits": 4, **options})


def test_infeasible_grids_stop_with_an_estimate():
    with pytest.raises(BudgetError, match="minutes"):
        approximate("x*y*z", dict.fromkeys("xyz", (0, 1)), epsilon=0.1, input_bits=12)


@pytest.mark.parametrize(
    "box", [{"x": (1, 0)}, {"x": (0, math.inf)}, {"x y": (0, 1)}, {}, {"x": 3}]
)
def test_boxes_that_make_no_sense(box):
    with pytest.raises(FormulaError):
        make_target("1", box)


def test_callables_may_have_an_argument_for_each_variable():
    box, points = {"x": (0, 1), "y": (0, 2)}, np.array([[0.25, 0.5], [1.0, 2.0]])
    for function in (lambda p: p[:, 0] - p[:, 1], lambda x, y: x - y, np.subtract):
        assert make_target(function, box).values(points).tolist() == [-0.25, -1.0]
    assert make_target(lambda y, x=0: x - y, box).values(points).tolist() == [-0.25, -1.0]
    by_place: dict = {}
    exec("def f(x, y, /): return x - y", by_place)  # named like the variables, not by name
    assert make_target(by_place["f"], box).values(points).tolist() == [-0.25, -1.0]
    assert make_target(np.sum, box).function is np.sum
    assert make_target(lambda x, y, z=3: z, box).values(points).tolist() == [3, 3]
    assert make_target(lambda *columns: sum(columns[0].T), box).values(points).tolist() == [0.75, 3]
    with pytest.raises(FormulaError, match=r"arguments are \(x, y, z\).*\(n, 2\).* of x, y"):
        make_target(lambda x, y, z: x, box)
    with pytest.raises(FormulaError, match="shape"):
        make_target(lambda x, y: x[:1], box).values(points)


def test_callables_must_give_one_value_per_row():
    with pytest.raises(FormulaError, match="shape"):
        approximate(lambda points: points, {"x": (0, 1), "y": (0, 1)}, epsilon=0.1, input_bits=3)
    with pytest.raises(FormulaError, match="shape"):
        approximate(lambda points: points[:3], {"x": (0, 1)}, epsilon=0.1, input_bits=3)
    column = make_target(lambda x: x**2, {"x": (0, 2)}).values(np.array([[0.5], [2.0]]))
    assert column.tolist() == [0.25, 4.0]  # (n, 1) is one value for each row
