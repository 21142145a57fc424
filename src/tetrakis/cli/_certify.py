"""``tetrakis certify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tetrakis.cli._arguments import Data, Target

if TYPE_CHECKING:
    import numpy as np

    from tetrakis.network import ResNet


def certify(
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK",
            help="A two-layer network.npz, or the folder it lies in.",
            show_default=False,
        ),
    ],
    data: Data,
    alpha: Annotated[
        float,
        typer.Option(metavar="A", help="Strength of the penalty, in units of the mean loss."),
    ] = 0.01,
    loss: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="squared, logistic or squared_hinge. For two classes the target counts as -1, 1.",
        ),
    ] = "squared",
    target: Target = None,
    scope: Annotated[
        str, typer.Option(metavar="S", help="global (rigorous) or heuristic (local search).")
    ] = "global",
    intercept: Annotated[
        bool, typer.Option(help="Compete with networks that have biases too.")
    ] = True,
    max_nodes: Annotated[
        int, typer.Option(min=1, help="Most nodes of branch and bound, at rank 4 and more.")
    ] = 20_000,
) -> None:
    """Say how far a trained two-layer relu network is from the best one of any width.

    The objective is the mean loss plus alpha times the sum over neurons of the product of the
    norms of their weights. Columns of DATA are read as they are, in their order.

    Example:

    tetrakis certify network.npz rows.csv --target y --alpha 0.01
    """
    from tetrakis.convex import certify as certify_network

    found, kind = _network(network), cast("Any", scope)
    X, Y = _arrays(data, target, loss, found)
    proof = certify_network(
        found, X, Y, alpha, loss=loss, scope=kind, intercept=intercept,
        max_nodes=max_nodes,
    )  # fmt: skip
    objective, lower = proof.terms.values()
    typer.echo(f"objective    {objective:.9g}  (rounded up)")
    typer.echo(f"lower bound  {-lower:.9g}  on the objective of every such network, any width")
    typer.echo(
        f"gap          {proof.value:.3g}  ({proof.value / max(objective, 1e-300):.3g} of it)"
    )
    typer.echo(f"scope        {proof.scope}: {proof.method}")


def _network(path: Path) -> ResNet:
    from tetrakis.errors import NetworkError
    from tetrakis.network import ResNet, load_network

    file = path / "network.npz" if path.is_dir() else path
    found = load_network(file)
    if not isinstance(found, ResNet):
        raise NetworkError(f"{file}: expected a float network, got an integer one.")
    return found


def _arrays(
    data: str, target: str | None, loss: str, network: ResNet
) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    from tetrakis.datasets import check_target, class_labels, read_table
    from tetrakis.errors import DataError

    table = read_table(data, target=target)
    task = check_target(table)
    texts = [c.name for c in table.columns if not c.is_numeric]
    if texts or len(table.columns) != network.n_inputs:
        raise DataError(
            f"{data}: expected {network.n_inputs} numeric input columns, got "
            f"{len(table.columns)}, of which {len(texts)} are texts.",
            remedy="Write the rows as the network reads them.",
        )
    X = np.stack([column.values for column in table.columns], axis=1)
    assert table.target is not None
    if task == "regression":
        return X, np.asarray(table.target.values)
    classes, labels = class_labels(table.target)
    if len(classes) == 2 and network.n_outputs == 1:
        return X, 2.0 * labels - 1.0
    Y = np.eye(len(classes))[labels]
    return X, Y if loss == "logistic" else 2 * Y - 1
