"""A network at a given precision: digits of every weight, grain of every activation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from tetrakis.compress._digits import signed_digits
from tetrakis.compress._fix import to_fixed_point, useful_grains
from tetrakis.compress._quantise import activation_bits, with_half_steps
from tetrakis.errors import NetworkError
from tetrakis.measures import backward_bounds, error_terms, interval_ranges
from tetrakis.measures._certificate import known_shifts
from tetrakis.network import Block, FixedPointFormat, FixedPointResNet, ResNet
from tetrakis.network._arrays import rows_of, with_data

MOST_DIGITS = 12
MOST_BITS = 26
#: Share of the tolerance that the rounding of one bias may take: biases cost few gates, not none.
_BIAS_SHARE = 5e-3
_CENTRED = 2


class Item(NamedTuple):
    """A weight (matrix, position among its stored entries) or an activation (block, unit)."""

    kind: Literal["weight", "activation"]
    where: int
    place: int


@dataclass(frozen=True, eq=False)
class State:
    """Digits of the weights of every matrix, and the exponent of every activation's grain."""

    digits: tuple[np.ndarray, ...]
    grains: tuple[np.ndarray, ...]

    def moved(self, items: Sequence[tuple[Item, int]]) -> State:
        """Return a copy with digits or bits (of an activation) changed by the given steps."""
        digits = [d.copy() for d in self.digits]
        grains = [g.copy() for g in self.grains]
        for (kind, where, place), step in items:
            if kind == "weight":
                digits[where][place] += step
            else:
                grains[where][place] -= step
        return State(tuple(digits), tuple(grains))


@dataclass(frozen=True, eq=False)
class Matrix:
    """One matrix with what rounding its weights can cost.

    Parameters
    ----------
    name : str
        ``read_in``, ``read``, ``write`` or ``read_out``.
    block : int
        Of ``read`` and ``write``; the number of blocks for ``read_out``, -1 for ``read_in``.
    matrix : csr_array
    values : ndarray, shape (nnz, MOST_DIGITS + 1)
        The weights with 0, 1, … signed power-of-two digits.
    price : ndarray, shape (nnz, n_outputs)
        Radius of the source's range times L̄: how much a change of one moves every output at
        most either way, biases shifted by its middle.
    """

    name: str
    block: int
    matrix: csr_array
    values: np.ndarray
    price: np.ndarray

    def rounded(self, digits: np.ndarray) -> csr_array:
        """Return the matrix with so many digits per weight."""
        data = np.take_along_axis(self.values, digits[:, None], axis=1)[:, 0]
        return with_data(self.matrix, data)


