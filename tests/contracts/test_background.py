"""Work beside the main thread."""

from threading import Event

import pytest

from tetrakis._background import Background


def test_calls_run_in_order_and_give_their_results():
    order = []
    with Background() as beside:
        made = [beside.submit(lambda k=k: order.append(k) or k) for k in range(5)]
        assert [future.result() for future in made] == list(range(5))
    assert order == list(range(5))


def test_an_error_reaches_the_one_who_asks():
    with Background() as beside:
        made = beside.submit(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            made.result()


def test_calls_that_have_not_begun_are_dropped():
    begun, release, ran = Event(), Event(), []
    with Background() as beside:
        beside.submit(lambda: (begun.set(), release.wait(0.3)))
        later = beside.submit(lambda: ran.append(1))
        begun.wait(10)
    assert later.cancelled()
    assert not ran
