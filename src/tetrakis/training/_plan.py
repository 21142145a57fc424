"""What to train: the shape that is compiled once, and the many networks trained under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

Loss = Literal["squared", "logistic", "softmax", "sup"]
Penalty = Literal["resnet", "l1"]


@dataclass(frozen=True)
class Plan:
    """Everything that is the same for all networks trained together; compiled once per plan.

    Parameters
    ----------
    loss : {"squared", "logistic", "softmax", "sup"}
        "sup" is the square of a p-norm of the errors, a smooth stand-in for the largest.
    n_outputs : int
    width : int
        Relus per block.
    n_blocks : int
        Residual blocks; a later block reads the inputs and all earlier relus.
    steps : int
        Steps of Adam.
    batch : int
        Rows per step; at least the number of rows means full-batch gradients.
    learning_rate : float
    float_until, tighten_until : float
        Fractions of the steps: before the first the network is in floating point, between them the
        rounding allowance grows geometrically to its final size, after the second it is frozen
        while the learning rate decays.
    penalty : {"resnet", "l1"}
        Weighted l1 norm (each weight priced by what it can move, measured on the data) or plain l1.
    refresh : int
        Steps between two measurements of prices and activation steps.
    """

    loss: Loss
    n_outputs: int
    width: int = 16
    n_blocks: int = 1
    steps: int = 6000
    batch: int = 512
    learning_rate: float = 0.02
    float_until: float = 0.1
    tighten_until: float = 0.7
    penalty: Penalty = "resnet"
    refresh: int = 50


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of one network of a batch.

    Parameters
    ----------
    allowance : float
        Rounding allowance δ: signed power-of-two digits of a weight are emitted until what is left
        moves the output by less than δ (times the root of the bits it reads). It prunes as well.
    alpha : float
        Strength of the penalty.
    input_bits : int
        Bits of the input encoding that this network reads.
    activation_bits : int
        Bits of every relu's activation.
    hidden : bool
        False trains a linear (threshold) network: the relus are off.
    """

    allowance: float
    alpha: float
    input_bits: int
    activation_bits: int
    hidden: bool = True


@dataclass(frozen=True)
class View:
    """Encoded inputs and the rows to train on, for example one fold under one encoding.

    Parameters
    ----------
    codes : ndarray of int, shape (n, d)
        A column of b bits holds integers below ``2**b``; the network sees ``code / 2**b``.
    bits : ndarray of int, shape (d,)
        Bits of every column.
    rows : ndarray of int
        Indices of the training rows.
    """

    codes: np.ndarray
    bits: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Job:
    """One network to train: its hyperparameters and the index of its view."""

    settings: Settings
    view: int


def grid(
    *,
    allowances: Sequence[float],
    alphas: Sequence[float],
    input_bits: Sequence[int],
    activation_bits: Sequence[int],
    hidden: bool = True,
) -> list[Settings]:
    """List all combinations, in a fixed order."""
    return [
        Settings(allowance, alpha, bits, units, hidden)
        for bits, units, allowance, alpha in product(
            input_bits, activation_bits, allowances, alphas
        )
    ]


@dataclass(frozen=True)
class TrainedNetwork:
    """Weights of one trained network, as numpy arrays in float64.

    ``latent`` holds the weights that gradient descent moves, ``rounded`` the dyadic ones that the
    forward pass used. Names: ``W0, b0, V0, W1, …`` (shapes (sources, width), (width,),
    (width, outputs)), ``S`` (inputs, outputs) and ``c`` (outputs,).

    Parameters
    ----------
    settings : Settings
    latent, rounded : dict of ndarray
    steps : tuple of ndarray, shape (width,)
        Activation step of every relu, a power of two.
    """

    settings: Settings
    latent: dict[str, np.ndarray]
    rounded: dict[str, np.ndarray]
    steps: tuple[np.ndarray, ...]
