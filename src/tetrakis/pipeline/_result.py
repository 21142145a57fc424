"""What a fit of a table hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tetrakis.circuit import Aig
from tetrakis.pipeline._data import DataRecord

if TYPE_CHECKING:  # the folder's readers need no learner
    from tetrakis.learners import Candidate


@dataclass(frozen=True, eq=False)
class Baseline:
    """A scikit-learn model of the same budget, compiled to a circuit by the same compiler.

    Parameters
    ----------
    name : str
        For example ``"decision tree"``.
    circuit : Aig
    held_out_score : float
        Measured the same way as the path's scores.
    test_score : float, optional
        With ``--test``.
    """

    name: str
    circuit: Aig
    held_out_score: float
    test_score: float | None = None


@dataclass(frozen=True, eq=False)
class FitResult:
    """The size–accuracy path of a fit with the chosen point and the baselines.

    Parameters
    ----------
    task : {"classification", "regression"}
    target : str
        Name of the target column.
    score_name : {"accuracy", "R2"}
    path : tuple of Candidate
        Rising in AND nodes and in held-out score.
    chosen : int
        Index into `path`.
    held_out : str
        How held-out scores were measured, in words.
    rule : str
        How the point was chosen, in words.
    baselines : tuple of Baseline
    test_score : float, optional
        Score of the chosen circuit on the test rows, never used for a choice.
    source, n_rows : str, int
        The training table.
    seed : int
    options : Mapping
        Arguments of the fit as given (max_gates, tolerance, …), for the record.
    notes : tuple of str
    train_data, validation_data, test_data : DataRecord, optional
        Which rows were used (`data_record`), so that `verify_folder` knows them again.
    guard_rows : tuple of int, optional
        Rows of the training table that the circuit wasn't trained on and that gave its held-out
        score; None when that is a mean over cross-validation folds or came from a validation
        table.
    occam : Mapping, optional
        The Occam bound of the chosen circuit with its terms (`occam_claim`); classes only.
    global_gap : Mapping, optional
        How far the chosen network is from the best of any width (`gap_claim`); convex learner only.
    """

    task: str
    target: str
    score_name: str
    path: tuple[Candidate, ...]
    chosen: int
    held_out: str
    rule: str
    baselines: tuple[Baseline, ...]
    test_score: float | None
    source: str
    n_rows: int
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    train_data: DataRecord | None = None
    validation_data: DataRecord | None = None
    test_data: DataRecord | None = None
    guard_rows: tuple[int, ...] | None = None
    occam: Mapping[str, Any] | None = None
    global_gap: Mapping[str, Any] | None = None

    @property
    def best(self) -> Candidate:
        """The chosen point."""
        return self.path[self.chosen]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The path as table rows: score, num_gates, num_levels, weights, bits, norm, chosen."""
        return [
            {
                "name": point.label,
                "start": point.start,
                "score": point.held_out_score,
                "num_gates": point.num_gates,
                "num_levels": point.circuit.num_levels,
                "nonzeros": point.num_weights,
                "bits": point.num_bits,
                "resnet_norm": point.resnet_norm,
                "chosen": index == self.chosen,
            }
            for index, point in enumerate(self.path)
        ]

    @property
    def baseline_rows(self) -> list[dict[str, Any]]:
        """The baselines as table rows."""
        return [
            {
                "name": b.name,
                "score": b.held_out_score,
                "num_gates": b.circuit.num_gates,
                "num_levels": b.circuit.num_levels,
                "test_score": b.test_score,
            }
            for b in self.baselines
        ]
