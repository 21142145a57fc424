"""The index of the largest word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tetrakis.circuit._builder import FALSE, TRUE, AigBuilder
from tetrakis.circuit._columns import range_width
from tetrakis.circuit._words import Word, constant_word, greater, mux_word
from tetrakis.errors import CircuitError

Entrant = tuple[Word, Word]


def argmax_words(builder: AigBuilder, words: Sequence[Word]) -> list[int]:
    """Return the literals of the index of the largest word, ties to the lower index.

    Bits common to all words are dropped; a tournament as a list, a tournament as a tree
    and elimination from the top bit are tried and the smallest is kept.

    Parameters
    ----------
    builder : AigBuilder
    words : sequence of Word

    Returns
    -------
    list of int
        ``ceil(log2(len(words)))`` literals, least significant first.

    Raises
    ------
    CircuitError
        If there is no word.
    """
    if not words:
        raise CircuitError("An argmax needs at least one word.")
    width = (len(words) - 1).bit_length()
    aligned = _aligned(words)
    methods: tuple[Callable[[AigBuilder, Sequence[Word]], list[int]], ...] = (
        _eliminate,
        _by_list,
        _by_tree,
    )
    mark = builder.mark()
    sizes = []
    for method in methods:
        sizes.append(builder.new_gates(method(builder, aligned), mark))
        builder.rollback(mark)
    index = methods[sizes.index(min(sizes))](builder, aligned)
    return index + [FALSE] * (width - len(index))


def _aligned(words: Sequence[Word]) -> list[Word]:
    """Unsigned words of one width in the same order, without the bits all of them share."""
    lo, hi = min(w.range[0] for w in words), max(w.range[1] for w in words)
    width, signed = range_width(lo, hi)
    columns = [[w.bit(i) for w in words] for i in range(width)]
    if signed:
        columns[-1] = [bit ^ 1 for bit in columns[-1]]
    columns = [column for column in columns if len(set(column)) > 1]
    return [Word(tuple(column[k] for column in columns)) for k in range(len(words))]


def _by_list(builder: AigBuilder, words: Sequence[Word]) -> list[int]:
    best: Entrant = words[0], constant_word(0)
    for k, word in enumerate(words[1:], 1):
        best = _winner(builder, best, (word, constant_word(k)))
    return list(best[1].bits)


def _by_tree(builder: AigBuilder, words: Sequence[Word]) -> list[int]:
    row: list[Entrant] = [(word, constant_word(k)) for k, word in enumerate(words)]
    while len(row) > 1:
        paired = [_winner(builder, row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
    return list(row[0][1].bits)


def _winner(builder: AigBuilder, first: Entrant, second: Entrant) -> Entrant:
    later = greater(builder, second[0], first[0])
    score = mux_word(builder, later, second[0], first[0])
    return score, mux_word(builder, later, second[1], first[1])


def _eliminate(builder: AigBuilder, words: Sequence[Word]) -> list[int]:
    """From the top bit: if any candidate has a one, those with a zero drop out."""
    alive = [TRUE] * len(words)
    for i in range(len(words[0].bits) - 1, -1, -1):
        ones = [builder.and_(a, w.bits[i]) for a, w in zip(alive, words, strict=True)]
        some = builder.or_all(ones)
        alive = [
            builder.or_(one, builder.and_(a, some ^ 1)) for a, one in zip(alive, ones, strict=True)
        ]
    index = [len(words) - 1 >> b & 1 for b in range((len(words) - 1).bit_length())]
    for k in range(len(words) - 2, -1, -1):
        index = [builder.mux(alive[k], k >> b & 1, x) for b, x in enumerate(index)]
    return index
