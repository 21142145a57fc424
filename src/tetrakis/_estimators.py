"""What estimators in scikit-learn's conventions share: checks, seeds, and outputs of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from tetrakis.network import ResNet

RandomState = int | np.random.RandomState | None


def checked_labels(model: Any, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray, NDArray]:
    """Return the rows to fit `model` to, the classes, and for each row the index of its class."""
    X, y = validate_data(model, X, y, dtype=np.float64, ensure_min_samples=2)
    check_classification_targets(y)
    classes, labels = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"Expected two classes or more, got one class: {classes[0]!r}.")
    return X, classes, labels


def checked_values(
    model: Any, X: Any, y: Any, *, multi_output: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rows and values to fit `model` to."""
    X, y = validate_data(
        model, X, y, dtype=np.float64, y_numeric=True, multi_output=multi_output,
        ensure_min_samples=2,
    )  # fmt: skip
    return X, np.asarray(y, np.float64)


def seed_of(random_state: RandomState) -> int:
    """Return a whole number as it is; draw one from a RandomState, or from nowhere for None."""
    if random_state is None or isinstance(random_state, np.random.RandomState):
        source = np.random.RandomState() if random_state is None else random_state
        return int(source.randint(2**31 - 1))
    return int(random_state)


def generator_of(random_state: RandomState) -> np.random.Generator:
    """Return a generator whose seed `check_random_state` draws."""
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))


class NetworkEstimator(BaseEstimator):
    """Has a float network that reads rows as they were given to `fit`."""

    network_: ResNet

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        """Compute outputs of the network, shape (n, n_outputs)."""
        check_is_fitted(self, "network_")
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self.network_.evaluate(X)


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """Predicts with the network: one output for two classes, else one for every class."""

    classes_: NDArray

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Compute outputs of the network, shape (n,) for two classes, else (n, n_classes)."""
        F = self._outputs(X)
        return F[:, 0] if F.shape[1] == 1 else F

    def predict(self, X: Any) -> NDArray:
        """Predict labels of rows `X` with the network."""
        F = self._outputs(X)
        chosen = (F[:, 0] > 0).astype(int) if F.shape[1] == 1 else F.argmax(axis=1)
        return self.classes_[chosen]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Compute probabilities of the classes, shape (n, n_classes)."""
        F = self._outputs(X)
        F = np.concatenate([np.zeros_like(F), F], axis=1) if F.shape[1] == 1 else F
        P = np.exp(F - F.max(axis=1, keepdims=True))
        return P / P.sum(axis=1, keepdims=True)
