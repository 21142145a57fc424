"""Sums of products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tetrakis.circuit._builder import AigBuilder


def cube_literal(builder: AigBuilder, inputs: Sequence[int], cube: str) -> int:
    """Build a product: ``1`` reads an input, ``0`` its complement, ``-`` leaves it out."""
    factors = [x ^ (c == "0") for x, c in zip(inputs, cube, strict=True) if c != "-"]
    return builder.or_all(x ^ 1 for x in factors) ^ 1


def cover_literal(builder: AigBuilder, inputs: Sequence[int], cubes: Iterable[str]) -> int:
    """Build the sum of products of `cubes`.

    Examples
    --------
    >>> builder = AigBuilder(2)
    >>> cover_literal(builder, [2, 4], ["1-", "-1"]) == builder.or_(2, 4)
    True
    """
    return builder.or_all(cube_literal(builder, inputs, cube) for cube in dict.fromkeys(cubes))