class Precision:
    """What doesn't depend on the state, and the way from a state to the integer network.

    Parameters
    ----------
    net : ResNet
    formats : sequence of FixedPointFormat
    tolerance : float
        Sets how finely biases are rounded.
    continuous : bool or array_like of bool
        See `error_certificate`.
    """

    def __init__(
        self,
        net: ResNet,
        formats: Sequence[FixedPointFormat],
        tolerance: float,
        continuous: Any,
    ) -> None:
        if len(formats) != net.n_inputs:
            raise NetworkError(f"input_formats: expected {net.n_inputs}, got {len(formats)}.")
        self.net, self.formats, self.continuous = net, tuple(formats), continuous
        self.bias_error = _BIAS_SHARE * tolerance
        self.back = backward_bounds(net, outputs="each")
        self.box = _code_box(net, formats)  # the certificate speaks about every code
        self.sources = np.array([f.exponent for f in formats], np.int64)
        self.input_bits = np.array([f.bits for f in formats], np.float64)
        self.highs = _highs(replace(net, box=self.box))
        self.tops = self._tops(self.highs)
        self.matrices = tuple(self._matrices())

    def _matrices(self) -> Iterator[Matrix]:
        net, back = self.net, self.back
        ranges = interval_ranges(replace(net, box=self.box))
        yield _matrix("read_in", -1, net.read_in, ranges.inputs, back.stream[0])
        for k, block in enumerate(net.blocks):
            yield _matrix("read", k, block.read, ranges.stream[k], back.units[k])
            yield _matrix("write", k, block.write, ranges.units[k], back.stream[k + 1])
        depth = len(net.blocks)
        yield _matrix("read_out", depth, net.read_out, ranges.stream[-1], np.eye(net.n_outputs))

    def _tops(self, highs: list[np.ndarray]) -> list[np.ndarray]:
        """Largest activations."""
        return [np.minimum(h, b.cap) for h, b in zip(highs, self.net.blocks, strict=True)]

    def build(self, state: State) -> FixedPointResNet:
        """Build the integer network of a state.

        Raises
        ------
        NetworkError
            If integers would leave 62 bits.
        """
        made = [m.rounded(d) for m, d in zip(self.matrices, state.digits, strict=True)]
        still = [np.zeros(b.width) for b in self.net.blocks]
        found = self.built(made, state, (*still, np.zeros(self.net.n_outputs)))
        for _ in range(_CENTRED):  # centres move a little with the biases
            found = self.built(made, state, known_shifts(self.net, found, self.back))
        return found

    def built(
        self, made: list[csr_array], state: State, shifts: tuple[np.ndarray, ...]
    ) -> FixedPointResNet:
        """Build with biases that undo what rounding shifts on average."""
        blocks = []
        for k, block in enumerate(self.net.blocks):
            price = self.back.units[k].max(axis=1, initial=0.0)
            bias = self._bias(block.bias - shifts[k], price)
            blocks.append(Block(made[1 + 2 * k], bias, block.cap, made[2 + 2 * k]))
        offset = self._bias(self.net.offset - shifts[-1], np.ones(self.net.n_outputs))
        rounded = ResNet(made[0], tuple(blocks), made[-1], offset, self.box)
        grains, exponents = useful_grains(rounded, self.sources, state.grains)
        tops = self._tops(_highs(rounded))
        bits = [activation_bits(t, g, True) for t, g in zip(tops, grains, strict=True)]
        rounded = with_half_steps(rounded, grains, exponents)
        return to_fixed_point(rounded, input_formats=self.formats, grains=grains, bits=bits)

    def _bias(self, bias: np.ndarray, price: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", over="ignore"):
            allowance = np.where(price > 0, self.bias_error / price, np.inf)
        return signed_digits(bias, allowance)[0]

    def errors(self, fixed: FixedPointResNet) -> np.ndarray:
        """Certified error of every output, shape (n_outputs,); see `error_certificate`."""
        terms = error_terms(self.net, fixed, continuous=self.continuous, back=self.back)
        total: np.ndarray = sum(terms.values(), np.zeros(self.net.n_outputs))
        return total

    def items(self, state: State) -> Iterator[Item]:
        """List all weights and activations."""
        for where, digits in enumerate(state.digits):
            yield from (Item("weight", where, j) for j in range(len(digits)))
        for where, grains in enumerate(state.grains):
            yield from (Item("activation", where, j) for j in range(len(grains)))

    def movable(self, state: State, item: Item, step: int) -> bool:
        """Whether an item can get so many digits or bits more and would change by it."""
        if item.kind == "activation":
            return True
        values = self.matrices[item.where].values[item.place]
        now = int(state.digits[item.where][item.place])
        return 0 <= now + step <= MOST_DIGITS and bool(values[now + step] != values[now])


def _code_box(net: ResNet, formats: Sequence[FixedPointFormat]) -> np.ndarray:
    ends = [(np.ldexp(float(f.lo), f.exponent), np.ldexp(float(f.hi), f.exponent)) for f in formats]
    codes = np.array(ends, np.float64).reshape(-1, 2)
    low, high = np.minimum(codes, net.box), np.maximum(codes, net.box)
    return np.stack([low[:, 0], high[:, 1]], axis=1)


def _highs(net: ResNet) -> list[np.ndarray]:
    """Largest activations if nothing saturated."""
    return [np.maximum(r[:, 1], 0.0) for r in interval_ranges(net).pre]


def _matrix(
    name: str, block: int, matrix: csr_array, source: np.ndarray, target: np.ndarray
) -> Matrix:
    radius = (source[:, 1] - source[:, 0]) / 2
    price = radius[matrix.indices, None] * target[rows_of(matrix)]
    return Matrix(name, block, matrix, _expansions(matrix.data), price)


def _expansions(weights: np.ndarray) -> np.ndarray:
    """Round to 0, 1, … nearest signed powers of two, as `signed_digits` takes them."""
    columns, rest = [np.zeros_like(weights)], weights.copy()
    for _ in range(MOST_DIGITS):
        fraction, exponent = np.frexp(rest)
        power = exponent - (np.abs(fraction) < 0.75)
        rest = rest - np.where(rest == 0, 0.0, np.ldexp(np.sign(rest), power))
        columns.append(weights - rest)
    return np.stack(columns, axis=1)
