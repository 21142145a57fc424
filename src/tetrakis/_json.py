"""JSON that people can read, and reading it strictly."""

from __future__ import annotations

import json
from typing import Any


def read_strict(text: str) -> Any:
    """Parse JSON: no names that occur twice, no numbers that aren't JSON's.

    Raises
    ------
    ValueError
    """
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("lists or objects are nested too deeply") from None


def by_lines(document: dict[str, Any]) -> str:
    """Write one line per field, and per element of a list at the top level."""
    lines = []
    for name, value in document.items():
        text = one_line(value)
        if isinstance(value, list) and value:
            text = "[\n" + ",\n".join(f"    {one_line(v)}" for v in value) + "\n  ]"
        lines.append(f"  {one_line(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def one_line(value: Any) -> str:
    """Write a value on one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} isn't a number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} occurs twice in an object")
        found[name] = value
    return found
