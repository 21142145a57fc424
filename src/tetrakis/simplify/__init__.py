"""Occam simplification: edit a circuit under the loss of given rows."""

from tetrakis.simplify._loss import (
    RowLoss,
    agreement_loss,
    classification_loss,
    contradictions,
    interval_loss,
    mixed_loss,
    squared_loss,
)
from tetrakis.simplify._path import SimplificationPath
from tetrakis.simplify._schedule import Schedule
from tetrakis.simplify._simplify import simplify

__all__ = [
    "RowLoss",
    "Schedule",
    "SimplificationPath",
    "agreement_loss",
    "classification_loss",
    "contradictions",
    "interval_loss",
    "mixed_loss",
    "simplify",
    "squared_loss",
]
