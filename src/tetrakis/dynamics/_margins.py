"""Margins of any classifier, normalised, with generalisation figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.dynamics._norms import Figure, frobenius_product, norm_figures
from tetrakis.errors import BudgetError, DataError
from tetrakis.measures import path_norm, resnet_norm
from tetrakis.network import ResNet


@dataclass(frozen=True, eq=False)
class MarginReport:
    """Margins of a classifier on rows.

    Parameters
    ----------
    margins : ndarray, shape (n,)
        y f(x) with y = ±1 for one output, f_y − max of the others for several; negative is wrong.
    norms : dict from name to float
        What margins are divided by: ``path norm``, ``ResNet norm`` and ``Frobenius product`` of a
        network, ``weight norm`` of a linear classifier.
    figures : tuple of Figure
        Bounds of the error on unseen rows that hold with probability 1 − delta each, if these rows
        are independent and were the ones trained on, or fresh. 1 says nothing.
    delta : float
    """

    margins: NDArray[np.float64]
    norms: dict[str, float]
    figures: tuple[Figure, ...] = ()
    delta: float = 0.05
    normalised: dict[str, NDArray[np.float64]] = field(init=False)

    def __post_init__(self) -> None:
        divided = {name: self.margins / norm for name, norm in self.norms.items() if norm > 0}
        object.__setattr__(self, "normalised", divided)

    @property
    def minimum(self) -> float:
        """Smallest margin."""
        return float(self.margins.min())

    @property
    def errors(self) -> int:
        """Rows with a margin of 0 or less."""
        return int((self.margins <= 0).sum())

    @property
    def separated(self) -> bool:
        """Whether all margins are positive."""
        return self.errors == 0

    @property
    def message(self) -> str:
        """The outcome in words."""
        if self.separated:
            return f"all {len(self.margins)} rows are separated; least margin {self.minimum:.4g}"
        return (
            f"not separated: {self.errors} of {len(self.margins)} rows are wrong; the least margin "
            f"is {self.minimum:.4g}"
        )

    def quantiles(self, shares: ArrayLike = (0.0, 0.1, 0.5, 0.9)) -> NDArray[np.float64]:
        """Compute quantiles of the margins."""
        return np.quantile(self.margins, np.asarray(shares))


def margin_report(
    classifier: Any, X: ArrayLike, y: ArrayLike, *, delta: float = 0.05
) -> MarginReport:
    """Measure the margins of a classifier.

    Parameters
    ----------
    classifier : object
        With ``decision_function`` and ``classes_``, as in scikit-learn. Its ``network_`` (a
        ResNet) or, if it is linear, its ``coef_`` gives the norms.
    X : array_like, shape (n, n_features)
    y : array_like, shape (n,)
    delta : float
        Probability that a figure is wrong.

    Raises
    ------
    DataError
        If there is no decision function, or a label that the classifier doesn't know, or one class.
    """
    if not hasattr(classifier, "decision_function") or not hasattr(classifier, "classes_"):
        raise DataError(
            f"margins: {type(classifier).__name__} has no decision_function and classes_.",
            remedy="Fit it first, or use a classifier that has them.",
        )
    scores = np.asarray(classifier.decision_function(X), np.float64)
    classes, labels = np.asarray(classifier.classes_), np.asarray(y)
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise DataError(f"margins: labels {unknown[:4].tolist()} aren't among the classes.")
    indices = np.searchsorted(classes, labels)
    network = getattr(classifier, "network_", None)
    if not isinstance(network, ResNet):
        network = None
    coefficients = getattr(classifier, "coef_", None)
    extra = None
    if network is None and coefficients is not None:
        extra = {"weight norm": float(np.linalg.norm(coefficients))}
    radius = float(np.linalg.norm(np.asarray(X, np.float64), axis=1).max())
    return report_of(scores, indices, network=network, norms=extra, radius=radius, delta=delta)


def report_of(
    scores: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    network: ResNet | None = None,
    norms: dict[str, float] | None = None,
    radius: float = 1.0,
    delta: float = 0.05,
) -> MarginReport:
    """Make a report from scores (n,) or (n, n_classes) and class indices (n,).

    Raises
    ------
    DataError
        If there is one class only, or a score isn't finite.
    BudgetError
        If delta isn't between 0 and 1.
    """
    if not 0 < delta < 1:
        raise BudgetError(f"delta: expected a number between 0 and 1, got {delta!r}.")
    if len(np.unique(labels)) < 2:
        raise DataError("margins: expected rows of two classes or more, got one class.")
    if not np.isfinite(scores).all():
        raise DataError("margins: a score isn't finite.")
    if scores.ndim == 1:
        margins = np.where(labels == 1, scores, -scores)
    else:
        own = np.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
        others = scores.copy()
        np.put_along_axis(others, labels[:, None], -np.inf, axis=1)
        margins = own - others.max(axis=1)
    found = dict(norms or {})
    figures: tuple[Figure, ...] = ()
    if network is not None:
        found["path norm"], found["ResNet norm"] = path_norm(network), resnet_norm(network)
        product = frobenius_product(network)
        if product is not None:
            found["Frobenius product"] = product
        if network.n_outputs == 1:
            figures = norm_figures(network, margins, found["path norm"], radius, delta)
    return MarginReport(margins, found, figures, delta)
