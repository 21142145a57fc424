"""From a lift to the shared representation, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from tetrakis.errors import GraphError
from tetrakis.graphs._layout import Layout, layout
from tetrakis.graphs._lift import Lift
from tetrakis.network import Block, ResNet


def to_resnet(
    lift: Lift, *, box: ArrayLike, centre: ArrayLike = 0.0, scale: ArrayLike = 1.0
) -> ResNet:
    """Build the residual network that computes a lift.

    Parameters
    ----------
    lift : Lift
    box : array_like, shape (n_inputs, 2)
        Of the network's inputs x: at least as many as the graph reads.
    centre, scale : array_like, shape (n_inputs,) or ()
        The lift's inputs are (x − centre) / scale; this is folded into weights and biases.

    Returns
    -------
    ResNet
        One block per level of relus. A weight of the lift is one weight of the network, except
        that an identity read by an identity other than by a skip edge passes through a pair of
        relus, and that weights out of inputs are divided by `scale`.

    Raises
    ------
    GraphError
        If a scale isn't positive or a shape doesn't fit.
    """
    return _Builder(lift, np.asarray(box, np.float64), centre, scale).network()


class _Builder:
    """Collects the entries of all matrices, edge by edge."""

    def __init__(self, lift: Lift, box: NDArray, centre: ArrayLike, scale: ArrayLike) -> None:
        self.lift, self.graph = lift, lift.graph
        d = len(box) if box.ndim else 0
        if box.shape != (d, 2) or d < self.graph.n_inputs:
            raise GraphError(
                f"box: expected shape (n, 2) with n >= {self.graph.n_inputs}, got {box.shape}."
            )
        self.box, self.n_inputs = box, d
        self.plan: Layout = layout(lift, d)
        try:
            self.centre = np.broadcast_to(np.asarray(centre, np.float64), (d,))
            self.scale = np.broadcast_to(np.asarray(scale, np.float64), (d,))
        except ValueError:
            raise GraphError(
                f"centre, scale: expected one number for each of {d} columns."
            ) from None
        if not (self.scale > 0).all():
            raise GraphError("scale: expected numbers > 0.")
        self.depth = max([0, *(self.plan.level[v.name] for v in self.graph.hidden
                               if v.activation == "relu"),
                          *(self.plan.level[n] + 1 for n in self.plan.carried)])  # fmt: skip
        self._number_units()
        self.read: list[list[Any]] = [[] for _ in range(self.depth)]
        self.write: list[list[Any]] = [[] for _ in range(self.depth)]
        self.read_in: list[Any] = []
        self.read_out: list[Any] = []
        self.shift = {v.name: np.zeros(lift.counts[v.name]) for v in self.graph.vertices}

    def _number_units(self) -> None:
        """Give numbers to the relus of every block, then the pairs that carry identities."""
        self.width = [0] * self.depth
        self.unit: dict[str, int] = {}
        for vertex in self.graph.hidden:
            if vertex.activation == "relu":
                self._take(vertex.name, self.plan.level[vertex.name], 1)
        for name in self.plan.carried:
            self._take(f"±{name}", self.plan.level[name] + 1, 2)

    def _take(self, name: str, level: int, times: int) -> None:
        self.unit[name] = self.width[level - 1]
        self.width[level - 1] += times * self.lift.counts[name.removeprefix("±")]

    def network(self) -> ResNet:
        starts = np.cumsum([0, *(v.size or 1 for v in self.graph.outputs)])
        self.output = {v.name: int(s) for v, s in zip(self.graph.outputs, starts, strict=False)}
        bias = [np.zeros(w) for w in self.width]
        biases = {v.name: b for v, b in zip(self.graph.vertices, self.lift.biases, strict=True)}
        self._carry()
        for name in self.graph.order:
            for k, edge in enumerate(self.graph.edges):
                if edge.target == name:
                    self._add(k)
            if name in self.unit:
                start = self.unit[name]
                span = slice(start, start + self.lift.counts[name])
                bias[self.plan.level[name] - 1][span] = biases[name] + self.shift[name]
                self.shift[name] = np.zeros(self.lift.counts[name])
        offset = [biases[v.name] + self.shift[v.name] for v in self.graph.outputs]
        for v in self.graph.outputs:
            rows = np.arange(v.size or 1)
            self.read_out.append((self.output[v.name] + rows, self.plan.place[v.name] + rows,
                                  np.ones(len(rows))))  # fmt: skip
        return self._assemble(bias, np.concatenate(offset))

    def _carry(self) -> None:
        """Let pairs of relus read identities, and relus with coordinates write them."""
        for name in self.plan.carried:
            rows = np.arange(self.lift.counts[name])
            start, level = self.unit[f"±{name}"], self.plan.level[name]
            for sign in (1.0, -1.0):
                shift = 0 if sign > 0 else len(rows)
                self.read[level].append(
                    (start + shift + rows, self.plan.place[name] + rows, sign * np.ones(len(rows)))
                )
        for vertex in self.graph.hidden:
            name = vertex.name
            if vertex.activation == "relu" and name in self.plan.place:
                rows = np.arange(self.lift.counts[name])
                self.write[self.plan.level[name] - 1].append(
                    (self.plan.place[name] + rows, self.unit[name] + rows, np.ones(len(rows)))
                )

    def _add(self, k: int) -> None:
        """Add the weights of one base edge."""
        edge = self.graph.edges[k]
        source, target = self.graph.by_name[edge.source], self.graph.by_name[edge.target]
        rows, columns = self.lift.pairs(k)
        data = np.ones(len(rows)) if edge.skip else self.lift.weights[k].ravel()
        if source.kind == "input":
            columns = np.asarray(source.columns)[columns]
            data = data / self.scale[columns]
            moved = -data * self.centre[columns]
        else:
            moved = data * self.shift[edge.source][columns]
        np.add.at(self.shift[edge.target], rows, moved)
        if target.activation == "relu":
            start = 0 if source.kind == "input" else self.plan.place[edge.source]
            level = self.plan.level[edge.target]
            self.read[level - 1].append((self.unit[edge.target] + rows, start + columns, data))
        elif target.kind == "output":
            self._into_output(edge.source, edge.target, rows, columns, data)
        else:
            self._into_identity(edge.source, edge.target, rows, columns, data)

    def _into_output(
        self, source: str, target: str, rows: NDArray, columns: NDArray, data: NDArray
    ) -> None:
        vertex = self.graph.by_name[source]
        if vertex.activation == "relu":
            level = self.plan.level[source]
            place = self.plan.place[target]
            self.write[level - 1].append((place + rows, self.unit[source] + columns, data))
            return
        start = 0 if vertex.kind == "input" else self.plan.place[source]
        self.read_out.append((self.output[target] + rows, start + columns, data))

    def _into_identity(
        self, source: str, target: str, rows: NDArray, columns: NDArray, data: NDArray
    ) -> None:
        vertex, place = self.graph.by_name[source], self.plan.place[target]
        if vertex.kind == "input":
            self.read_in.append((place + rows, columns, data))
        elif vertex.activation == "relu":
            level = self.plan.level[source]
            self.write[level - 1].append((place + rows, self.unit[source] + columns, data))
        elif self.plan.place[source] != place:
            level, start = self.plan.level[source] + 1, self.unit[f"±{source}"]
            n = self.lift.counts[source]
            self.write[level - 1].append((place + rows, start + columns, data))
            self.write[level - 1].append((place + rows, start + n + columns, -data))

    def _assemble(self, bias: list[NDArray], offset: NDArray) -> ResNet:
        d, stream = self.n_inputs, self.plan.stream
        eye = (np.arange(d), np.arange(d), np.ones(d))
        blocks = [
            Block(_matrix(r, (w, stream)), b, np.full(w, np.inf), _matrix(s, (stream, w)))
            for r, s, b, w in zip(self.read, self.write, bias, self.width, strict=True)
        ]
        return ResNet(
            _matrix([eye, *self.read_in], (stream, d)),
            tuple(blocks),
            _matrix(self.read_out, (self.graph.n_outputs, stream)),
            offset,
            self.box,
        )


def _matrix(entries: list[Any], shape: tuple[int, int]) -> csr_array:
    if not entries:
        return csr_array(shape)
    rows, columns, data = (np.concatenate([e[k] for e in entries]) for k in range(3))
    return csr_array((data, (rows, columns)), shape=shape)
