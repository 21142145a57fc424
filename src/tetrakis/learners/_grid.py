"""Which settings to try, and which to look at more closely (measured choices)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tetrakis.learners._problem import Problem
from tetrakis.learners._views import Split
from tetrakis.training import Plan, Settings

Scored = tuple[Settings, float, float]


def plan_for(problem: Problem, whole: Split, effort: float) -> Plan:
    """Size of the networks and length of the training for a problem."""
    n, d = len(whole.train), len(problem.table.columns)
    if problem.table.boolean and n >= 1000:
        width, steps = 32, 12_000 if d <= 64 else 4000
    elif problem.n_outputs > 1:
        width, steps = (24, 4000) if n < 1000 else (40, 5000 if n < 3000 else 8000)
    else:
        width, steps = (8, 6000) if n < 1000 else (16, 8000)
    if n <= 700 or (problem.task == "regression" and n < 8000):
        batch = 64 if n <= 700 else 128
    else:
        batch = 512 if d < 256 else 256
    return Plan(
        loss=problem.loss, n_outputs=problem.n_outputs, width=width,
        steps=max(200, int(steps * effort)), batch=batch,
    )  # fmt: skip


def explore_settings(problem: Problem, effort: float = 1.0) -> list[Settings]:
    """List settings for the first round: pressure δ along rays α = ratio · δ.

    An `effort` below one thins the grid.
    """
    count = max(2, round(7 * min(1.0, effort) ** 0.5))
    ratios: tuple[float, ...]
    if problem.task == "regression":
        allowances, ratios = np.geomspace(0.01, 0.16, count), (0.02, 0.08)
    elif problem.n_outputs == 1:
        allowances, ratios = np.geomspace(0.04, 0.8, count), (0.006, 0.03)
    else:
        allowances, ratios = np.geomspace(0.12, 1.2, max(2, count - 2)), (0.005,)
    if problem.table.boolean:
        words = [(1, 3, True), (1, 1, False)]
    elif problem.task == "regression":
        words = [(4, 3, True), (5, 4, True), (3, 3, True)]
    elif problem.n_outputs == 1:
        words = [(3, 1, False), (4, 1, False), (2, 3, True), (3, 3, True)]
    else:
        words = [(2, 3, True), (3, 3, True), (4, 3, True)]
    return [
        Settings(float(a), float(a * r), bits, units, hidden)
        for bits, units, hidden in words
        for r in ratios
        for a in (allowances if hidden else allowances / 4 if problem.table.boolean else allowances)
    ]


def neighbours(
    scored: Sequence[Scored],
    max_gates: Sequence[int],
    plan: Plan,
    effort: float,
    *,
    vary: bool,
) -> list[Settings]:
    """List settings for the second round: restarts of those near the front, or near given sizes.

    With `vary` restarts differ a little in δ and α, which fills the path between them.
    """
    wanted: list[Settings] = []
    if not vary:
        scored = smoothed(scored)
    for size in max_gates:
        near = [s for s in scored if 0.35 * size <= s[2] <= 1.35 * size] or _closest(scored, size)
        wanted += [s[0] for s in sorted(near, key=lambda s: -s[1])[:4]]
    if not max_gates:
        wanted = [s[0] for s in _front(scored)]
    unique = list(dict.fromkeys(wanted))
    least = 32 if plan.n_outputs == 1 else 16
    room = max(len(unique), int(max(least, 8 * len(max_gates)) * effort))
    return [_varied(unique[i % len(unique)], i // len(unique) if vary else 0) for i in range(room)]


def _varied(setting: Settings, restart: int) -> Settings:
    """Move δ and α by up to a fifth of an octave, a different amount in every restart."""
    by = 2.0 ** (0.4 * ((restart * 0.618034) % 1.0 - 0.5)) if restart else 1.0
    other = 2.0 ** (0.8 * ((restart * 0.754878) % 1.0 - 0.5)) if restart else 1.0
    return replace(setting, allowance=setting.allowance * by, alpha=setting.alpha * other)


def smoothed(scored: Sequence[Scored], width: float = 0.35) -> list[Scored]:
    """Average scores over settings of the same kind and similar size (in log AND nodes).

    Scores on few rows are noisy; without this the luckiest setting would win.
    """
    kinds = np.array([(s.hidden, s.input_bits, s.activation_bits) for s, _, _ in scored])
    held = np.array([h for _, h, _ in scored])
    size = np.log(np.array([g for _, _, g in scored]) + 1)
    near = np.exp(-0.5 * ((size[:, None] - size) / width) ** 2)
    near *= (kinds[:, None] == kinds).all(axis=2)
    mean = (near @ held) / near.sum(axis=1)
    return [(s, float(m), g) for (s, _, g), m in zip(scored, mean, strict=True)]


def _closest(scored: Sequence[Scored], size: int) -> list[Scored]:
    return [min(scored, key=lambda s: abs(np.log((s[2] + 1) / size)))]


def _front(scored: Sequence[Scored], slack: float = 0.004) -> list[Scored]:
    """Keep settings whose score is within `slack` of the best at no more gates."""
    kept = []
    for setting in scored:
        rivals = [s[1] for s in scored if s[2] <= setting[2]]
        if setting[1] >= max(rivals) - slack:
            kept.append(setting)
    return sorted(kept, key=lambda s: s[2])
