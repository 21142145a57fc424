"""The report's page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tetrakis.circuit import Aig
from tetrakis.encoding import Encoding
from tetrakis.report._diagram import Diagram
from tetrakis.report._save import short

Row = Mapping[str, Any]
_MOST_COLUMNS = 40
REPORT_END = "a smaller circuit of the same function may exist."


def report_text(claims: Row, encoding: Encoding, circuit: Aig, graph: Diagram) -> str:
    """Compose report.md.

    Parameters
    ----------
    claims : mapping
        The fields of metrics.json.
    encoding : Encoding
    circuit : Aig
        The chosen circuit.
    graph : Diagram
        What network.png shows.
    """
    parts = [
        f"# A circuit that predicts {_code(claims['target'])}",
        _asked(claims),
        "## The chosen circuit",
        _chosen(claims),
        _certificate(claims, encoding),
        *_occam(claims),
        *_global_gap(claims),
        "## Size against accuracy",
        f"Held-out score: {_plain(claims['held_out'])}. The rule: {_plain(claims['rule'])}.",
        _path_table(claims),
        *_baselines(claims),
        "![held-out score against AND nodes](path.png)",
        "## What it reads",
        *_reads(encoding, circuit),
        "## The network behind it",
        _caption(graph),
        "![the network](network.png)",
        *_notes(claims),
        "## Check it",
        "`tetrakis verify DIR [DATA]` recomputes every number on this page that the files or the"
        " rows at hand allow, `tetrakis predict DIR DATA` runs the circuit. The pictures are here"
        f" as SVG, too. Sizes are upper bounds: {REPORT_END}",
    ]
    return "\n\n".join(parts) + "\n"


def _asked(claims: Row) -> str:
    source = claims["source"]
    options = {k: v for k, v in claims["options"].items() if v is not None}
    given = ", ".join(f"{k} = {_plain(v)}" for k, v in options.items())
    return (
        f"Asked for: {claims['task']} of {_code(claims['target'])} from {_code(source['name'])}"
        f" ({source['rows']:,} rows){', with ' + given if given else ''}; seed {claims['seed']}."
    )


def _chosen(claims: Row) -> str:
    score = _score_name(claims)
    rows = [
        ("AND nodes", f"{claims['num_gates']:,}"),
        ("levels", f"{claims['num_levels']:,}"),
        ("inputs and outputs", f"{claims['num_pis']:,} and {claims['num_pos']:,} bits"),
        (f"held-out {score}", _number(claims["held_out_score"])),
        (f"{score} on the rows trained on", _number(claims["train_score"])),
    ]
    if claims.get("occam_bound"):
        rows.append(("error on unseen rows, at most (Occam bound)", _bound(claims)))
    if claims.get("global_gap"):
        rows.append(("objective above the best of any width, at most", _gap_share(claims)))
    if claims["test_score"] is not None:
        rows.append((f"{score} on the test rows", f"**{_number(claims['test_score'])}**"))
    rows += [
        ("network", f"{claims['num_units']:,} units, {claims['num_weights']:,} nonzero weights and"
                    f" biases, {claims['num_bits']:,} bits"),
        ("ResNet norm, path norm", f"{claims['resnet_norm']:.4g}, {claims['path_norm']:.4g}"),
        ("certified ε", f"{claims['epsilon_certified']:.4g}"),
    ]  # fmt: skip
    return _table(("", ""), rows, right=1)


def _made(claims: Row) -> str:
    if claims["path"][claims["chosen"]]["name"].endswith("simplified"):
        return "simplified from its start on the rows it was learnt from"
    return "compiled from its start as that is"


def _certificate(claims: Row, encoding: Encoding) -> str:
    """Say what ε means for the person."""
    epsilon = f"{claims['epsilon_certified']:.4g}"
    terms = ", ".join(f"{name} {value:.3g}" for name, value in claims["epsilon_terms"].items())
    if claims["network_of"] == "circuit":
        return (
            f"The circuit was {_made(claims)}. Its network is read off it gate by gate: a"
            " threshold for each input bit that is used, a relu for each AND. On every input code"
            " both compute the same, so ε is 0; the rounding of values to codes is part of the"
            " model, not of ε."
        )
    start = (
        "The circuit computes exactly what the fixed-point network computes. For every input in"
        " the box, its outputs are within ε of those of the float network, which has the same"
        " weights but doesn't round inputs, biases and activations"
        f" (certified; parts: {terms})."
    )
    output = encoding.output
    assert output is not None
    if output.task == "regression":
        return (
            f"{start} In units of {_code(output.name)} that is"
            f" **{claims['epsilon_target']:.4g}** at most; one step of the circuit's output word"
            f" is {output.scale:.4g}."
        )
    if output.decision == "sign":
        return (
            f"{start} The circuit tells {_code(output.classes[1])} (1) from"
            f" {_code(output.classes[0])} (0): wherever the float network's output is further than"
            f" {epsilon} from 0, both decide alike."
        )
    return (
        f"{start} The circuit gives the index of the largest of {len(output.classes)} outputs:"
        f" wherever the float network's largest output leads by more than"
        f" {2 * claims['epsilon_certified']:.4g}, both decide alike."
    )


def _bound(claims: Row) -> str:
    value, delta = claims["occam_bound"]["value"], claims["occam_bound"]["delta"]
    return f"{value:.4f} with probability {1 - delta:g}" if value < 1 else "1: says nothing"


def _occam(claims: Row) -> Iterable[str]:
    """Say what the Occam bound rests on and what it is worth."""
    bound = claims.get("occam_bound")
    if bound:
        own = bound["bits"] - bound["encoding_bits"]
        paid = bound["encoding_bits"]
        yield (
            f"The Occam bound needs no held-out rows. It is paid for by {bound['errors']:,} wrong"
            f" of the {bound['rows']:,} rows trained on, {own:,.0f} bits that tell the circuit"
            f"{f' and {paid:,.0f} that tell its encoding' if paid else ''}, and holds for all"
            f" circuits at once, however one was found, if those rows are independent draws of"
            f" what it will be used on. Here it {_worth(bound)}."
        )


def _gap_share(claims: Row) -> str:
    gap = claims["global_gap"]
    return f"{gap['value']:.3g} ({gap['value'] / max(gap['objective'], 1e-300):.2%} of it)"


def _global_gap(claims: Row) -> Iterable[str]:
    """Say what the certificate of global optimality is about."""
    gap = claims.get("global_gap")
    if gap:
        yield (
            f"The float network was trained by a convex program: mean {gap['loss']} loss plus"
            f" {gap['alpha']:.4g} Σ ‖u‖‖a‖ over its neurons, biases counted, is"
            f" {gap['objective']:.6g} on the {gap['rows']:,} encoded rows trained on, and no"
            f" two-layer relu network of any width has less than {gap['lower_bound']:.6g}"
            f" ({gap['scope']}; {_plain(gap['method'])}). This says nothing of the rounding, which"
            " is in ε, nor of unseen rows."
        )


def _worth(bound: Row) -> str:
    verdict = str(bound["verdict"])
    return _plain(verdict if verdict.startswith("says") else f"is {verdict}")


def shown_points(rows: Sequence[Row], most: int = 20) -> list[Row]:
    """Thin a path out for a table, by size; the chosen point and both ends stay."""
    if len(rows) <= most:
        return list(rows)
    ends = np.geomspace(max(rows[0]["num_gates"], 1), rows[-1]["num_gates"], most - 1)
    sizes = np.array([row["num_gates"] for row in rows])
    kept = {int(np.argmin(np.abs(sizes - size))) for size in ends}
    kept |= {0, len(rows) - 1} | {k for k, row in enumerate(rows) if row.get("chosen")}
    return [rows[k] for k in sorted(kept)]


def _path_table(claims: Row) -> str:
    heads = (
        "", f"held-out {_score_name(claims)}", "AND nodes", "levels", "weights", "bits",
        "ResNet norm", "start", "found as",
    )  # fmt: skip
    rows = []
    for row in shown_points(claims["path"]):
        cells = [
            _number(row["score"]), f"{row['num_gates']:,}", f"{row['num_levels']:,}",
            f"{row['nonzeros']:,}", f"{row['bits']:,}", f"{row['resnet_norm']:.4g}",
            _plain(row["start"]), _plain(row["name"]),
        ]  # fmt: skip
        mark = "→" if row["chosen"] else ""
        rows.append((mark, *(f"**{c}**" if row["chosen"] and c else c for c in cells)))
    return _table(heads, rows, right=6, first=1)


def _baselines(claims: Row) -> Iterable[str]:
    if not claims["baselines"]:
        return
    score = _score_name(claims)
    yield "Simpler models, compiled to circuits by the same compiler:"
    tested = any(row["test_score"] is not None for row in claims["baselines"])
    heads = ["model", f"held-out {score}", "AND nodes", "levels"]
    rows = []
    for row in claims["baselines"]:
        cells = [_plain(row["name"]), _number(row["score"]), f"{row['num_gates']:,}",
                 f"{row['num_levels']:,}"]  # fmt: skip
        rows.append((*cells, *([_number(row["test_score"])] if tested else [])))
    yield _table((*heads, *([f"test {score}"] if tested else [])), rows, right=4, first=1)


def _reads(encoding: Encoding, circuit: Aig) -> Iterable[str]:
    """Say which columns the circuit's gates and outputs really read."""
    used = np.concatenate([circuit.fanins.ravel(), circuit.outputs]) >> 1
    live = np.zeros(circuit.num_pis + 1, bool)
    live[used[used <= circuit.num_pis]] = True
    owners: dict[str, tuple[int, int]] = {}
    words = iter(encoding.inputs)
    for column in encoding.columns:
        bits = [b for _ in column.words for b in next(words).bits]
        owners[column.name] = (int(live[np.array(bits) + 1].sum()), len(bits))
    found = {name: counts for name, counts in owners.items() if counts[0]}
    total = sum(counts[0] for counts in found.values())
    yield (
        f"{len(found)} of {encoding.n_columns} columns, {total} of {circuit.num_pis} encoded bits."
        + (f" Left out from the start: {len(encoding.dropped)}." if encoding.dropped else "")
    )
    if found:
        shown = list(found.items())[:_MOST_COLUMNS]
        listed = ", ".join(f"{_code(name)} ({of[0]} of {of[1]})" for name, of in shown)
        more = len(found) - len(shown)
        yield f"{listed}{f', and {more} more' if more else ''} (bits read of bits encoded)."


