"""How many bits it takes to tell the part of an encoding that a circuit reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import comb, factorial, log2

from tetrakis.encoding._columns import BoxColumn, CategoryColumn, InputColumn, LevelsColumn
from tetrakis.encoding._encoding import Encoding

_FLOAT_BITS, _MOST_DIGITS = 64, 15


def is_boolean(encoding: Encoding) -> bool:
    """Whether every column is one input bit as it stands: nothing was taken from the rows."""
    return all(
        isinstance(c, BoxColumn) and (c.lo, c.hi, c.bits, c.fill) == (0.0, 1.0, 1, None)
        for c in encoding.columns
    )


def encoding_bits(encoding: Encoding, used: Sequence[int]) -> float:
    """Return the length of a prefix-free code of what a circuit reads of an encoding.

    The columns' names and kinds and the classes are known beforehand, and cost nothing. Paid
    for are: which columns are used; of each the bits that are; and whatever was taken from
    the rows: the ends of boxes, thresholds, the texts of categories, and fill values.

    Parameters
    ----------
    encoding : Encoding
    used : sequence of int
        Inputs of the circuit that its outputs depend on, from 0.

    Returns
    -------
    float
        0 for Boolean data.

    References
    ----------
    Ours, after THEORY 6 (an encoding must be fixed before seeing the labels, or be paid for).
    """
    if is_boolean(encoding):
        return 0.0
    wanted, words, read = set(used), iter(encoding.inputs), []
    for column in encoding.columns:
        own = [sum(b in wanted for b in next(words).bits) for _ in column.words]
        if any(own):
            read.append((column, own))
    count, n = len(read), encoding.n_columns
    bits = log2(n + 1) + log2(comb(n, count))
    order = [column.index for column, _ in read]
    if order != sorted(order):
        bits += log2(factorial(count))
    return bits + sum(_column_bits(column, own) for column, own in read)


def number_bits(value: float) -> float:
    """Return the bits of a number: as a short decimal, or as a float of 64 bits."""
    _, digits, exponent = Decimal(repr(float(value))).as_tuple()
    whole = int("".join(map(str, digits)))
    if not isinstance(exponent, int) or not -_MOST_DIGITS <= exponent <= _MOST_DIGITS:
        return 1.0 + _FLOAT_BITS
    places = max(-exponent, 0)
    whole *= 10 ** max(exponent, 0)
    while places and whole % 10 == 0:
        whole, places = whole // 10, places - 1
    return 1.0 + min(_FLOAT_BITS, 4 + 1 + _whole_bits(whole))


def _column_bits(column: InputColumn, own: Sequence[int]) -> float:
    """Bits of a column of which some bits of every word are read."""
    if isinstance(column, CategoryColumn):
        shown = column.categories if len(column.categories) > 2 else column.categories[1:]
        texts = [text for text, read in zip(shown, own, strict=True) if read]
        return _whole_bits(len(texts)) + sum(map(_text_bits, texts)) + _fill_bits(column.fill)
    masks = 3 + float(column.bits)  # width, and which of the bits are read
    if isinstance(column, LevelsColumn):
        steps = sum(number_bits(t) for t in column.thresholds)
        return 1 + 8 + masks + steps + _fill_bits(column.fill)
    return 1 + masks + number_bits(column.lo) + number_bits(column.hi) + _fill_bits(column.fill)


def _fill_bits(fill: float | str | None) -> float:
    if fill is None:
        return 1.0
    return 1.0 + (_text_bits(fill) if isinstance(fill, str) else number_bits(fill))


def _text_bits(text: str) -> float:
    size = len(text.encode("utf-8", "surrogatepass"))
    return _whole_bits(size) + 8 * size


def _whole_bits(n: int) -> float:
    """Elias' gamma code of n + 1."""
    return 2.0 * ((n + 1).bit_length() - 1) + 1
