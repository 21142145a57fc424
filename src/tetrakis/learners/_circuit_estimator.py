"""What estimators that end in a circuit share."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from tetrakis._estimators import checked_labels, checked_values
from tetrakis.circuit import Aig, simulate_rows
from tetrakis.datasets import Table, table_from_arrays
from tetrakis.encoding import Encoding
from tetrakis.learners._problem import Task

_ROWS_AT_ONCE = 65_536


class CircuitEstimator(BaseEstimator):
    """Runs its circuit on rows."""

    encoding_: Encoding
    circuit_: Aig
    classes_: NDArray

    def _integers(self, X: Any) -> NDArray[np.int64]:
        """Run the circuit on rows: integers of its output word."""
        check_is_fitted(self, "circuit_")
        X = validate_data(self, X, reset=False, dtype=np.float64)
        output = self.encoding_.output
        assert output is not None
        parts = [
            output.integers(
                simulate_rows(self.circuit_, self.encoding_.encode_bits(X[i : i + _ROWS_AT_ONCE]))
            )
            for i in range(0, len(X), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _circuit_labels(self, X: Any) -> NDArray:
        indices = self._integers(X)
        return self.classes_[np.minimum(indices, len(self.classes_) - 1)]

    def _circuit_values(self, X: Any) -> NDArray[np.float64]:
        integers = self._integers(X)
        output = self.encoding_.output
        assert output is not None
        return output.offset + output.scale * integers.astype(np.float64)

    def _fit(self, table: Table, task: Task) -> None:
        """Find the circuit; targets of a classification are indices of classes."""
        raise NotImplementedError


class CircuitClassifier(ClassifierMixin, CircuitEstimator):
    """Fit and predict labels."""

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` of shape (n_samples, n_features) and labels `y`."""
        X, self.classes_, labels = checked_labels(self, X, y)
        self._fit(table_from_arrays(X, labels.astype(float)), "classification")
        return self

    def predict(self, X: Any) -> NDArray:
        """Predict labels of rows `X` by running the circuit."""
        return self._circuit_labels(X)


class CircuitRegressor(RegressorMixin, CircuitEstimator):
    """Fit and predict values."""

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` of shape (n_samples, n_features) and values `y` of shape (n_samples,)."""
        self._fit(table_from_arrays(*checked_values(self, X, y)), "regression")
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict values of rows `X` by running the circuit."""
        return self._circuit_values(X)
