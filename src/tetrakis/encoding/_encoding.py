"""The encoding as a value: columns in, codes and bits out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.datasets import Column, Table, table_from_arrays
from tetrakis.encoding._columns import CategoryColumn, InputColumn
from tetrakis.encoding._output import Output
from tetrakis.errors import EncodingError
from tetrakis.network import FixedPointFormat

Unknown = Literal["error", "ignore"]


@dataclass(frozen=True)
class Word:
    """A named word of circuit inputs or outputs.

    Parameters
    ----------
    name : str
        Unique among its kind.
    bits : tuple of int
        Indices of the circuit's inputs or outputs, least significant first.
    signed : bool
        Whether the word is two's complement.
    """

    name: str
    bits: tuple[int, ...]
    signed: bool = False


@dataclass(frozen=True)
class Encoding:
    """How columns become input bits and output bits become a prediction.

    Parameters
    ----------
    columns : tuple of InputColumn
        In the order of their words; the first word's bits are the circuit's first inputs.
    n_columns : int
        Number of columns that the encoding was fixed from.
    output : Output, optional
        Set once the circuit's output is known.
    dropped : tuple of str
        Columns that carry no information and were left out.
    impute : {"median", "mode"}, optional
        How the fill values were chosen.
    notes : tuple of str
        Why columns were dropped. Not saved.
    """

    columns: tuple[InputColumn, ...]
    n_columns: int
    output: Output | None = None
    dropped: tuple[str, ...] = ()
    impute: str | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def inputs(self) -> tuple[Word, ...]:
        """Words of the circuit's inputs, in order."""
        words: list[Word] = []
        names: set[str] = set()
        start = 0
        for column in self.columns:
            for name, bits in column.words:
                unique = name if name not in names else f"{name}#{len(words)}"
                names.add(unique)
                words.append(Word(unique, tuple(range(start, start + bits))))
                start += bits
        return tuple(words)

    @property
    def outputs(self) -> tuple[Word, ...]:
        """Words of the circuit's outputs; empty before the output is set."""
        if self.output is None:
            return ()
        return (Word(self.output.name, tuple(range(self.output.bits)), self.output.signed),)

    @property
    def num_pis(self) -> int:
        """Number of circuit inputs."""
        return sum(len(word.bits) for word in self.inputs)

    @property
    def num_pos(self) -> int:
        """Number of circuit outputs."""
        return sum(len(word.bits) for word in self.outputs)

    @property
    def input_names(self) -> tuple[str, ...]:
        """One name per circuit input: the word's, with ``[bit]`` where it has several."""
        return _bit_names(self.inputs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """One name per circuit output."""
        return _bit_names(self.outputs)

    @property
    def formats(self) -> tuple[FixedPointFormat, ...]:
        """Format of every input word: a code of n bits is worth ``code / 2**n``."""
        return tuple(FixedPointFormat(len(w.bits), -len(w.bits)) for w in self.inputs)

    def with_output(self, output: Output) -> Encoding:
        """Set the meaning of the circuit's output."""
        return replace(self, output=output)

    def encode(self, data: Table | ArrayLike, *, unknown: Unknown = "error") -> NDArray[np.int64]:
        """Encode rows.

        Parameters
        ----------
        data : Table, or array_like of shape (n, n_columns)
            A table's columns are found by name, others are ignored.
        unknown : {"error", "ignore"}
            What to do with a category that the training rows didn't have; ``ignore`` gives zeros.

        Returns
        -------
        ndarray of int64, shape (n, number of words)
            Codes, ``0 <= code < 2**bits``.

        Raises
        ------
        DataError
            If the table lacks a column.
        EncodingError
            For a missing value that may not be filled, an unknown category, a text among
            numbers, or the wrong number of array columns; column and row are named.
        """
        table = data if isinstance(data, Table) else self._table(data)
        parts = []
        for spec in self.columns:
            if isinstance(data, Table):
                column = table.column(spec.name)
            else:
                column = table.columns[spec.index]
            if isinstance(spec, CategoryColumn):
                parts.append(spec.codes(_category_indices(spec, column, table, unknown)))
            else:
                parts.append(spec.codes(_numbers(column, spec.fill, table)))
        return np.concatenate(parts, axis=1)

    def _table(self, data: ArrayLike) -> Table:
        X = np.asarray(data, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != self.n_columns:
            raise EncodingError(
                f"Expected an array of shape (n, {self.n_columns}), got {X.shape}.",
                remedy="Pass the columns that the encoding was fixed from, in the same order.",
            )
        return table_from_arrays(X)

    def codes_to_bits(self, codes: ArrayLike) -> NDArray[np.bool_]:
        """Spread codes (n, words) over circuit inputs: bool (n, num_pis).

        Raises
        ------
        EncodingError
            If the shape is wrong or a code doesn't fit its word.
        """
        array = np.asarray(codes)
        if array.ndim != 2 or array.shape[1] != len(self.inputs) or array.dtype.kind not in "iu":
            raise EncodingError(
                f"codes: expected integers of shape (n, {len(self.inputs)}), got {array.dtype}"
                f" of shape {array.shape}."
            )
        bits = np.empty((len(array), self.num_pis), dtype=bool)
        for k, word in enumerate(self.inputs):
            column = array[:, k]
            if len(column) and not 0 <= column.min() <= column.max() < 2 ** len(word.bits):
                raise EncodingError(f"codes: word {word.name!r} has {len(word.bits)} bits.")
            first = word.bits[0]
            bits[:, first : first + len(word.bits)] = (
                column[:, None] >> np.arange(len(word.bits))
            ) & 1
        return bits

    def encode_bits(self, data: Table | ArrayLike, *, unknown: Unknown = "error") -> NDArray:
        """Encode rows as circuit inputs: bool (n, num_pis)."""
        return self.codes_to_bits(self.encode(data, unknown=unknown))


def _bit_names(words: tuple[Word, ...]) -> tuple[str, ...]:
    return tuple(
        word.name if len(word.bits) == 1 else f"{word.name}[{k}]"
        for word in words
        for k in range(len(word.bits))
    )


def _numbers(column: Column, fill: float | None, table: Table) -> NDArray[np.float64]:
    if column.categories is not None:
        return _numbers(_as_numbers(column, table), fill, table)
    missing = column.missing
    if not missing.any():
        return column.values
    if fill is None:
        raise _missing_error(column, table)
    return np.where(missing, fill, column.values)


def _as_numbers(column: Column, table: Table) -> Column:
    assert column.categories is not None
    for k, text in enumerate(column.categories):
        rows = np.flatnonzero(column.values == k)
        try:
            float(text)
        except ValueError:
            if len(rows):
                raise EncodingError(
                    f"Expected a number at {table.place(column.name, rows[0])}, got {text!r}.",
                    remedy="Replace it by a number; the training rows had numbers only.",
                ) from None
    numbers = [float(t) if k in column.values else np.nan for k, t in enumerate(column.categories)]
    return Column(column.name, np.array([*numbers, np.nan])[column.values])


def _category_indices(
    spec: CategoryColumn, column: Column, table: Table, unknown: Unknown
) -> NDArray[np.int64]:
    indices, strangers = spec.indices(column)
    if strangers and unknown == "error":
        row, text = min(strangers.items())
        shown = ", ".join(repr(c) for c in spec.categories[:8])
        more = ", …" if len(spec.categories) > 8 else ""
        raise EncodingError(
            f"Unknown category {text!r} at {table.place(spec.name, row)}.",
            remedy=f"The training rows had {shown}{more}. Correct the value, or fit again with"
            " rows that have it.",
        )
    missing = indices == -1
    if missing.any():
        if spec.fill is None:
            raise _missing_error(column, table)
        indices = np.where(missing, spec.categories.index(spec.fill), indices)
    return indices


def _missing_error(column: Column, table: Table) -> EncodingError:
    row = int(np.flatnonzero(column.missing)[0])
    return EncodingError(
        f"Missing value (or NaN) at {table.place(column.name, row)}.",
        remedy="Fill it in, or fit with --impute median or --impute mode.",
    )
