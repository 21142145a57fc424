"""From a trained lift to circuits: input codes, rounding at several precisions, compilation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tetrakis.compress import quantise, sweep
from tetrakis.encoding import Encoding, fit_encoding
from tetrakis.errors import NetworkError
from tetrakis.graphs import Lift, to_resnet
from tetrakis.learners._candidate import Candidate, with_names
from tetrakis.learners._choose import pareto
from tetrakis.learners._problem import Problem
from tetrakis.learners._shift import values_as_relus
from tetrakis.learners._views import TRIM
from tetrakis.measures import BackwardBounds, ForwardBounds, num_digits
from tetrakis.network import FixedPointResNet, ResNet, common_exponent

DELTAS = tuple(2.0**k for k in range(-11, 1))
ACTIVATION_BITS = (3, 4, 5, 6, 8)
MOST_COMPILED = 10
PRICED = 1000


@dataclass(frozen=True, eq=False)
class Standard:
    """The scale that a lift was trained in: its inputs are (x − centre) / spread.

    Parameters
    ----------
    centre, spread : ndarray, shape (n_columns,)
    offset, scale : float
        For regression: prediction = offset + scale · output.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    offset: float = 0.0
    scale: float = 1.0


def on_codes(lift: Lift, standard: Standard, encoding: Encoding, X: NDArray) -> ResNet:
    """Build the network that reads codes, worth ``code / 2**bits``, in place of numbers.

    A word stands for the number that fits it best on the rows `X`, by least squares; columns
    without a word were constant, so their standardised value is 0.
    """
    bits = np.array([len(word.bits) for word in encoding.inputs])
    units = encoding.encode(X) / 2.0**bits
    columns = [spec.index for spec in encoding.columns]
    centre, spread = np.zeros(len(standard.centre)), np.ones(len(standard.centre))
    for place, column in enumerate(columns):
        t, x = units[:, place], X[:, column]
        varies = t.var()
        slope = float(np.mean((t - t.mean()) * (x - x.mean())) / varies) if varies else 1.0
        start = float(x.mean() - slope * t.mean())
        centre[column] = (standard.centre[column] - start) / slope
        spread[column] = standard.spread[column] / slope
    box = np.zeros((len(centre), 2))
    box[columns, 1] = 1.0 - 2.0**-bits
    whole = to_resnet(lift, box=box, centre=centre, scale=spread)
    read_in = csr_array(whole.read_in[:, columns])
    return sweep(ResNet(read_in, whole.blocks, whole.read_out, whole.offset, box[columns]))


def data_prices(network: ResNet, X: NDArray) -> tuple[ForwardBounds, BackwardBounds]:
    """Measure on rows what `quantise` otherwise bounds on the box, as root mean squares.

    Bounds multiply along the layers; on data most of what they allow for doesn't happen.

    Parameters
    ----------
    network : ResNet
    X : ndarray, shape (n, n_inputs)
    """
    stream = [network.read_in @ X.T]
    units = []
    for block in network.blocks:
        units.append(block.activate(stream[-1]))
        stream.append(stream[-1] + block.write @ units[-1])
    ahead = ForwardBounds(
        _rms(X.T[None]), tuple(_rms(z[None]) for z in stream), tuple(_rms(a[None]) for a in units),
        _rms((network.read_out @ stream[-1] + network.offset[:, None])[None]),
    )  # fmt: skip
    out = network.read_out.toarray()
    slopes = [np.repeat(out[:, :, None], len(X), axis=2)]  # (n_outputs, stream, n)
    moved: list[NDArray] = []
    for block, values in zip(reversed(network.blocks), reversed(units), strict=True):
        down = np.stack([(block.write.T @ s) * (values > 0) for s in slopes[0]])
        slopes.insert(
            0, np.stack([s + block.read.T @ d for s, d in zip(slopes[0], down, strict=True)])
        )
        moved.insert(0, down)
    inputs = np.stack([network.read_in.T @ s for s in slopes[0]])
    back = BackwardBounds(
        _rms(inputs), tuple(_rms(s) for s in slopes), tuple(_rms(m) for m in moved)
    )
    return ahead, back


def _rms(values: NDArray) -> NDArray[np.float64]:
    """Root of the mean over rows of squares summed over outputs (their axis is the first)."""
    return np.asarray(np.sqrt((values**2).sum(axis=0).mean(axis=-1)))


def compressed(
    lift: Lift,
    standard: Standard,
    problem: Problem,
    train: NDArray,
    held: NDArray,
    *,
    bits: int,
    label: str,
    deltas: Sequence[float] = DELTAS,
    activation_bits: Sequence[int] = ACTIVATION_BITS,
) -> tuple[Candidate, ...]:
    """Round a lift at several precisions and compile those that can matter.

    Parameters
    ----------
    lift : Lift
    standard : Standard
    problem : Problem
        Its table has no columns but those the lift was trained on.
    train, held : ndarray of int
        Rows that fix the encoding and the largest activations, and rows to score on.
    bits : int
        Of numeric inputs.
    label : str
    deltas, activation_bits : sequence
        Of `quantise`; all pairs are tried, ten at most are compiled.

    Returns
    -------
    tuple of Candidate
        A Pareto front.
    """
    table = problem.table
    encoding = fit_encoding(table.take(train), bits=bits, trim=TRIM)
    codes = encoding.encode(table)
    X = np.stack([column.values for column in table.columns], axis=1).astype(np.float64)
    units = (X[train] - standard.centre) / standard.spread
    network = on_codes(values_as_relus(lift, units), standard, encoding, X[train])
    values = codes[train] / 2.0 ** np.array([len(word.bits) for word in encoding.inputs])
    prices = data_prices(network, values[:: max(1, len(values) // PRICED)])
    maxima = [a.max(axis=0, initial=0.0) for a in network.activations(values)]
    trials: list[tuple[float, float, int, FixedPointResNet]] = []
    for delta, size in product(deltas, activation_bits):
        try:
            fixed, _ = quantise(
                network, input_formats=encoding.formats, delta=delta, activation_bits=size,
                maxima=maxima, prices=prices,
            )  # fmt: skip
        except NetworkError:  # too fine for 62 bits
            continue
        if problem.decision == "argmax":
            fixed = common_exponent(fixed)
        scores = [problem.score(fixed, codes, rows) for rows in (held, train)]
        trials.append((scores[0], scores[1], num_digits(fixed) * (size + 2), fixed))
    found = []
    for held_score, train_score, _, fixed in _worth_compiling(trials):
        circuit = problem.compile(fixed)
        own = encoding.with_output(problem.output(fixed, circuit))
        found.append(
            Candidate(
                with_names(circuit, own), own, train_score, held_score, "circuit", label,
                start="lift", trained=(network, fixed),
            )
        )  # fmt: skip
    return pareto(found)


def _worth_compiling(
    trials: list[tuple[float, float, int, FixedPointResNet]],
) -> list[tuple[float, float, int, FixedPointResNet]]:
    """Keep those that no other beats in score and estimated size, evenly if there are many."""
    front: list[tuple[float, float, int, FixedPointResNet]] = []
    for trial in sorted(trials, key=lambda t: (t[2], -t[0])):
        if not front or trial[0] > front[-1][0]:
            front.append(trial)
    if len(front) <= MOST_COMPILED:
        return front
    places = np.unique(np.linspace(0, len(front) - 1, MOST_COMPILED).round().astype(int))
    return [front[p] for p in places]
