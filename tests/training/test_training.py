"""Training computes what the circuit computes, and finds small functions again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.circuit import compile_network, simulate_rows
from tetrakis.measures import error_certificate
from tetrakis.training import Job, Plan, Settings, View, grid, to_networks, train
from tetrakis.training._extract import lowest_exponent
from tetrakis.training._model import signed_digits


def view(n=300, d=5, bits=3, seed=0):
    rng = np.random.default_rng(seed)
    return View(rng.integers(0, 2**bits, (n, d)), np.full(d, bits), np.arange(n))


def trained(loss, n_outputs, target, shown, *, settings=None, threads=1, **plan):
    settings = settings or [Settings(0.1, 0.001, 3, 2), Settings(0.1, 0.001, 3, 1, hidden=False)]
    plan = Plan(loss, n_outputs, width=6, steps=300, **plan)
    jobs = [Job(s, 0) for s in settings]
    return train(jobs, [shown], target, plan, seed=3, threads=threads)


def float32_forward(net, shown):
    """The trained forward pass in plain numpy, weights and rounding as trained."""
    X = shown.codes * 2.0**-shown.bits
    y = X @ net.rounded["S"] + net.latent["c"]
    sources = X
    for block, step in enumerate(net.steps):
        pre = sources @ net.rounded[f"W{block}"] + net.latent[f"b{block}"]
        top = step * (2.0**net.settings.activation_bits - 1)
        unit = np.clip(np.floor(pre / step) * step, 0, top)
        y = y + unit @ net.rounded[f"V{block}"]
        sources = np.concatenate([sources, unit], axis=1)
    return y


@pytest.mark.parametrize("n_blocks", [1, 2])
@pytest.mark.parametrize(("loss", "k"), [("squared", 1), ("logistic", 1), ("softmax", 3)])
def test_integer_network_is_the_trained_forward_pass(loss, k, n_blocks):
    shown = view()
    target = shown.codes[:, 0] + shown.codes[:, 1] ** 2
    target = {"squared": target / 20, "logistic": target > 20, "softmax": target % 3}[loss]
    for net in trained(loss, k, np.asarray(target, float), shown, n_blocks=n_blocks):
        network, fixed = to_networks(net, shown.bits)
        y, grain = float32_forward(net, shown), 2.0 ** fixed.output_exponent.astype(float)
        # Flooring the outputs' offsets is the only difference.
        floored = fixed.offset * grain - net.latent["c"]
        assert np.allclose(fixed.evaluate(shown.codes), y + floored, atol=1e-9)
        assert np.all((floored <= 0) & (floored > -grain))
        X = shown.codes * 2.0**-shown.bits
        bound = error_certificate(network, fixed, continuous=False).value
        assert np.abs(network.evaluate(X) - fixed.evaluate(shown.codes)).max() <= bound


def test_circuit_is_the_integer_network():
    shown = view()
    target = (shown.codes.sum(axis=1) > 17).astype(float)
    for net in trained("logistic", 1, target, shown):
        _, fixed = to_networks(net, shown.bits)
        circuit = compile_network(fixed, decision="sign")
        bits = ((shown.codes[:, :, None] >> np.arange(3)) & 1).reshape(len(shown.codes), -1)
        assert np.array_equal(
            simulate_rows(circuit, bits.astype(bool))[:, 0],
            fixed.evaluate_codes(shown.codes)[:, 0] >= 0,
        )


def test_same_seed_same_weights_whatever_the_threads(monkeypatch):
    monkeypatch.setattr("tetrakis.training._train.GROUP", 8)
    shown = view()
    target = shown.codes[:, 0] / 4.0
    settings = grid(
        allowances=[0.05, 0.2], alphas=[0, 0.01], input_bits=[3], activation_bits=[2, 3]
    )
    settings = settings + settings
    one, two = (trained("squared", 1, target, shown, settings=settings, threads=t) for t in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert all(np.array_equal(a.rounded[name], b.rounded[name]) for name in a.rounded)


def test_an_error_stops_the_other_groups(monkeypatch):
    monkeypatch.setattr("tetrakis.training._train.GROUP", 1)
    monkeypatch.setattr("tetrakis.training._train._CHUNKS_PER_CALL", 1)
    shown, told = view(), []

    def progress(share):
        told.append(share)
        if len(told) == 2:
            raise KeyboardInterrupt

    jobs = [Job(Settings(0.1, 0.001, 3, 2), 0)] * 4
    plan = Plan("squared", 1, width=6, steps=2000)
    with pytest.raises(KeyboardInterrupt):
        train(jobs, [shown], shown.codes[:, 0] / 4.0, plan, seed=3, threads=2, progress=progress)
    assert len(told) < 100  # of 160


def test_pressure_makes_smaller_networks():
    shown = view()
    target = shown.codes @ np.arange(5) / 20.0
    mild, hard = trained(
        "squared", 1, target, shown, settings=[Settings(0.01, 0, 3, 3), Settings(0.5, 0.05, 3, 3)]
    )
    count = [sum(int((w != 0).sum()) for w in n.rounded.values()) for n in (mild, hard)]
    assert count[1] < count[0] / 2


def test_l1_penalty_is_an_option():
    shown = view()
    (net,) = trained(
        "squared", 1, shown.codes[:, 0] / 4.0, shown, settings=[Settings(0.1, 0.01, 3, 2)],
        penalty="l1",
    )  # fmt: skip
    assert np.isfinite(net.rounded["S"]).all()


@given(st.floats(-8, 8), st.sampled_from([0.0, 0.01, 0.1, 1.0]))
def test_signed_digits_stop_within_the_allowance(weight, allowance):
    rounded = float(signed_digits(np.float32(weight), allowance))
    rest = abs(np.float32(weight) - rounded)
    # Every digit leaves at most a third of what there was.
    assert rest <= max(allowance, abs(weight) / 3**4) + 1e-6
    if abs(np.float32(weight)) <= allowance:
        assert rounded == 0
    assert abs(rounded) <= 2 * abs(weight) + 1e-9


@given(st.integers(-(2**20), 2**20), st.integers(-30, 30))
def test_lowest_exponent(mantissa, exponent):
    (found,) = lowest_exponent(np.array([np.ldexp(float(mantissa), exponent)]))
    if mantissa == 0:
        assert found > 10**5
    else:
        odd = np.ldexp(float(mantissa), int(exponent - found))
        assert odd == int(odd) and int(odd) % 2 == 1
