"""A formula as sums of products of functions of one number: what word arithmetic can build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.functions._expression import Expression, apply, constant

Floats = NDArray[np.float64]
INNER = Expression("variable", name="_")


@dataclass(frozen=True)
class Node:
    """One intermediate number.

    Parameters
    ----------
    kind : {"leaf", "function", "sum"}
        A function of one variable; a function of one node; a sum of products of one or two nodes.
    expression : Expression or None
        In the variable, or in ``_`` for the node that a function reads.
    terms : tuple of (float, tuple of Node)
        Coefficients and factors of a sum; the node that a function reads as the only factor.
    constant : float
        Added to a sum.
    """

    kind: str
    expression: Expression | None = None
    terms: tuple[tuple[float, tuple[Node, ...]], ...] = ()
    constant: float = 0.0

    @property
    def children(self) -> tuple[Node, ...]:
        """Nodes that it reads."""
        return tuple(node for _, factors in self.terms for node in factors)

    @property
    def variable(self) -> str:
        """Of a leaf."""
        assert self.expression is not None
        (name,) = self.expression.variables
        return name

    @property
    def is_variable(self) -> bool:
        """Whether a leaf is its variable itself."""
        return self.kind == "leaf" and self.expression is not None and (
            self.expression.op == "variable"
        )  # fmt: skip


def evaluate_nodes(node: Node, values: Mapping[str, Floats]) -> dict[Node, Floats]:
    """Evaluate a node and all that it reads at given points."""
    found: dict[Node, Floats] = {}

    def visit(at: Node) -> Floats:
        if at not in found:
            if at.kind == "leaf":
                assert at.expression is not None
                found[at] = np.asarray(at.expression.evaluate(values))
            elif at.kind == "function":
                assert at.expression is not None
                found[at] = np.asarray(at.expression.evaluate({"_": visit(at.children[0])}))
            else:
                total: Floats = np.asarray(at.constant)
                for coefficient, factors in at.terms:
                    total = total + coefficient * np.prod([visit(f) for f in factors], axis=0)
                found[at] = total
        return found[at]

    visit(node)
    return found


def dataflow(expression: Expression) -> Node | None:
    """Return a formula as a graph of nodes; None if it has no variable.

    Quotients become products with a reciprocal, powers with a variable exponent exponentials of
    logarithms, maxima relus; parts of one variable become leaves.
    """
    if not expression.variables:
        return None
    return _node(expression)


def _node(expression: Expression) -> Node:
    if len(expression.variables) == 1:
        return Node("leaf", expression)
    op, args = expression.op, expression.arguments
    if op in ("add", "sub", "neg", "mul", "div"):
        return _sum(expression)
    if op == "pow" and args[1].op != "constant":
        return _node(apply("exp", apply("mul", args[1], apply("log", args[0]))))
    if op == "pow":
        return _function(apply("pow", INNER, args[1]), args[0])
    if op == "hypot":
        return _function(apply("sqrt", INNER), apply("add", *(apply("square", a) for a in args)))
    if op == "arctan2":
        return _function(apply("arctan", INNER), apply("div", *args))
    if op in ("maximum", "minimum"):
        gap = apply("sub", args[1], args[0]) if op == "maximum" else apply("sub", *args)
        rest = apply("relu", gap)
        return _sum(apply("add" if op == "maximum" else "sub", args[0], rest))
    return _function(apply(op, INNER), args[0])


def _function(function: Expression, inside: Expression) -> Node:
    child = _node(inside)
    if child.kind == "function":  # a function of a function is one function
        assert child.expression is not None
        return Node("function", _substituted(function, child.expression), child.terms)
    return Node("function", function, ((1.0, (child,)),))


def _substituted(outer: Expression, inner: Expression) -> Expression:
    if outer.op == "variable":
        return inner
    return Expression(
        outer.op, tuple(_substituted(a, inner) for a in outer.arguments), outer.value, outer.name
    )


def _sum(expression: Expression) -> Node:
    """Flatten sums; merge what depends on one variable."""
    terms: list[tuple[float, tuple[Node, ...]]] = []
    alone: dict[str, Expression] = {}
    offset = 0.0
    for coefficient, part in _summands(expression, 1.0):
        if not part.variables:
            offset += coefficient * part.value
        elif len(part.variables) == 1:
            (name,) = part.variables
            scaled = part if coefficient == 1 else apply("mul", constant(coefficient), part)
            alone[name] = apply("add", alone[name], scaled) if name in alone else scaled
        else:
            scale, factors = _factors(part)
            nodes = [_node(factor) for factor in factors]
            while len(nodes) > 2:
                nodes = [Node("sum", terms=((1.0, (nodes[0], nodes[1])),)), *nodes[2:]]
            if scale:
                terms.append((coefficient * scale, tuple(nodes)))
    terms += [_scaled_leaf(part) for part in alone.values()]
    return _flat(Node("sum", terms=tuple(terms), constant=offset))


def _scaled_leaf(part: Expression) -> tuple[float, tuple[Node, ...]]:
    """Return a part of one variable as a term, a number times the variable apart."""
    ops = [argument.op for argument in part.arguments]
    if part.op == "mul" and ops == ["constant", "variable"]:
        return part.arguments[0].value, (Node("leaf", part.arguments[1]),)
    return 1.0, (Node("leaf", part),)


def _flat(node: Node) -> Node:
    """Return a sum of one node alone as what it is: that node, changed."""
    if len(node.terms) != 1 or len(node.terms[0][1]) != 1:
        return node
    (coefficient, (only,)) = node.terms[0]
    if coefficient == 1 and node.constant == 0:
        return only
    if only.kind == "sum":
        terms = tuple((coefficient * c, factors) for c, factors in only.terms)
        return Node("sum", terms=terms, constant=node.constant + coefficient * only.constant)
    affine = apply("add", apply("mul", constant(coefficient), INNER), constant(node.constant))
    assert only.expression is not None
    return Node("function", _substituted(affine, only.expression), only.terms)


def _summands(expression: Expression, sign: float) -> list[tuple[float, Expression]]:
    op, args = expression.op, expression.arguments
    if op in ("add", "sub"):
        other = sign if op == "add" else -sign
        return [*_summands(args[0], sign), *_summands(args[1], other)]
    if op == "neg":
        return _summands(args[0], -sign)
    if op == "mul":
        for number, rest in (args, args[::-1]):
            if number.op == "constant":
                return _summands(rest, sign * number.value) if number.value else []
    if op == "div" and args[1].op == "constant":
        return _summands(args[0], sign / args[1].value)
    return [(sign, expression)]


def _factors(expression: Expression) -> tuple[float, Sequence[Expression]]:
    """Factors of a product: a number, one factor for each single variable, and the rest."""
    scale, alone, rest = 1.0, dict[str, Expression](), list[Expression]()
    stack = [(expression, False)]
    while stack:
        part, inverse = stack.pop()
        if part.op in ("mul", "div"):
            flip = inverse != (part.op == "div")
            stack += [(part.arguments[1], flip), (part.arguments[0], inverse)]
            continue
        if part.op == "neg":
            scale = -scale
            stack.append((part.arguments[0], inverse))
            continue
        if not part.variables:
            scale = scale / part.value if inverse else scale * part.value
            continue
        made = apply("reciprocal", part) if inverse else part
        if len(part.variables) == 1:
            (name,) = part.variables
            alone[name] = apply("mul", alone[name], made) if name in alone else made
        else:
            rest.append(made)
    return scale, [*alone.values(), *rest]
