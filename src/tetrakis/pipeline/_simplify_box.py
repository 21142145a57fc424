"""Every input of a circuit as rows: edits with a bound in the sup norm."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from tetrakis._json import read_strict
from tetrakis.circuit import Aig
from tetrakis.encoding import read_encoding
from tetrakis.errors import ArtifactError, BudgetError
from tetrakis.pipeline._inputs import live_inputs
from tetrakis.pipeline._simplify_rows import EditRows, checked_output
from tetrakis.simplify import interval_loss

MAX_INPUTS = 20
MAX_VALUES = 1 << 34  # bits that hold the values of all nodes on all rows


def box_rows(
    circuit: Aig, epsilon: float, *, scale: float = 1.0, classes: bool = False
) -> EditRows:
    """Enumerate every input of a circuit; the output may move by `epsilon`.

    Parameters
    ----------
    circuit : Aig
        Of at most 20 inputs. Its outputs are one two's complement word.
    epsilon : float
        In units of the word times `scale`.
    scale : float
    classes : bool
        Whether the outputs are a class; then `epsilon` must be 0.

    Raises
    ------
    BudgetError
        If there are too many inputs or nodes, or `epsilon` makes no sense.
    """
    if not (math.isfinite(epsilon) and epsilon >= 0):
        raise BudgetError(f"epsilon: expected a number >= 0, got {epsilon}.")
    live = live_inputs(circuit)
    n = len(live)
    if n > MAX_INPUTS:
        raise BudgetError(
            f"{n} inputs matter: 2^{n} rows are too many; at most {MAX_INPUTS} inputs are"
            " enumerated.",
            remedy="Use --data with rows that matter.",
        )
    if (n + circuit.num_gates) << n > MAX_VALUES:
        raise BudgetError(
            f"{circuit.num_gates:,} AND nodes on 2^{n} rows don't fit into memory.",
            remedy="Use --data with rows that matter, or optimise the circuit first.",
        )
    if classes and epsilon > 0:
        raise BudgetError(
            "The outputs are a class, which has no distance.",
            remedy="Use --epsilon 0, or edit with --data.",
        )
    bits = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.bool_)
    blank = interval_loss(np.zeros(2**n), np.zeros(2**n), signed=not classes)
    rows = EditRows(bits, blank, "sup norm", 0.0, live=live)
    word, step = rows.integers(circuit), steps_within(epsilon, scale)
    return replace(rows, loss=interval_loss(word - step, word + step, signed=not classes))


def box_words(circuit: Aig, path: str | os.PathLike[str]) -> tuple[float, bool]:
    """Read what a circuit's outputs are worth: encoding.json of tetrakis fit or compile.

    Returns
    -------
    scale : float
        One step of the output word.
    classes : bool
        Whether they are a class instead.

    Raises
    ------
    ArtifactError
        If the file can't be read, or describes another circuit or several words.
    """
    try:
        document = read_strict(Path(path).read_text(encoding="utf-8"))
        network = document["kind"] == "network"
        words = [
            (len(w["bits"]), bool(w["signed"]), int(w["exponent"])) for w in document["outputs"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        network = False
    if not network:
        output = checked_output(circuit, read_encoding(path))
        return output.scale, output.task == "classification"
    if len(words) > 1 or words[0][0] != circuit.num_pos:
        raise ArtifactError(
            f"{path}: expected one output word of the circuit's {circuit.num_pos} outputs, got"
            f" {len(words)} of {', '.join(str(bits) for bits, _, _ in words)} bits.",
            remedy="Only circuits with one output word can be edited in the sup norm.",
        )
    return 2.0 ** words[0][2], not words[0][1]


def steps_within(epsilon: float, scale: float) -> int:
    """Largest whole number k with k * scale <= epsilon."""
    k = math.floor(min(epsilon / scale, 2.0**53))
    while k * scale > epsilon:
        k -= 1
    while (k + 1) * scale <= epsilon and k < 2**53:
        k += 1
    return k


def sup_error(start: Aig, circuit: Aig, rows: EditRows) -> int:
    """Largest distance of two circuits' words on given rows."""
    return int(np.abs(rows.integers(start) - rows.integers(circuit)).max(initial=0))
