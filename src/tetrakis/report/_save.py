"""Figures to files: the same bytes for the same figure, whatever a person's settings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tetrakis._files import atomic_file

#: Colours that people who don't tell red from green can tell apart.
BLUE, ORANGE, GREY, INK = "#1f6fb4", "#d9622b", "#8a8f98", "#20242b"


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib's own defaults, fixed identifiers in SVG, plain small type."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"svg.hashsalt": "tetrakis", "font.size": 9, "text.parse_math": False}
        )
        yield


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and SVG beside each other; `path` has no ending.

    Each file is whole or not there.
    """
    with style():
        FigureCanvasAgg(figure)
        with atomic_file(path.with_suffix(".png")) as file:
            figure.savefig(file, dpi=144, facecolor="white", metadata={"Software": None})
        with atomic_file(path.with_suffix(".svg")) as file:
            figure.savefig(file, facecolor="white", metadata={"Date": None, "Creator": None})


def short(text: str, limit: int = 30) -> str:
    """Cut a long text in the middle, and white space and control characters to blanks."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[: limit - 1 - half]}…{text[-half:]}"
