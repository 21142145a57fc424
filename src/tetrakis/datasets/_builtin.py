"""Data sets that come with the package or with scikit-learn."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tetrakis.datasets._table import Column, Table, table_from_arrays
from tetrakis.errors import DataError


def load_builtin(name: str) -> Table:
    """Load a built-in data set by its name (without ``builtin:``).

    Raises
    ------
    DataError
        If there is none of that name; the message lists them.
    """
    if name not in BUILTIN:
        close = difflib.get_close_matches(name, BUILTIN, n=1)
        hint = f"Did you mean builtin:{close[0]}? " if close else ""
        raise DataError(
            f"There is no built-in data set {name!r}.",
            remedy=f"{hint}There are {', '.join(sorted(BUILTIN))}.",
        )
    return BUILTIN[name](name)


def _sklearn(name: str) -> Table:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    names = [str(n) for n in bunch.feature_names]
    columns = tuple(Column(n, bunch.data[:, j]) for j, n in enumerate(names))
    if name in ("digits", "diabetes"):
        target = Column("target", bunch.target)
    else:
        target = Column("target", bunch.target, tuple(str(n) for n in bunch.target_names))
    return Table(columns, target, f"builtin:{name}", len(bunch.data))


def _friedman1(name: str) -> Table:
    from sklearn.datasets import make_friedman1

    X, y = make_friedman1(5000, noise=1.0, random_state=0)
    return table_from_arrays(X, y, source=f"builtin:{name}")


def _boolean(
    name: str, *, names: Sequence[str], function: Callable[[NDArray[np.int64]], NDArray]
) -> Table:
    """Whole truth table of a Boolean function of ``names``; the first name is the slowest."""
    n = len(names)
    bits = (np.arange(1 << n)[:, None] >> np.arange(n - 1, -1, -1)) & 1
    columns = tuple(Column(names[j], bits[:, j]) for j in range(n))
    target = Column("y", function(bits))
    return Table(columns, target, f"builtin:{name}", len(bits), boolean=True)


def _number(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    return bits @ (1 << np.arange(bits.shape[1] - 1, -1, -1))


def _letters(letter: str, n: int) -> list[str]:
    return [f"{letter}{j}" for j in range(n)]


BUILTIN: dict[str, Callable[[str], Table]] = {
    **dict.fromkeys(("breast_cancer", "diabetes", "digits", "iris", "wine"), _sklearn),
    "friedman1": _friedman1,
    "parity": partial(_boolean, names=_letters("x", 8), function=lambda x: x.sum(axis=1) % 2),
    "majority": partial(_boolean, names=_letters("x", 9), function=lambda x: x.sum(axis=1) > 4),
    "comparator": partial(
        _boolean,
        names=[*_letters("a", 5), *_letters("b", 5)],
        function=lambda x: _number(x[:, :5]) > _number(x[:, 5:]),
    ),
    "multiplexer": partial(
        _boolean,
        names=[*_letters("s", 3), *_letters("d", 8)],
        function=lambda x: np.take_along_axis(x[:, 3:], _number(x[:, :3])[:, None], axis=1)[:, 0],
    ),
}
