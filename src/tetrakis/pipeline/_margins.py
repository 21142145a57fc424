"""Margins of a fitted folder on a table."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tetrakis.datasets import Table
from tetrakis.dynamics import Figure, MarginReport, report_of
from tetrakis.errors import DataError
from tetrakis.pipeline._folder import open_files
from tetrakis.pipeline._metrics import read_metrics


def margins_of_folder(
    folder: str | os.PathLike[str], table: Table, *, delta: float = 0.05
) -> MarginReport:
    """Measure the margins of a folder's float network on rows with a target.

    Parameters
    ----------
    folder : path
        Of `tetrakis fit`, for a classification.
    table : Table
        With the columns that were fitted and the target.
    delta : float

    Returns
    -------
    MarginReport
        Its figures include the Occam bound of the folder's circuit, which holds for the training
        rows of the fit.

    Raises
    ------
    DataError
        For a regression, one class, or classes that the fit didn't have.
    ArtifactError
        If the folder isn't complete and as it was written.
    """
    network, encoding = open_files(folder, "network.npz", "encoding.json")
    metrics = read_metrics(Path(folder))
    output = encoding.output
    if output is None or output.task != "classification":
        raise DataError(f"{folder}: margins need a classification, this is a {metrics['task']}.")
    if table.target is None:
        raise DataError(f"{table.source}: no target column {output.name!r}.")
    codes = encoding.encode(table)
    units = codes / 2.0 ** np.array([len(word.bits) for word in encoding.inputs])
    scores = network.evaluate(units)
    classes = list(output.classes)
    texts = [str(t) for t in table.target.texts()]
    unknown = sorted(set(texts) - set(classes))
    if unknown:
        raise DataError(
            f"{table.source}: classes {', '.join(unknown[:4])} aren't among those of the fit: "
            f"{', '.join(classes[:8])}."
        )
    labels = np.array([classes.index(t) for t in texts], np.int64)
    if scores.shape[1] == 1:
        scores = scores[:, 0]
    elif scores.shape[1] != len(classes):
        raise DataError(
            f"{folder}: its network gives the {scores.shape[1]} bits of a class and no scores, as "
            "it was made from a simplified circuit.",
            remedy="Fit with --starts resnet for margins of several classes.",
        )
    radius = float(np.linalg.norm(units, axis=1).max(initial=0.0))
    report = report_of(scores, labels, network=network, radius=radius, delta=delta)
    bound = metrics.get("occam_bound")
    if bound is None:
        return report
    figure = Figure(
        "Occam", float(bound["value"]),
        f"P(Bin(m, value) <= {bound['errors']}) = δ·2^-{float(bound['bits']):.0f}, "
        f"m = {bound['rows']} training rows, δ = {bound['delta']}",
    )  # fmt: skip
    return MarginReport(report.margins, report.norms, (*report.figures, figure), delta)
