"""Formulas: parsed by a whitelist, never evaluated as Python."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from tetrakis.errors import FormulaError
from tetrakis.functions._operations import ALIASES, CONSTANTS, OPERATIONS, operation_named

MAX_LENGTH = 2000
_BINARY = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"}
_MODULES = ("np", "numpy", "math")


@dataclass(frozen=True)
class Expression:
    """A formula as a tree: a constant, a variable, or an operation on expressions.

    Parameters
    ----------
    op : str
        ``"constant"``, ``"variable"``, or a key of `OPERATIONS`.
    arguments : tuple of Expression
    value : float
        Of a constant.
    name : str
        Of a variable.
    """

    op: str
    arguments: tuple[Expression, ...] = ()
    value: float = 0.0
    name: str = ""

    @cached_property
    def variables(self) -> frozenset[str]:
        """Names that it reads."""
        if self.op == "variable":
            return frozenset([self.name])
        return frozenset().union(*(a.variables for a in self.arguments))

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Evaluate on numbers or float64 arrays by variable; domain errors give NaN."""
        with np.errstate(all="ignore"):
            return self._evaluate(values)

    def _evaluate(self, values: Mapping[str, Any]) -> Any:
        if self.op == "constant":
            return np.float64(self.value)
        if self.op == "variable":
            return values[self.name]
        return OPERATIONS[self.op].evaluate(*(a._evaluate(values) for a in self.arguments))

    def __str__(self) -> str:
        if self.op == "constant":
            return f"{self.value:g}"
        if self.op == "variable":
            return self.name
        return f"{self.op}({', '.join(map(str, self.arguments))})"


def constant(value: float) -> Expression:
    """Return a constant."""
    return Expression("constant", value=float(value))


def apply(op: str, *arguments: Expression) -> Expression:
    """Return an operation on expressions; of constants, their value."""
    made = Expression(op, arguments)
    return made if made.variables else constant(float(made.evaluate({})))


def parse_formula(text: str, names: Sequence[str]) -> Expression:
    """Read a formula in Python's notation with numpy's function names.

    Parameters
    ----------
    text : str
        Numbers, variables, ``+ - * / **``, parentheses, ``pi``, ``e`` and functions such as
        ``sin``, ``np.exp`` or ``maximum``.
    names : sequence of str
        Variables that may occur.

    Returns
    -------
    Expression

    Raises
    ------
    FormulaError
        If there is anything else in it; the message points at the character.

    Examples
    --------
    >>> float(parse_formula("sin(pi * x) / 2", ["x"]).evaluate({"x": 0.5}))
    0.5
    """
    if not isinstance(text, str) or not text.strip():
        raise FormulaError("The formula is empty.", remedy='Write one, such as "sin(3*x)".')
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"The formula has {len(text):,} characters; at most {MAX_LENGTH:,}.")
    bad = next((i for i, c in enumerate(text) if not c.isprintable() and c != "\t"), None)
    if bad is not None:
        raise _error(text, bad, "a character that can't be printed")
    stripped = text.strip()
    shift = len(text) - len(text.lstrip())
    try:
        tree = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        at = (error.offset or 0) - 1 if error.lineno == 1 else -1
        at = len(stripped) if at < 0 or (error.msg == "invalid syntax" and at == 0) else at
        raise _error(text, shift + at, error.msg) from None
    except (MemoryError, RecursionError, ValueError):
        raise FormulaError("The formula is nested too deeply.") from None
    try:
        found = _Reader(text, shift, names).read(tree)
    except RecursionError:
        raise FormulaError("The formula is nested too deeply.") from None
    return found


def _error(text: str, at: int, what: str, remedy: str = "") -> FormulaError:
    at = min(max(at, 0), len(text))
    return FormulaError(
        f"Formula, character {at + 1}: {what}\n  {text}\n  {' ' * at}^\n", remedy=remedy
    )


