"""The Pareto front and the rule that picks a point."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.errors import BudgetError
from tetrakis.learners import choose, pareto


def point(num_gates, held, fitted=0.0):
    return SimpleNamespace(num_gates=num_gates, held_out_score=held, train_score=fitted)


points = st.lists(
    st.builds(point, st.integers(0, 50), st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.floats(0, 1)),
    min_size=1,
)


@given(points)
def test_front_rises_and_nothing_beats_it(found):
    front = pareto(found)
    for a, b in pairwise(front):
        assert a.num_gates < b.num_gates and a.held_out_score < b.held_out_score
    for other in found:
        assert any(
            p.num_gates <= other.num_gates and p.held_out_score >= other.held_out_score
            for p in front
        )


@given(points, st.integers(0, 60), st.sampled_from([None, 0.0, 0.1]))
def test_choice_keeps_its_promise(found, most, tolerance):
    front = pareto(found)
    within = [p for p in front if p.num_gates <= most]
    if not within:
        with pytest.raises(BudgetError, match=str(front[0].num_gates)):
            choose(front, max_gates=most, tolerance=tolerance, standard_error=0.1)
        return
    index, rule = choose(front, max_gates=most, tolerance=tolerance, standard_error=0.1)
    best = max(p.held_out_score for p in within)
    assert front[index] in within
    assert front[index].held_out_score >= best - (tolerance or 0.0)
    assert str(most) in rule


def test_one_standard_error_when_nothing_is_asked():
    front = pareto([point(10, 0.90), point(20, 0.95), point(30, 0.96)])
    index, rule = choose(front, max_gates=None, tolerance=None, standard_error=0.02)
    assert index == 1 and "one standard error" in rule


def test_negative_tolerance_is_refused():
    with pytest.raises(BudgetError, match="tolerance"):
        choose([point(1, 0.5)], max_gates=None, tolerance=-1.0, standard_error=0.0)
