"""Estimators: compositions of small functions, one network for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.errors import GraphError
from tetrakis.graphs import BaseGraph, Tree, balanced, lift
from tetrakis.graphs import tree as tree_graph
from tetrakis.learners._lift_base import (
    LiftClassifier,
    LiftEstimator,
    LiftRegressor,
    check_columns,
    check_whole,
)
from tetrakis.lifts import Loss, TrainedLift, Training, train_lifts


class _Compositional(LiftEstimator):
    """What classifier and regressor share."""

    tree_: Tree

    def __init__(
        self,
        tree: Tree | str = "balanced",
        *,
        units: int = 8,
        restarts: int = 4,
        learning_rate: float = 0.02,
        max_iter: int = 3000,
        batch_size: int = 256,
        search_iter: int = 300,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.tree = tree
        self.units = units
        self.restarts = restarts
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.search_iter = search_iter
        self.random_state = random_state

    def _train(
        self, X: NDArray, y: NDArray, loss: Loss, n_outputs: int, rng: np.random.Generator
    ) -> tuple[BaseGraph, TrainedLift]:
        check_whole("units", self.units)
        check_whole("restarts", self.restarts)
        batch = check_whole("batch_size", self.batch_size)
        plan = Training(loss, "adam", check_whole("max_iter", self.max_iter), self.learning_rate,
                        batch)  # fmt: skip
        d = X.shape[1]
        if not isinstance(self.tree, str):
            self.tree_ = self.tree
        elif self.tree == "balanced" or d < 3:
            self.tree_ = balanced(range(d)) if d > 1 else (0,)
        elif self.tree == "search":
            quick = Training(loss, "adam", check_whole("search_iter", self.search_iter),
                             self.learning_rate, batch)  # fmt: skip
            self.tree_ = self._search(X, y, quick, n_outputs, rng)
        else:
            raise GraphError(f"tree: expected a tree, balanced or search, got {self.tree!r}.")
        graph = check_columns(tree_graph(self.tree_, n_outputs=n_outputs), d, n_outputs)
        return graph, self._best(graph, X, y, plan, rng)

    def _best(
        self, graph: BaseGraph, X: NDArray, y: NDArray, plan: Training, rng: np.random.Generator
    ) -> TrainedLift:
        nets = [lift(graph, self.units, None, rng) for _ in range(self.restarts)]
        found = train_lifts(nets, X, y, plan, seed=int(rng.integers(2**31)))
        return min(found, key=lambda f: f.loss)

    def _search(
        self, X: NDArray, y: NDArray, plan: Training, n_outputs: int, rng: np.random.Generator
    ) -> Tree:
        """Join two groups at a time: the pair whose joining leaves the least loss.

        The groups that aren't joined yet all enter the last constituent.
        """
        groups: list[Tree] = list(range(X.shape[1]))
        while len(groups) > 2:
            best: tuple[float, list[Tree]] | None = None
            for i in range(len(groups)):
                for j in range(i + 1, len(groups)):
                    rest = [g for k, g in enumerate(groups) if k not in (i, j)]
                    trial = [*rest, (groups[i], groups[j])]
                    shape, columns = _canonical(trial)
                    graph = tree_graph(shape, n_outputs=n_outputs)
                    value = self._best(graph, X[:, columns], y, plan, rng).loss
                    if best is None or value < best[0]:
                        best = (value, trial)
            assert best is not None
            groups = best[1]
        return tuple(groups)


def _canonical(nodes: list[Tree]) -> tuple[Tree, list[int]]:
    """Sort a node's children by shape and number columns as they come.

    Returns
    -------
    tree
        Equal for trees that differ in their columns only: these are compiled once.
    list of int
        The column that each number stands for.
    """
    columns: list[int] = []

    def shape(node: Tree) -> str:
        return "(" + "".join(map(shape, node)) + ")" if isinstance(node, tuple) else "."

    def renamed(node: Tree) -> Tree:
        if isinstance(node, tuple):
            return tuple(renamed(child) for child in node)
        columns.append(int(node))
        return len(columns) - 1

    return renamed(tuple(sorted(nodes, key=shape))), columns


class CompositionalRegressor(LiftRegressor, _Compositional):
    """Regressor that is a tree of small relu networks, one for every constituent function.

    Every constituent but the last hands one number to the next; weights aren't shared.

    Parameters
    ----------
    tree : nested sequence of int, 'balanced' or 'search'
        ``((0, 1), (2, 3))`` is h(g(x0, x1), g'(x2, x3)); a node may have any number of children.
        'balanced' joins neighbours. 'search' joins groups of columns greedily, each time the pair
        that leaves the least training loss after a short training: about d³/6 short trainings.
    units : int
        Relus of every constituent.
    restarts : int
        Trainings from different weights, side by side; the best training loss stays.
    learning_rate : float
        Of Adam, falling along a half cosine.
    max_iter, batch_size : int
    search_iter : int
        Steps of a training during the search.
    random_state : int, RandomState or None

    Attributes
    ----------
    tree_ : nested tuple of int
    network_ : ResNet
        Inputs and outputs in the units of the data.
    lift_ : Lift
    graph_ : BaseGraph
    loss_ : float
        Mean squared error on the training rows, in units of the target's variance.
    n_iter_, n_features_in_ : int
    path_, encoding_, fixed_point_, circuit_, certificate_, held_out_score_, rule_
        After `compress`.

    References
    ----------
    [Poggio19]; THEORY section 9. The training is ours.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).uniform(-1, 1, (500, 4))
    >>> y = np.abs(X[:, 0] + X[:, 1]) * (X[:, 2] - X[:, 3])
    >>> model = CompositionalRegressor(((0, 1), (2, 3)), max_iter=500, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """


class CompositionalClassifier(LiftClassifier, _Compositional):
    """Classifier that is a tree of small relu networks, one for every constituent function.

    Logistic loss for two classes, softmax for more (the last constituent has an output per class).

    Parameters
    ----------
    tree, units, restarts, learning_rate, max_iter, batch_size, search_iter, random_state
        As in `CompositionalRegressor`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    tree_, network_, lift_, graph_, loss_, n_iter_, n_features_in_
        As in `CompositionalRegressor`; the loss is in nats.
    path_, encoding_, fixed_point_, circuit_, certificate_, held_out_score_, rule_
        After `compress`.

    References
    ----------
    [Poggio19]; THEORY section 9. The training is ours.
    """
