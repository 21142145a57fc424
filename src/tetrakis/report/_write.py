"""The files of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tetrakis.circuit import Aig
from tetrakis.encoding import Encoding
from tetrakis.network import ResNet
from tetrakis.report._diagram import diagram
from tetrakis.report._network import network_figure
from tetrakis.report._path import path_figure
from tetrakis.report._save import save_figure
from tetrakis.report._text import report_text


def write_report(
    folder: Path, claims: Mapping[str, Any], network: ResNet, encoding: Encoding, circuit: Aig
) -> None:
    """Write report.md, path.png, path.svg, network.png and network.svg.

    Parameters
    ----------
    folder : Path
    claims : mapping
        The fields of metrics.json.
    network, encoding, circuit
        Of the chosen point.
    """
    graph = diagram(network)
    figure = path_figure(claims["path"], claims["baselines"], score_name=claims["score_name"])
    save_figure(figure, folder / "path")
    names = [word.name for word in encoding.inputs]
    figure = network_figure(graph, input_names=names, output_names=_output_names(encoding))
    save_figure(figure, folder / "network")
    text = report_text(claims, encoding, circuit, graph)
    (folder / "report.md").write_text(text, encoding="utf-8")


def _output_names(encoding: Encoding) -> Sequence[str]:
    """Name the network's outputs: their classes, or the class of a positive output."""
    output = encoding.output
    if output is None:
        return [word.name for word in encoding.outputs]
    if output.decision == "argmax":
        return output.classes
    return (f"{output.name} = {output.classes[1]}" if output.classes else output.name,)
