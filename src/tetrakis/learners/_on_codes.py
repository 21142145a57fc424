"""The network of a lift on input codes, and what its numbers are worth on rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tetrakis.compress import sweep
from tetrakis.encoding import Encoding
from tetrakis.graphs import Lift, to_resnet
from tetrakis.measures import BackwardBounds, ForwardBounds
from tetrakis.network import ResNet


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
