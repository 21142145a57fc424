"""Search: train many small networks, compile each, and keep the size–accuracy path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tetrakis.encoding import Encoding
from tetrakis.learners._candidate import Candidate
from tetrakis.learners._choose import pareto
from tetrakis.learners._convex import convex_trials
from tetrakis.learners._convex_path import convex_candidates, convex_scores
from tetrakis.learners._grid import explore_settings, neighbours, plan_for, smoothed
from tetrakis.learners._problem import Problem
from tetrakis.learners._simplified import KINDS, NetStart, StartOptions, simplified
from tetrakis.learners._views import EncodedView, Split, encode_view, folds, guard_split
from tetrakis.network import FixedPointResNet
from tetrakis.training import Job, Plan, Settings, TrainedNetwork, to_networks, train

Progress = Callable[[str, float], None]
CROSS_VALIDATE_BELOW = 8000
MANY_FOLDS_BELOW = 3000
N_FOLDS = (5, 3)
GUARD_ROWS = 2000
GUARD_SHARES = (0.1, 0.2)
NET_GATES = 6000
MOST_NETS = 2
NO_WORSE = 0.25


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The size–accuracy path and how its scores were measured.

    Parameters
    ----------
    path : tuple of Candidate
    held_out : str
        How held-out scores were measured, in words.
    standard_error : float
        Of the best held-out score.
    split : Split or None
        Rows trained on and guard rows; None for cross-validation.
    n_folds : int
        Cross-validation folds; 0 with guard rows.
    n_trained : int
        Networks trained.
    """

    path: tuple[Candidate, ...]
    held_out: str
    standard_error: float
    split: Split | None
    n_folds: int
    n_trained: int


@dataclass(frozen=True, eq=False)
class _Trial:
    """One trained network with its sizes and scores."""

    trained: TrainedNetwork
    where: EncodedView
    num_gates: int
    train_score: float
    held_score: float


def search(
    problem: Problem,
    *,
    guard: Split | None = None,
    max_gates: Sequence[int] = (),
    impute: str | None = None,
    seed: int = 0,
    effort: float = 1.0,
    jobs: int = 1,
    settings: Sequence[Settings] | None = None,
    starts: Sequence[str] = KINDS,
    simplify: bool = True,
    progress: Progress | None = None,
) -> SearchResult:
    """Search for small circuits that fit `problem`.

    Tables below 8,000 rows (Boolean ones below 3,000) are cross-validated: settings are scored on
    held-out folds, then networks of the best settings are trained on all rows. Larger tables set
    guard rows aside, and every circuit is scored on them.

    Parameters
    ----------
    problem : Problem
    guard : Split, optional
        Given rows to train on and to choose on.
    max_gates : sequence of int
        Sizes to look at closely; the whole range when empty.
    impute : {"median", "mode"}, optional
    seed : int
    effort : float
        Scales the number of training steps and restarts.
    jobs : int
        Threads to train in; the result doesn't depend on it.
    settings : sequence of Settings, optional
        Settings to explore, instead of the built-in grid.
    starts : sequence of {"resnet", "convex", "tree", "boosted", "fringe", "table"}
        What to simplify; networks as they were trained are looked at only with ``"resnet"`` and
        ``"convex"``.
    simplify : bool
        Without, networks are compiled as they were trained, and trees are left out.
    progress : callable, optional
        Called with a text and the fraction done.

    Returns
    -------
    SearchResult
    """
    report = progress or (lambda text, fraction: None)
    given = guard is not None
    n = problem.table.n_rows
    if guard is None and n >= (MANY_FOLDS_BELOW if problem.table.boolean else CROSS_VALIDATE_BELOW):
        guard = guard_split(problem, float(np.clip(GUARD_ROWS / n, *GUARD_SHARES)), seed)
    splits = folds(problem, _fold_count(problem), seed) if guard is None else [guard]
    whole = Split(np.arange(n), np.arange(0)) if guard is None else guard
    half = 0.5 if set(starts) != {"resnet"} else 0.4
    lab = _Laboratory(
        problem, impute, plan_for(problem, whole, effort), seed, jobs,
        lambda text, f: report(text, half * f),
    )  # fmt: skip
    trained: tuple[Candidate, ...] = ()
    nets: tuple[NetStart, ...] = ()
    if "resnet" in starts:
        first = list(settings) if settings is not None else explore_settings(problem, effort)
        trained, nets = _networks(lab, problem, splits, guard, whole, first, max_gates, effort)
    if "convex" in starts:
        more, others = _convex_networks(lab, splits, guard, whole, max_gates, effort)
        trained, nets = trained + more, nets + others
    options = StartOptions(
        tuple(starts), tuple(max_gates), impute, seed, jobs, effort,
        lambda text, f: report(text, half + (1 - half) * f),
    )  # fmt: skip
    edited: tuple[Candidate, ...] = ()
    if simplify:
        edited = simplified(problem, splits, refit=not given, nets=nets, options=options)
    path = pareto([*trained, *edited])
    text = _held_out_text(path, splits, guard)
    best = max(path, key=lambda c: c.held_out_score)
    error = _standard_error(problem, best.held_out_score, n if guard is None else len(whole.held))
    n_folds = len(splits) if guard is None else 0
    return SearchResult(path, text, error, guard, n_folds, lab.n_trained)