class _Reader:
    """From Python's syntax tree to an expression; refuses what isn't listed."""

    def __init__(self, text: str, shift: int, names: Sequence[str]) -> None:
        self.text, self.shift, self.names = text, shift, names

    def fail(self, node: ast.AST, what: str, remedy: str = "", offset: int = 0) -> NoReturn:
        line = self.text.strip().encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore")
        raise _error(self.text, self.shift + len(line) + offset, what, remedy)

    def read(self, node: ast.AST) -> Expression:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
            return self.read(node.operand)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._finite(node, apply("neg", self.read(node.operand)))
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Compare, ast.BoolOp, ast.IfExp)):
            self.fail(node, "comparisons and conditions aren't part of formulas.",
                      "Use maximum, minimum, abs or relu.")  # fmt: skip
        self.fail(node, f"{type(node).__name__} isn't part of formulas.",
                  "Use numbers, variables, + - * / **, parentheses and functions.")  # fmt: skip

    def _number(self, node: ast.Constant) -> Expression:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            self.fail(node, f"expected a real number, got {node.value!r}.")
        try:
            value = float(node.value)
        except OverflowError:
            value = np.inf
        return self._finite(node, constant(value))

    def _finite(self, node: ast.AST, found: Expression) -> Expression:
        if found.op == "constant" and not np.isfinite(found.value):
            self.fail(node, f"this is {found.value:g}.", "Use finite numbers.")
        return found

    def _name(self, node: ast.Name) -> Expression:
        if node.id in self.names:
            return Expression("variable", name=node.id)
        if node.id in CONSTANTS:
            return constant(CONSTANTS[node.id])
        if operation_named(node.id):
            self.fail(node, f"{node.id} is a function; its argument is missing.",
                      f"Write {node.id}(…).")  # fmt: skip
        near = difflib.get_close_matches(node.id, [*self.names, *CONSTANTS], 1)
        self.fail(
            node, f"{node.id!r} is no variable of the box.",
            f"Did you mean {near[0]!r}?" if near else
            f"Give its range with --box {node.id}=LO:HI." if not self.names else
            f"The box has {', '.join(self.names)}; give --box {node.id}=LO:HI.",
        )  # fmt: skip

    def _binary(self, node: ast.BinOp) -> Expression:
        op = _BINARY.get(type(node.op))
        if op is None:
            xor = isinstance(node.op, ast.BitXor)
            between = self.text.strip().encode()[node.left.end_col_offset : node.right.col_offset]
            gap = between.decode(errors="ignore").lstrip(" )\t")
            self.fail(node.right, "this operator isn't part of formulas.",
                      "Write powers with **." if xor else "There are + - * / **.",
                      -len(gap))  # fmt: skip
        left, right = self.read(node.left), self.read(node.right)
        if op == "div" and right.op == "constant" and right.value == 0:
            self.fail(node.right, "division by zero.")
        return self._finite(node, apply(op, left, right))

    def _call(self, node: ast.Call) -> Expression:
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.value.id not in _MODULES:
                self.fail(node, f"{function.value.id!r} is no module of formulas.",
                          "Write numpy's names as they are.")  # fmt: skip
            name = function.attr
        elif isinstance(function, ast.Name):
            name = function.id
        else:
            self.fail(node, "expected the name of a function.")
        op = operation_named(name)
        if op is None:
            near = difflib.get_close_matches(name, [*OPERATIONS, *ALIASES], 1)
            self.fail(node, f"there is no function {name!r}.",
                      f"Did you mean {near[0]}?" if near else "")  # fmt: skip
        if node.keywords:
            self.fail(node.keywords[0].value, "functions take no keywords.")
        if len(node.args) != OPERATIONS[op].arity:
            self.fail(node, f"{name} takes {OPERATIONS[op].arity} argument(s), got"
                      f" {len(node.args)}.")  # fmt: skip
        return self._finite(node, apply(op, *map(self.read, node.args)))


def as_array(value: Any, like: NDArray[np.float64]) -> NDArray[np.float64]:
    """Broadcast what a formula gave to the shape of its arguments."""
    return np.array(np.broadcast_to(np.asarray(value, np.float64), like.shape))
