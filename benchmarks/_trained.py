"""Small trained networks for benchmarks of what comes after training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _data import load_fold

from tetrakis.circuit import compile_network
from tetrakis.encoding import fit_encoding
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.training import Job, Plan, Settings, View, to_networks, train


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with its integer twin, test codes and their targets."""

    name: str
    network: ResNet
    fixed: FixedPointResNet
    decision: str
    score: float
    codes: np.ndarray


# width, steps, input bits, activation bits, allowances, ratio of α to the allowance, least score
PLANS = {
    "digits": (32, 2000, 3, 3, np.geomspace(0.1, 0.8, 32), 0.005, 0.945),
    "friedman1": (16, 4000, 4, 3, np.geomspace(0.01, 0.16, 32), 0.05, 0.92),
}


def trained(name: str, data: Path) -> Trained:
    """Train 32 networks; return the smallest whose test score is good, else the best."""
    width, steps, bits, units, allowances, ratio, least = PLANS[name]
    fold = load_fold(name, 0, data)
    encoding = fit_encoding(fold.X, bits=bits)
    codes, test = encoding.encode(fold.X), encoding.encode(fold.X_test)
    regression = fold.task == "regression"
    mean, scale = (fold.y.mean(), fold.y.std()) if regression else (0.0, 1.0)
    outputs = 1 if regression else int(fold.y.max()) + 1
    loss = "squared" if regression else "softmax"
    plan = Plan(loss=loss, n_outputs=outputs, width=width, steps=steps, batch=512)
    jobs = [Job(Settings(float(a), float(a * ratio), bits, units), 0) for a in allowances]
    widths = np.array([f.bits for f in encoding.formats])
    view = View(codes, widths, np.arange(len(codes)))
    found = []
    for one in train(jobs, [view], (fold.y - mean) / scale, plan, seed=0):
        network, fixed = to_networks(one, widths)
        y = fixed.evaluate(test)
        if regression:
            score = 1 - ((mean + scale * y[:, 0] - fold.y_test) ** 2).mean() / fold.y_test.var()
        else:
            score = (y.argmax(axis=1) == fold.y_test).mean()
        decision = "words" if regression else "argmax"
        size = compile_network(fixed, decision=decision, effort=0).num_gates
        found.append((score < least, size if score >= least else -score, score, network, fixed))
    _, _, score, network, fixed = min(found, key=lambda f: f[:2])
    return Trained(name, network, fixed, decision, float(score), test)