def _caption(graph: Diagram) -> str:
    shown, total = len(graph.edges), graph.total
    cut = f" Only the {shown} most important of {total:,} edges are drawn." if shown < total else ""
    return (
        "Inputs left, outputs right; a circle is a relu. Width grows with an edge's importance"
        " |w| ā L̄ (how far it can move the output), blue is a positive weight, orange a negative"
        f" one. Inputs that nothing reads are left out, biases aren't drawn.{cut}"
    )


def _notes(claims: Row) -> Iterable[str]:
    if claims["notes"]:
        yield "## Notes"
        yield "\n".join(f"- {_plain(note)}" for note in claims["notes"])


def _score_name(claims: Row) -> str:
    return "R²" if claims["score_name"] == "R2" else str(claims["score_name"])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: int, first: int = 1
) -> str:
    """Lay out a Markdown table; `right` columns from the `first` on are aligned to the right."""
    rule = ["---:" if first <= k < first + right else "---" for k in range(len(heads))]
    lines = [" | ".join(row) for row in (heads, rule, *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _plain(value: Any) -> str:
    """Keep a text from being read as Markdown."""
    text = short(str(value), 300)
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return text


def _code(name: str) -> str:
    return f"`{short(name, 60).replace('`', chr(39)).replace('|', '¦')}`"
