"""Fitted scikit-learn trees as table networks, with a certificate for the rounding of leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.certificate import Certificate
from tetrakis.circuit import DecisionTree, network_from_trees
from tetrakis.errors import DataError
from tetrakis.network import FixedPointFormat, FixedPointResNet

Part = tuple[int, NDArray, NDArray, NDArray, NDArray, NDArray]
_OUTWARD = 1 + 1e-9


def table_network(
    model: Any, inputs: Sequence[FixedPointFormat], *, leaf_bits: int = 8, most_pins: int = 6
) -> tuple[FixedPointResNet, Certificate]:
    """Convert fitted trees to a table network: tests exactly, leaves rounded to a grid.

    Parameters
    ----------
    model : fitted scikit-learn estimator
        DecisionTree, GradientBoosting or HistGradientBoosting, -Classifier or -Regressor, with
        one target, fitted to values of codes (``code * 2**exponent``).
    inputs : sequence of FixedPointFormat
        Of the features, at most 24 bits each.
    leaf_bits : int
        Leaves are rounded to ``2**-leaf_bits`` of the largest one's power of two.
    most_pins : int
        See `tetrakis.circuit.network_from_trees`.

    Returns
    -------
    network : FixedPointResNet
        Outputs: the prediction of a regressor; the raw score of boosted trees (one for two
        classes, else one for each); one output a class, 1 for the one that is predicted, of a
        single classification tree.
    certificate : Certificate
        Largest distance from the model's float sum over all codes; 0 for a classification tree.

    Raises
    ------
    DataError
        If the model is of another kind, isn't fitted, has several targets or categorical splits,
        or the features don't match the formats.
    """
    found = _parts(model)
    if found is None:
        raise DataError(
            f"a {type(model).__name__} can't be turned into tables, or isn't fitted.",
            remedy="Give fitted decision trees, gradient boosting or histogram gradient boosting.",
        )
    parts, base = found
    count = int(model.n_features_in_)
    if count != len(inputs) or any(form.bits > 24 for form in inputs):
        raise DataError(
            f"expected {count} formats of at most 24 bits, got {len(inputs)} of up to "
            f"{max((form.bits for form in inputs), default=0)}."
        )
    largest = max((float(np.abs(values).max()) for *_, values in parts), default=0.0)
    exponent = int(np.ceil(np.log2(largest))) - leaf_bits if largest > 0 else 0
    if _is_vote(model):
        exponent = 0
    error = np.abs(base - np.ldexp(np.rint(np.ldexp(base, -exponent)), exponent))
    trees = []
    for output, feature, threshold, left, right, values in parts:
        whole = np.rint(np.ldexp(values, -exponent)).astype(np.int64)
        leaf = left < 0
        error[output] += np.abs(np.ldexp(whole.astype(float), exponent) - values)[leaf].max()
        grain = np.array([float(inputs[f].exponent) for f in np.where(leaf, 0, feature)])
        codes = np.floor(np.where(leaf, 0.0, threshold) * np.exp2(-grain)).astype(np.int64) + 1
        value = whole if whole.ndim == 2 else np.zeros((len(leaf), len(base)), np.int64)
        if whole.ndim == 1:
            value[:, output] = whole
        trees.append(DecisionTree(np.where(leaf, 0, feature), codes, left, right, value))
    offset = np.rint(np.ldexp(base, -exponent)).astype(np.int64)
    network = network_from_trees(
        inputs, trees, offset=offset.tolist(), most_pins=most_pins, output_exponent=exponent
    )
    return network, Certificate(
        quantity="sup error",
        value=float(error.max()) * _OUTWARD,
        scope=f"every code; all {len(base)} outputs; the model's float sum",
        method="certified: rounding of leaves, summed over trees",
    )


def _is_vote(model: Any) -> bool:
    return type(model).__name__ == "DecisionTreeClassifier"


def _parts(model: Any) -> tuple[list[Part], NDArray] | None:
    """Return the trees, (output, feature, threshold, left, right, values), and the base."""
    name = type(model).__name__
    if name in ("DecisionTreeRegressor", "DecisionTreeClassifier") and hasattr(model, "tree_"):
        if model.n_outputs_ != 1:
            raise DataError(f"expected one target, the model has {model.n_outputs_}.")
        values = model.tree_.value[:, 0, :]
        if name == "DecisionTreeRegressor":
            return [_of_tree(0, model.tree_, values[:, 0])], np.zeros(1)
        votes = np.eye(values.shape[1])[values.argmax(axis=1)]
        return [_of_tree(0, model.tree_, votes)], np.zeros(values.shape[1])
    if name.startswith("GradientBoosting") and hasattr(model, "estimators_"):
        base = np.asarray(model._raw_predict_init(np.zeros((1, model.n_features_in_))))[0]
        rate = model.learning_rate
        return [
            _of_tree(k, tree.tree_, rate * tree.tree_.value[:, 0, 0])
            for stage in model.estimators_
            for k, tree in enumerate(stage)
        ], base.astype(np.float64)
    if name.startswith("HistGradientBoosting") and hasattr(model, "_predictors"):
        if model.is_categorical_ is not None and np.any(model.is_categorical_):
            raise DataError("categorical splits can't be turned into thresholds.")
        base = np.asarray(model._baseline_prediction, np.float64).reshape(-1)
        return [
            _of_nodes(k, p.nodes) for made in model._predictors for k, p in enumerate(made)
        ], base
    return None


def _of_tree(output: int, tree: Any, values: NDArray) -> Part:
    return (
        output, tree.feature, tree.threshold, tree.children_left.astype(np.int64),
        tree.children_right.astype(np.int64), values,
    )  # fmt: skip


def _of_nodes(output: int, nodes: Any) -> Part:
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    feature = np.where(leaf, 0, nodes["feature_idx"].astype(np.int64))
    threshold = np.where(leaf, 0.0, nodes["num_threshold"])
    return output, feature, threshold, left, right, np.asarray(nodes["value"], np.float64)
