"""Which bits of a compiled circuit are which number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tetrakis.circuit import Aig, output_words
from tetrakis.circuit._emit import Decision
from tetrakis.network import FixedPointResNet

SCHEMA = 1


def output_widths(fixed: FixedPointResNet, decision: Decision) -> list[int]:
    """Bits of every output word of a compiled circuit."""
    if decision == "words":
        return output_words(fixed)
    return [1 if decision == "sign" else (fixed.n_outputs - 1).bit_length()]


def _words(names: Sequence[str], widths: Sequence[int], **more: Sequence[Any]) -> list[Any]:
    """Words as in encoding.json, with further fields per word."""
    words, start = [], 0
    for k, (name, width) in enumerate(zip(names, widths, strict=True)):
        own = {key: values[k] for key, values in more.items()}
        words.append({"name": name, "bits": list(range(start, start + width)), **own})
        start += width
    return words


def interface(fixed: FixedPointResNet, decision: Decision) -> dict[str, Any]:
    """Return the content of encoding.json: which circuit bits are which number."""
    widths = output_widths(fixed, decision)
    names = [f"y{k}" for k in range(len(widths))] if decision == "words" else ["y"]
    whole = decision == "words"
    exponents = fixed.output_exponent.tolist() if whole else [0]
    return {
        "schema": SCHEMA,
        "kind": "network",
        "decision": decision,
        "inputs": _words(
            [f"x{k}" for k in range(fixed.n_inputs)],
            [f.bits for f in fixed.inputs],
            signed=[f.signed for f in fixed.inputs],
            exponent=[f.exponent for f in fixed.inputs],
        ),
        "outputs": _words(names, widths, signed=[whole] * len(widths), exponent=exponents),
    }


def with_words(circuit: Aig, fixed: FixedPointResNet, decision: Decision) -> Aig:
    """Name the inputs and outputs of a circuit after the words."""
    words = interface(fixed, decision)
    names = [
        tuple(
            w["name"] if len(w["bits"]) == 1 else f"{w['name']}[{k}]"
            for w in words[side]
            for k in range(len(w["bits"]))
        )
        for side in ("inputs", "outputs")
    ]
    return Aig(circuit.num_pis, circuit.fanins, circuit.outputs, *names)
