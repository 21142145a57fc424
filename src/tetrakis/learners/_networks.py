"""The size–accuracy path of trained networks, and which of them are worth simplifying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tetrakis.encoding import Encoding
from tetrakis.learners._candidate import Candidate, with_names
from tetrakis.learners._choose import pareto
from tetrakis.learners._convex import convex_trials
from tetrakis.learners._convex_path import convex_candidates, convex_scores
from tetrakis.learners._grid import neighbours, smoothed
from tetrakis.learners._laboratory import Laboratory, Progress, Trial, worth_simplifying
from tetrakis.learners._problem import Problem
from tetrakis.learners._simplified import NetStart
from tetrakis.learners._views import EncodedView, Split
from tetrakis.network import FixedPointResNet
from tetrakis.training import Settings, to_networks

#: Of networks that are trained again on other splits.
RESTARTS = 3
#: Networks so many times larger than the largest budget are looked at closely, as starts.
LARGER = 4


def trained_networks(
    lab: Laboratory, problem: Problem, splits: Sequence[Split], guard: Split | None,
    whole: Split, first: Sequence[Settings], max_gates: Sequence[int], effort: float,
    again: Sequence[Split] = (),
) -> tuple[tuple[Candidate, ...], tuple[NetStart, ...]]:  # fmt: skip
    """Train networks: their size–accuracy path, and those worth simplifying.

    With guard rows, those worth simplifying are trained anew on the splits `again`, as the guard
    rows have chosen them among many and would flatter them.
    """
    likes = lab.encodings(whole, first)
    explored = lab.run(first, splits, likes, (0.0, 0.5), "exploring", steps=0.6)
    if guard is not None:
        found = explored
        sizes = [*max_gates, *([LARGER * max(max_gates)] if max_gates else [])]
        for start, stop in ((0.5, 0.65), (0.65, 0.8)):
            scored = [(t.trained.settings, t.held_score, float(t.num_gates)) for t in found]
            chosen = neighbours(scored, sizes, lab.plan, effort, vary=True)
            found = found + lab.run(chosen, [whole], likes, (start, stop), "training more")
        scored = smoothed([(t.trained.settings, t.held_score, float(t.num_gates)) for t in found])
        best = worth_simplifying(
            problem, len(whole.held),
            [(held, t.num_gates, t) for (_, held, _), t in zip(scored, found, strict=True)],
            max_gates,
        )  # fmt: skip
        nets = [NetStart(_label(t.trained.settings), (_with_network(t),)) for t in best]
        if again and nets:
            nets = _trained_again(lab, [t.trained.settings for t in best], again, likes)
        return _finish(problem, found, "circuit", lab.report), tuple(nets)
    means = _fold_means(explored, first, len(splits))
    scored = [(s, held, gates) for s, (held, _, gates) in means.items()]
    for setting, held, gates in smoothed(scored):  # or the luckiest setting would win
        means[setting] = (held, means[setting][1], gates)
    chosen = neighbours(scored, max_gates, lab.plan, effort, vary=False)
    refined = lab.run(chosen, [whole], likes, (0.5, 0.9), "training on all rows")
    known = {t.trained.settings for t in refined}
    best_settings = worth_simplifying(
        problem, len(whole.train), [(h, g, s) for s, (h, _, g) in means.items() if s in known],
        max_gates,
    )  # fmt: skip
    nets = []
    for setting in best_settings:
        place = list(first).index(setting) * len(splits)
        last = max((t for t in refined if t.trained.settings == setting), key=_fit)
        trials = [*explored[place : place + len(splits)], last]
        nets.append(NetStart(_label(setting), tuple(_with_network(t) for t in trials)))
    return _finish(problem, _expected(refined, means), "settings", lab.report), tuple(nets)


def _trained_again(
    lab: Laboratory, settings: Sequence[Settings], splits: Sequence[Split],
    likes: dict[int, Encoding],
) -> list[NetStart]:  # fmt: skip
    """Train settings on other splits; of a few restarts the one that fits best is taken."""
    unique = list(dict.fromkeys(settings))
    trials = lab.run(
        [s for s in unique for _ in range(RESTARTS)], splits, likes, (0.8, 0.9), "training again"
    )
    nets, step = [], RESTARTS * len(splits)
    for k, setting in enumerate(unique):
        own = trials[k * step : (k + 1) * step]
        best = [max(own[place :: len(splits)], key=_fit) for place in range(len(splits))]
        nets.append(NetStart(_label(setting), tuple(_with_network(t) for t in best)))
    return nets


def convex_networks(
    lab: Laboratory, splits: Sequence[Split], guard: Split | None, whole: Split,
    max_gates: Sequence[int], effort: float,
) -> tuple[tuple[Candidate, ...], tuple[NetStart, ...]]:  # fmt: skip
    """Solve convex programs: the networks as compiled, and those worth simplifying."""
    guarded = guard is not None
    trials = convex_trials(
        lab.problem, splits, whole, impute=lab.impute, effort=effort, jobs=lab.threads,
        report=lambda text, f: lab.report(text, 0.7 * f),
    )  # fmt: skip
    lab.n_trained += sum(len(group) for group in trials)
    held = convex_scores(trials, guarded=guarded)
    sizes = [lab.problem.compile(t.fixed, thorough=False).num_gates for t in trials[-1]]
    found = convex_candidates(
        lab.problem, trials[-1], held, sizes, guarded=guarded,
        report=lambda text, f: lab.report(text, 0.7 + 0.3 * f),
    )  # fmt: skip
    n_held = len(whole.held) if guarded else len(whole.train)
    best = worth_simplifying(
        lab.problem, n_held,
        [(h, size, k) for k, (h, size) in enumerate(zip(held, sizes, strict=True))], max_gates,
    )  # fmt: skip
    nets = tuple(
        NetStart(
            trials[-1][k].settings.label, tuple((g[k].where, g[k].fixed) for g in trials), "convex"
        )
        for k in best
    )
    return found, nets


def _fit(trial: Trial) -> float:
    return trial.train_score


def _with_network(trial: Trial) -> tuple[EncodedView, FixedPointResNet]:
    return trial.where, to_networks(trial.trained, trial.where.view.bits)[1]


def _fold_means(
    trials: list[Trial], settings: Sequence[Settings], n_splits: int
) -> dict[Settings, tuple[float, float, float]]:
    """Mean held-out score, training score and AND nodes of every setting over the folds."""
    table = np.array([(t.held_score, t.train_score, t.num_gates) for t in trials])
    means = table.reshape(len(settings), n_splits, 3).mean(axis=1)
    return {s: (float(a), float(b), float(c)) for s, (a, b, c) in zip(settings, means, strict=True)}


def _expected(
    trials: list[Trial], means: dict[Settings, tuple[float, float, float]]
) -> list[Trial]:
    """Give networks trained on all rows the held-out score to expect of them.

    It is that of their settings, lowered by as much as they fit their rows worse than the best
    network of the same settings, and than the folds' networks on average fitted theirs.
    """
    best = {s: fitted for s, (_, fitted, _) in means.items()}
    for trial in trials:
        best[trial.trained.settings] = max(best[trial.trained.settings], trial.train_score)
    return [
        replace(t, held_score=means[s][0] - (best[s] - t.train_score))
        for t, s in ((t, t.trained.settings) for t in trials)
    ]


def _finish(
    problem: Problem, trials: list[Trial], held_out_of: str, report: Progress
) -> tuple[Candidate, ...]:
    """Optimise the circuits that can matter and keep the Pareto front."""
    trials = _contenders(trials)
    found = []
    for index, trial in enumerate(trials):
        report("optimising circuits", 0.9 + 0.1 * index / len(trials))
        network, fixed = to_networks(trial.trained, trial.where.view.bits)
        circuit = problem.compile(fixed)
        encoding = trial.where.encoding.with_output(problem.output(fixed, circuit))
        found.append(
            Candidate(
                with_names(circuit, encoding), encoding, trial.train_score, trial.held_score,
                held_out_of, _label(trial.trained.settings), trained=(network, fixed),
            )
        )  # fmt: skip
    return pareto(found)


def _contenders(trials: list[Trial], slack: float = 1.3) -> list[Trial]:
    """Drop what is beaten by a circuit smaller by more than `slack` (optimising can't mend it)."""
    kept = []
    for trial in trials:
        key = (trial.held_score, trial.train_score)
        if not any(
            (o.held_score, o.train_score) >= key and o.num_gates * slack < trial.num_gates
            for o in trials
        ):
            kept.append(trial)
    return kept


def _label(settings: Settings) -> str:
    kind = f"relu, {settings.activation_bits}-bit" if settings.hidden else "linear"
    return (
        f"{kind}, inputs {settings.input_bits}-bit, "
        f"δ={settings.allowance:.3g}, α={settings.alpha:.3g}"
    )