def _networks(
    lab: _Laboratory, problem: Problem, splits: Sequence[Split], guard: Split | None,
    whole: Split, first: Sequence[Settings], max_gates: Sequence[int], effort: float,
) -> tuple[tuple[Candidate, ...], tuple[NetStart, ...]]:  # fmt: skip
    """Train networks: their size–accuracy path, and those worth simplifying."""
    likes = lab.encodings(whole, first)
    explored = lab.run(first, splits, likes, (0.0, 0.5), "exploring", steps=0.6)
    if guard is not None:
        found = explored
        for start, stop in ((0.5, 0.7), (0.7, 0.9)):
            scored = [(t.trained.settings, t.held_score, float(t.num_gates)) for t in found]
            chosen = neighbours(scored, max_gates, lab.plan, effort, vary=True)
            found = found + lab.run(chosen, [whole], likes, (start, stop), "training more")
        scored = smoothed([(t.trained.settings, t.held_score, float(t.num_gates)) for t in found])
        best = _worth_simplifying(
            problem, len(whole.held),
            [(held, t.num_gates, t) for (_, held, _), t in zip(scored, found, strict=True)],
            max_gates,
        )  # fmt: skip
        nets = [NetStart(_label(t.trained.settings), (_with_network(t),)) for t in best]
        return _finish(problem, found, "circuit", lab.report), tuple(nets)
    means = _fold_means(explored, first, len(splits))
    scored = [(s, held, gates) for s, (held, _, gates) in means.items()]
    for setting, held, gates in smoothed(scored):  # or the luckiest setting would win
        means[setting] = (held, means[setting][1], gates)
    chosen = neighbours(scored, max_gates, lab.plan, effort, vary=False)
    refined = lab.run(chosen, [whole], likes, (0.5, 0.9), "training on all rows")
    known = {t.trained.settings for t in refined}
    best_settings = _worth_simplifying(
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


def _convex_networks(
    lab: _Laboratory, splits: Sequence[Split], guard: Split | None, whole: Split,
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
    best = _worth_simplifying(
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


def _fit(trial: _Trial) -> float:
    return trial.train_score


def _with_network(trial: _Trial) -> tuple[EncodedView, FixedPointResNet]:
    return trial.where, to_networks(trial.trained, trial.where.view.bits)[1]


def _worth_simplifying(
    problem: Problem, n_held: int, scored: Sequence[tuple[float, float, Any]],
    max_gates: Sequence[int],
) -> list[Any]:  # fmt: skip
    """Pick the best of all sizes, and the best of up to a few times each budget.

    Of those as good as the best one, to a quarter of its standard error, the smallest is taken.
    """
    limits = [NET_GATES, *(5 * g for g in max_gates)]
    found = []
    for limit in limits:
        within = [(held, gates, k) for k, (held, gates, _) in enumerate(scored) if gates <= limit]
        if within:
            best = max(held for held, _, _ in within)
            least = best - NO_WORSE * _standard_error(problem, best, n_held)
            found.append(min((g, -h, k) for h, g, k in within if h >= least)[2])
    return [scored[k][2] for k in dict.fromkeys(found)][:MOST_NETS]


def _held_out_text(path: Sequence[Candidate], splits: Sequence[Split], guard: Split | None) -> str:
    """Say how held-out scores were measured."""
    kinds = {c.held_out_of for c in path}
    rows = 0 if guard is None else len(guard.held)
    where = f"{len(splits)} cross-validation folds" if guard is None else f"{rows} guard rows"
    texts = {
        "circuit": f"this circuit on {rows} rows that it was not learnt from",
        "settings": f"mean over {where} of circuits found with like settings at its size, moved by"
        " how much better or worse this circuit does than those on fresh rows labelled by a"
        " teacher, or lowered by what it fits its own rows worse than the best one alike",
    }
    return "; or ".join(texts[k] for k in sorted(kinds))


def _fold_count(problem: Problem) -> int:
    n = problem.table.n_rows
    most = N_FOLDS[0] if n < MANY_FOLDS_BELOW else N_FOLDS[1]
    if problem.task == "classification":
        return int(np.clip(np.bincount(problem.target).min(), 2, most))
    return min(most, n)


def _standard_error(problem: Problem, score: float, n: int) -> float:
    """Binomial for accuracy; for R² that of a mean of n squared errors of a normal variable."""
    miss = 1.0 - score
    if problem.task == "classification":
        return float(np.sqrt(max(miss * (1 - miss), 1 / n) / n))
    return float(max(miss, 0.0) * np.sqrt(2 / n))


class _Laboratory:
    """Trains settings on splits and measures what comes out."""

    def __init__(
        self, problem: Problem, impute: str | None, plan: Plan, seed: int, threads: int,
        report: Progress,
    ) -> None:  # fmt: skip
        self.problem, self.impute, self.plan = problem, impute, plan
        self.seed, self.threads, self.report, self.n_trained = seed, threads, report, 0

    def encodings(self, whole: Split, settings: Sequence[Settings]) -> dict[int, Encoding]:
        """Fix the encoding of the rows that the final networks see, for all bits in use."""
        widths = sorted({s.input_bits for s in settings})
        return {b: encode_view(self.problem, whole, b, self.impute).encoding for b in widths}

    def run(
        self, settings: Sequence[Settings], splits: Sequence[Split], likes: dict[int, Encoding],
        span: tuple[float, float], text: str, *, steps: float = 1.0,
    ) -> list[_Trial]:  # fmt: skip
        """Train every setting on every split (settings outermost) and measure each network."""
        widths = sorted({s.input_bits for s in settings})
        views = [
            encode_view(self.problem, split, bits, self.impute, like=likes[bits])
            for split in splits
            for bits in widths
        ]
        jobs = [
            Job(s, place * len(widths) + widths.index(s.input_bits))
            for s in settings
            for place in range(len(splits))
        ]
        plan = replace(self.plan, steps=int(self.plan.steps * steps))
        trained = train(
            jobs, [v.view for v in views], self.problem.standardised, plan,
            seed=self.seed + self.n_trained, threads=self.threads,
            progress=lambda f: self.report(text, span[0] + f * (span[1] - span[0])),
        )  # fmt: skip
        self.n_trained += len(jobs)
        return [
            self._measure(network, views[job.view])
            for job, network in zip(jobs, trained, strict=True)
        ]

    def _measure(self, trained: TrainedNetwork, where: EncodedView) -> _Trial:
        _, fixed = to_networks(trained, where.view.bits)
        scores = [
            self.problem.score(fixed, where.view.codes, rows) if len(rows) else float("nan")
            for rows in (where.view.rows, where.held)
        ]
        gates = self.problem.compile(fixed, thorough=False).num_gates
        return _Trial(trained, where, gates, *scores)


def _fold_means(
    trials: list[_Trial], settings: Sequence[Settings], n_splits: int
) -> dict[Settings, tuple[float, float, float]]:
    """Mean held-out score, training score and AND nodes of every setting over the folds."""
    table = np.array([(t.held_score, t.train_score, t.num_gates) for t in trials])
    means = table.reshape(len(settings), n_splits, 3).mean(axis=1)
    return {s: (float(a), float(b), float(c)) for s, (a, b, c) in zip(settings, means, strict=True)}


def _expected(
    trials: list[_Trial], means: dict[Settings, tuple[float, float, float]]
) -> list[_Trial]:
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
    problem: Problem, trials: list[_Trial], held_out_of: str, report: Progress
) -> tuple[Candidate, ...]:
    """Optimise the circuits that can matter and keep the Pareto front."""
    trials = _contenders(trials)
    found = []
    for index, trial in enumerate(trials):
        report("optimising circuits", 0.9 + 0.1 * index / len(trials))
        network, fixed = to_networks(trial.trained, trial.where.view.bits)
        circuit = problem.compile(fixed)
        encoding = trial.where.encoding.with_output(problem.output(fixed, circuit))
        named = replace(
            circuit, input_names=encoding.input_names, output_names=encoding.output_names
        )
        found.append(
            Candidate(
                named, encoding, trial.train_score, trial.held_score, held_out_of,
                _label(trial.trained.settings), trained=(network, fixed),
            )
        )  # fmt: skip
    return pareto(found)


def _contenders(trials: list[_Trial], slack: float = 1.3) -> list[_Trial]:
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
