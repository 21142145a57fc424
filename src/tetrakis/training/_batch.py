"""Views, settings and results of many networks as arrays of one shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from tetrakis.training._model import Params
from tetrakis.training._plan import Job, TrainedNetwork, View

_SMALL_ROWS = 256


def shared_arrays(views: Sequence[View], target: np.ndarray) -> tuple[Any, Any, Any, Any]:
    """Stack the views, padded to round sizes so that similar problems share compiled code."""
    n, d = views[0].codes.shape
    rows = max(len(view.rows) for view in views)
    small = n <= _SMALL_ROWS
    shape = (
        _round_up(len(views), 16 if small else 2), _round_up(n, _SMALL_ROWS), _round_up(d, 16)
    )  # fmt: skip
    data = np.zeros(shape, np.uint8)
    chosen = np.zeros((shape[0], _round_up(rows, _SMALL_ROWS)), np.int32)
    count = np.ones(shape[0], np.int32)
    for index, view in enumerate(views):
        data[index, :n, :d] = view.codes
        chosen[index] = np.resize(view.rows, chosen.shape[1])
        count[index] = len(view.rows)
    padded = np.zeros(shape[1], np.float32)
    padded[:n] = target
    return jnp.asarray(data), jnp.asarray(padded), jnp.asarray(chosen), jnp.asarray(count)


def _round_up(count: int, least: int) -> int:
    """Round up to `least`, a power of two, or above 512 to a sixteenth of one."""
    power = 2 ** math.ceil(math.log2(max(count, least)))
    step = power // 16 if count > 512 else power
    return -(-count // step) * step


def per_network(jobs: Sequence[Job], views: Sequence[View], shared: Any) -> Params:
    settings = [job.settings for job in jobs]
    d, padded = views[0].codes.shape[1], shared[0].shape[2]
    width = np.ones((len(jobs), padded))
    width[:, :d] = np.stack([views[job.view].bits for job in jobs])
    net = {
        "allowance": np.array([s.allowance for s in settings]),
        "alpha": np.array([s.alpha for s in settings]),
        "bits": np.array([float(s.activation_bits) for s in settings]),
        "hidden": np.array([float(s.hidden) for s in settings]),
        "view": np.array([job.view for job in jobs]),
        "width": width,
    }
    return {name: jnp.asarray(v, _dtype(v)) for name, v in net.items()}


def _dtype(values: np.ndarray) -> Any:
    return jnp.float32 if values.dtype.kind == "f" else jnp.int32


def split_group(jobs: Sequence[Job], arrays: Any, d: int) -> list[TrainedNetwork]:
    """Cut a group's arrays into networks, without the padding of the inputs."""
    params, rounded, steps = arrays
    padded = params["S"].shape[1]

    def cut(weights: dict[str, np.ndarray], i: int) -> dict[str, np.ndarray]:
        keep = {n: np.r_[:d, padded : v.shape[1]] for n, v in weights.items() if n[0] in "WS"}
        return {n: v[i][keep[n]] if n in keep else v[i] for n, v in weights.items()}

    return [
        TrainedNetwork(job.settings, cut(params, i), cut(rounded, i), tuple(v[i] for v in steps))
        for i, job in enumerate(jobs)
    ]
