"""Margins of classifiers: values, norms, bounds, the command."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import results
from tetrakis.cli import main
from tetrakis.dynamics import margin_bound, margin_report, network_of_layers, random_layers
from tetrakis.errors import BudgetError, DataError
from tetrakis.pipeline import write_folder
from tetrakis.report import margins_figure


def separable(n=60, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, 3))
    return X, np.where(X[:, 0] > 0, "yes", "no")


def test_margins_of_a_linear_classifier():
    X, y = separable()
    model = LogisticRegression(C=1e3, fit_intercept=False).fit(X, y)
    report = margin_report(model, X, y)
    expected = np.where(y == "yes", 1, -1) * (X @ model.coef_[0])
    np.testing.assert_allclose(report.margins, expected)
    np.testing.assert_allclose(
        report.normalised["weight norm"], expected / np.linalg.norm(model.coef_)
    )
    assert report.separated and "all 60 rows are separated" in report.message
    wrong = margin_report(model, X, y[::-1])
    assert not wrong.separated and wrong.errors == (wrong.margins <= 0).sum()
    assert f"not separated: {wrong.errors} of 60" in wrong.message


class Chain:
    """A homogeneous network as a classifier."""

    def __init__(self, scale=1.0):
        layers = [w * scale for w in random_layers([3, 8, 1], np.random.default_rng(0))]
        self.network_ = network_of_layers(layers, [[-4, 4]] * 3)
        self.classes_ = np.array([0, 1])

    def decision_function(self, X):
        return self.network_.evaluate(X)[:, 0]


def test_normalised_margins_do_not_depend_on_scale():
    X, y = separable()
    labels = (y == "yes").astype(int)
    one, two = (margin_report(Chain(s), X, labels) for s in (1.0, 3.0))
    assert set(one.normalised) == {"path norm", "ResNet norm", "Frobenius product"}
    for name, values in one.normalised.items():
        np.testing.assert_allclose(two.normalised[name], values, rtol=1e-9)
        assert abs(values).max() <= 1.0 + 1e-9 or name == "Frobenius product"
    assert [f.name for f in one.figures] == ["path norm", "Frobenius product"]
    assert all(0 < f.value <= 1 and "share(margin" in f.formula for f in one.figures)
    assert len(margins_figure(one).axes) == 4


def test_margin_bound_holds_and_needs_large_margins():
    assert margin_bound(np.full(10**6, 1.0), 1.0, 1e-3, 0.05) < 0.02
    assert margin_bound(np.full(100, 1e-3), 1.0, 0.1, 0.05) == 1.0
    assert margin_bound(np.full(10**6, -1.0), 1.0, 1e-3, 0.05) == 1.0
    # simulation: linear classifiers of unit norm, fitted to few rows
    rng, failures = np.random.default_rng(0), 0
    for _ in range(20):
        X = rng.normal(size=(3000, 5))
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        y = np.sign(X[:, 0]) * np.where(rng.random(3000) < 0.1, -1, 1)
        w = y[:200] @ X[:200]
        w /= np.linalg.norm(w)
        bound = margin_bound(y[:200] * (X[:200] @ w), 1.0, 1 / np.sqrt(200), 0.05)
        failures += np.mean(y[200:] * (X[200:] @ w) <= 0) > bound
    assert failures == 0


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda X, y: margin_report(DecisionTreeClassifier().fit(X, y), X, y), DataError,
         "DecisionTreeClassifier has no decision_function"),
        (lambda X, y: margin_report(LogisticRegression().fit(X, y), X, np.full(60, "yes")),
         DataError, "one class"),
        (lambda X, y: margin_report(LogisticRegression().fit(X, y), X, np.full(60, "hm")),
         DataError, "aren't among the classes"),
        (lambda X, y: margin_report(LogisticRegression().fit(X, y), X, y, delta=2), BudgetError,
         "delta"),
    ],
)  # fmt: skip
def test_bad_input(make, error, said):
    with pytest.raises(error, match=said):
        make(*separable())


def csv_of(table):
    lines = [",".join([*table.names, table.target.name])]
    texts = [c.texts() for c in (*table.columns, table.target)]
    return "\n".join(lines + [",".join(map(str, row)) for row in zip(*texts, strict=True)]) + "\n"


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_command(decision, tmp_path, capsys):
    folder, data = tmp_path / "fitted", tmp_path / "rows.csv"
    write_folder(results.result(decision), folder)
    table = results.table(decision)
    data.write_text(csv_of(table))
    code = main(["margins", str(folder), str(data), "--out", str(tmp_path / "m.png")])
    shown = capsys.readouterr()
    if decision == "words":
        assert code == 2 and "margins need a classification" in shown.err
        return
    assert code == 0 and "median" in shown.out and "/ path norm" in shown.out
    assert "Occam" in shown.out and (tmp_path / "m.svg").exists()
    assert ("path norm: least" in shown.out) == (decision == "sign")
    name = table.target.texts()[0]
    data.write_text(csv_of(table.take(np.array([t == name for t in table.target.texts()]))))
    assert main(["margins", str(folder), str(data)]) == 2
    assert "one class" in capsys.readouterr().err
    assert main(["margins", str(tmp_path / "none"), str(data)]) == 2
