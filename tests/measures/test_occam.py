"""Occam bounds: codes of circuits, tails, and what the bound covers."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from tetrakis.circuit import Aig, AigBuilder, simulate_rows
from tetrakis.errors import BudgetError, DataError
from tetrakis.measures import (
    binomial_inverse,
    circuit_bits,
    kl_inverse,
    occam_bits,
    occam_bound,
    occam_bound_of_loss,
)
from tetrakis.measures._circuit_code import _nodes, _structure_bits


def every_input(n):
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(bool)


def circuits(n, size):
    """All hashed circuits of one output, each once, with every order of its gates."""
    variables = [combinations(range(2, 2 * (n + 1 + g)), 2) for g in range(size)]
    for fanins in product(*variables):
        if any(a >> 1 == b >> 1 for a, b in fanins) or len(set(fanins)) < size:
            continue
        for output in range(2 * (n + 1 + size)):
            used = {x >> 1 for pair in fanins for x in pair} | {output >> 1}
            if set(range(n + 1, n + 1 + size)) <= used:
                yield Aig(n, np.reshape([f[::-1] for f in fanins], (-1, 2)), [output])


def told(aig):
    """The circuit as an expression: equal for circuits that differ in the order of gates only."""
    terms = [f"x{v}" for v in range(aig.num_pis + 1)]
    for a, b in aig.fanins.tolist():
        terms.append(
            "(" + "&".join(sorted(f"{'!' * (x & 1)}{terms[x >> 1]}" for x in (a, b))) + ")"
        )
    return tuple("!" * (x & 1) + terms[x >> 1] for x in aig.outputs.tolist())


def random_circuit(rng, n=5, size=25, k=2):
    """Random gates with XORs and multiplexers among them."""
    builder = AigBuilder(n)
    literals = [2 * (v + 1) for v in range(n)]
    while len(literals) < n + size:
        a, b, c = (literals[i] ^ int(rng.integers(2)) for i in rng.integers(0, len(literals), 3))
        kind = rng.integers(3)
        made = builder.mux(a, b, c) if kind == 2 else (builder.and_, builder.xor)[kind](a, b)
        literals.append(made)
    return builder.build([x ^ int(rng.integers(2)) for x in literals[-k:]])


@pytest.mark.parametrize(("n", "most"), [(1, 2), (2, 3), (3, 2)])
def test_codes_leave_room_for_all_circuits(n, most):
    counting, functions = 0.0, {}
    for size in range(most + 1):
        seen = {told(aig): aig for aig in circuits(n, size)}
        counted = float(occam_bits(n, size, 1)) - np.log2((size + 1) * (size + 2))
        assert len(seen) <= 2**counted * (1 + 1e-9)
        counting += len(seen) * 2.0 ** -float(occam_bits(n, size, 1))
        for aig in seen.values():
            table = simulate_rows(aig, every_input(n)).tobytes()
            functions[table] = min(functions.get(table, np.inf), circuit_bits(aig)[0])
    assert counting <= 1
    assert sum(2.0**-bits for bits in functions.values()) <= 1


@given(st.integers(0, 10**6))
def test_nodes_of_the_structure_code_compute_the_circuit(seed):
    aig = random_circuit(np.random.default_rng(seed))
    kind, kids, read, inverted = _nodes(
        aig.num_pis, np.array(aig.fanins, np.int64), np.array(aig.outputs, np.int64)
    )
    rows = every_input(aig.num_pis)
    values = np.zeros((1 + aig.num_pis + aig.num_gates, len(rows)), bool)
    values[1 : 1 + aig.num_pis] = rows.T
    negated = np.zeros(len(values), bool)  # nodes that stand for the complement
    inversions = 0
    for gate in range(aig.num_gates):
        v = 1 + aig.num_pis + gate
        a, b, c = (values[x >> 1] ^ bool(x & 1) for x in kids[gate])
        if kind[gate] == 1:
            values[v], inversions = a & b, inversions + (kids[gate, :2] & 1).sum()
        elif kind[gate] == 2:
            values[v] = values[kids[gate, 0] >> 1] ^ values[kids[gate, 1] >> 1]
            negated[v] = kids[gate, :2].sum() & 1
        elif kind[gate] == 3:
            values[v], negated[v] = np.where(a, b, c), True
            inversions += (kids[gate, 1:] & 1).sum()
    out = aig.outputs & 1 ^ negated[aig.outputs >> 1]
    found = (values[aig.outputs >> 1] ^ out[:, None].astype(bool)).T
    assert (found == simulate_rows(aig, rows)).all()
    assert inverted == inversions + out.sum()
    arity = np.array([0, 2, 2, 3])[kind].sum()
    assert read.sum() == arity + aig.num_pos
    assert ((read[1 + aig.num_pis :] > 0) == (kind > 0)).all()


def walks(kind, kids, outputs, n):
    """All walks from the outputs down, for every order of the two sides of ANDs and XORs."""
    free = [int(g) for g in np.flatnonzero((kind == 1) | (kind == 2))]
    for turned in product((0, 1), repeat=len(free)):
        turn, number, text = dict(zip(free, turned, strict=True)), {}, []

        def visit(literal, plain=False, *, turn=turn, number=number, text=text):
            v, sign = literal >> 1, "" if plain else "+-"[literal & 1]
            if v <= n:
                text.append(f"{sign}x{v}")
            elif v in number:
                text.append(f"{sign}again{number[v]}")
            else:
                gate, number[v] = v - n - 1, len(number)
                text.append(f"{sign}{' &^?'[kind[gate]]}")
                own = [int(x) for x in kids[gate, : 3 if kind[gate] == 3 else 2]]
                if turn.get(gate):
                    own.reverse()
                if kind[gate] == 3 and own[0] & 1:
                    own[1], own[2] = own[2], own[1]
                for side, x in enumerate(own):
                    visit(x, plain=kind[gate] == 2 or (kind[gate] == 3 and side == 0))

        for x in outputs:
            visit(int(x))
        yield tuple(text)


@pytest.mark.parametrize("seed", range(6))
def test_every_order_is_another_walk_of_the_same_length(seed):
    aig = random_circuit(np.random.default_rng(seed), 3, 7, 1)
    kind, kids, read, _ = _nodes(
        aig.num_pis, np.array(aig.fanins, np.int64), np.array(aig.outputs, np.int64)
    )
    found = list(walks(kind, kids, aig.outputs, aig.num_pis))
    assert len(set(found)) == len(found)
    shapes = {
        (
            len(walk), sum("again" in t for t in walk), sum(t[0] == "-" for t in walk),
            tuple(sorted(t.lstrip("+-") for t in walk if "x" in t)),
        )
        for walk in found
    }  # fmt: skip
    assert len(shapes) == 1
    assert shapes.pop()[0] == read.sum()


def test_bits_grow_with_the_size_and_are_fewer_for_structure():
    bits = occam_bits(10, np.arange(2000), 3)
    assert (np.diff(bits) > 0).all()
    n = np.array([500.0, 5000, 50_000])
    each = np.log2(n) + 2.44 + 2 * np.log2(1 + 10 / n)  # THEORY 6
    assert occam_bits(10, n, 0) / n == pytest.approx(each, rel=0.01)
    builder = AigBuilder(64)
    parity = 2
    for v in range(1, 64):
        parity = builder.xor(parity, 2 * (v + 1))
    aig = builder.build([parity])
    bits, code = circuit_bits(aig)
    assert code == "structure"
    assert bits < 0.5 * occam_bits(64, aig.num_gates, 1)


def test_odd_circuits():
    empty = Aig(0, np.zeros((0, 2)), [1])
    assert circuit_bits(empty)[0] < 6
    doubled = Aig(2, [[4, 2], [4, 2], [8, 7]], [10])
    constant = Aig(1, [[2, 1]], [4])
    for aig in (doubled, constant):
        assert circuit_bits(aig) == (
            1 + float(occam_bits(aig.num_pis, aig.num_gates, 1)),
            "counting",
        )
    unread = Aig(2, [[4, 2], [5, 2]], [6])
    assert circuit_bits(unread)[0] <= 1 + float(occam_bits(2, 2, 1))
    kind = np.array([2, 2])  # two XORs of the same inputs
    kids = np.array([[2, 4, 0], [3, 4, 0]])
    assert _structure_bits(2, 2, kind, kids, np.array([0, 2, 2, 1, 1]), 0) == np.inf


@given(st.integers(1, 10**7), st.data(), st.floats(-100, -0.8))
def test_binomial_inverse_is_exact(m, data, log_delta):
    errors = data.draw(st.integers(0, m))
    found = float(binomial_inverse(errors, m, log_delta))
    if errors == m:
        assert found == 1
    else:
        expected = max(beta.isf(np.exp(log_delta), errors + 1, m - errors), errors / m)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("m", [1, 40, 2000])
def test_binomial_inverse_far_out(m):
    errors = np.arange(m + 1)
    found = binomial_inverse(errors, m, -300.0)
    assert (np.diff(found) >= 0).all()
    assert (found >= kl_inverse(errors / m, 0)).all()
    assert (found <= kl_inverse(errors / m, 300.0 / m) + 1e-15).all()  # Chernoff
    assert (binomial_inverse(errors, m, -1e7) == 1).all() or m == 2000
    slow = [_slow_tail(e, m, p) for e, p in zip(errors[:-1:97], found[:-1:97], strict=False)]
    assert slow == pytest.approx([-300.0] * len(slow), rel=1e-6) or m < 2000


def _slow_tail(errors, m, p):
    from scipy.stats import binom

    return np.logaddexp.reduce(binom.logpmf(np.arange(errors + 1), m, p))


def kl(q, p):
    return sum(a * np.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)


@given(st.floats(0, 1), st.floats(0, 50))
def test_kl_inverse(q, budget):
    p = float(kl_inverse(q, budget))
    assert q <= p <= 1
    if p < 1 - 1e-9:  # nearer to 1 the steps between floats show
        assert kl(q, p) >= budget * (1 - 1e-6) - 1e-9
    below = p - max(1e-7 * (1 - p), 2.0**-52)
    if below > q:
        assert kl(q, below) <= budget * (1 + 1e-6) + 1e-9


def test_the_tail_covers_as_often_as_it_says():
    rng, m, delta = np.random.default_rng(0), 200, 0.2
    risk = rng.uniform(0.05, 0.6, 4000)
    errors = rng.binomial(m, risk)
    bounds = {int(e): float(binomial_inverse(e, m, np.log(delta))) for e in np.unique(errors)}
    missed = np.mean([bounds[int(e)] < p for e, p in zip(errors, risk, strict=True)])
    assert 0.7 * delta < missed < delta + 0.02  # exact up to the steps of a whole number


def test_coverage_when_the_best_of_many_circuits_is_taken():
    rng, delta, n, m = np.random.default_rng(1), 0.3, 4, 60
    rows = every_input(n)
    pool = [aig for s in range(2) for aig in circuits(n, s)]
    pool += [random_circuit(rng, n, 3, 1) for _ in range(100)]
    outputs = np.array([simulate_rows(aig, rows)[:, 0] for aig in pool])
    missed = 0
    for _ in range(200):
        chance = rng.uniform(0, 1, len(rows))  # of label 1
        x = rng.integers(0, len(rows), m)
        y = rng.random(m) < chance[x]
        wrong = (outputs[:, x] != y).sum(axis=1)
        best = int(np.argmin(wrong))
        true = np.where(outputs[best], 1 - chance, chance).mean()
        found = occam_bound(pool[best], int(wrong[best]), m, delta)
        missed += found.value < true
        loose = occam_bound_of_loss(pool[best], wrong[best] / m, m, delta)
        assert found.value <= loose.value
    assert missed <= delta * 200


def test_bound_is_monotone_and_honest():
    values = [occam_bound((10, 20, 1), e, 1000).value for e in range(0, 1001, 50)]
    assert (np.diff(values) > 0).all()
    assert values[-1] == 1
    sizes = [occam_bound((10, s, 1), 10, 1000).value for s in range(0, 400, 20)]
    assert (np.diff(sizes) > 0).all()
    assert occam_bound((10, 5000, 1), 0, 100).value == 1  # says nothing
    assert occam_bound((10, 5, 1), 0, 0).value == 1
    paid = occam_bound((10, 20, 1), 10, 1000, extra_bits=4)
    plain = occam_bound((10, 20, 1), 10, 1000)
    assert paid.value > plain.value > plain.risk == 0.01
    assert paid.bits == plain.bits + 4
    terms = paid.terms
    total = terms["circuit"] + terms["other choices"] + terms["delta"]
    assert total == pytest.approx((paid.bits * np.log(2) - np.log(0.05)) / 1000)


def test_regression_loss():
    found = occam_bound_of_loss((10, 20, 8), 0.04, 5000)
    assert 0.04 < found.value < 0.2
    assert found.method == "kl"
    assert occam_bound_of_loss((10, 20, 8), 1.0, 5000).value == 1
    assert occam_bound_of_loss((10, 20, 8), 0.5, 0).value == 1


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (((3, 4, 1), 11, 10), DataError, "from 0 to m = 10, got 11"),
        (((3, 4, 1), -1, 10), DataError, "got -1"),
        (((3, 4, 1), 0.5, 10), DataError, r"got 0\.5"),
        (((3, 4, 1), 1, 10, 0.0), BudgetError, "delta: expected a number between 0 and 1, got 0"),
        (((3, 4), 1, 10), BudgetError, "num_pis, num_gates, num_pos"),
        (((3, -4, 1), 1, 10), BudgetError, "num_pis, num_gates, num_pos"),
    ],
)
def test_bad_arguments(arguments, error, says):
    with pytest.raises(error, match=says):
        occam_bound(*arguments)


def test_bad_loss_and_price():
    with pytest.raises(DataError, match=r"mean loss in \[0, 1\]"):
        occam_bound_of_loss((3, 4, 1), 1.5, 10)
    with pytest.raises(BudgetError, match="extra_bits"):
        occam_bound((3, 4, 1), 1, 10, extra_bits=-1.0)
