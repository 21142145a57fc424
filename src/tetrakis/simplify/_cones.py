"""Reference counts: what goes when a node goes."""

from __future__ import annotations

from tetrakis.circuit._kernels import inner, kernel
from tetrakis.simplify._graph import COPY, LEAF, XOR, Ints


@inner
def cost_of(kind: int) -> int:
    """AND nodes that a node costs."""
    if kind in (LEAF, COPY):
        return 0
    return 3 if kind == XOR else 1


@inner
def release(node: int, op: Ints, left: Ints, right: Ints, refs: Ints, stack: Ints) -> int:
    """Take away a node's reads, and those of all that nothing reads then.

    Returns
    -------
    int
        AND nodes freed, the node's own included. `stack` lists the nodes; entry 0 of the
        result's order is `node`.
    """
    freed, top, done = cost_of(op[node]), 1, 0
    stack[0] = node
    while done < top:
        v = stack[done]
        done += 1
        for fanin in (left[v] >> 1, right[v] >> 1):
            refs[fanin] -= 1
            if refs[fanin] == 0 and op[fanin] != LEAF:
                freed += cost_of(op[fanin])
                stack[top] = fanin
                top += 1
    if top < stack.shape[0]:
        stack[top] = -1
    return freed


@inner
def restore(node: int, op: Ints, left: Ints, right: Ints, refs: Ints, stack: Ints) -> None:
    """Undo `release`."""
    top = 1
    stack[0] = node
    while top:
        top -= 1
        v = stack[top]
        for fanin in (left[v] >> 1, right[v] >> 1):
            if refs[fanin] == 0 and op[fanin] != LEAF:
                stack[top] = fanin
                top += 1
            refs[fanin] += 1


@inner
def gain_of(
    node: int, kind: int, u: int, v: int, op: Ints, left: Ints, right: Ints, refs: Ints,
    stack: Ints,
) -> int:  # fmt: skip
    """AND nodes saved by reading literal `v` (kind LEAF), or a new node of `u`, `v`, instead."""
    refs[v >> 1] += 1
    if kind != LEAF:
        refs[u >> 1] += 1
    freed = release(node, op, left, right, refs, stack)
    restore(node, op, left, right, refs, stack)
    refs[v >> 1] -= 1
    if kind != LEAF:
        refs[u >> 1] -= 1
    return freed - cost_of(kind)


@kernel
def references(op: Ints, left: Ints, right: Ints, outputs: Ints, refs: Ints) -> None:
    """Count how often every variable is read."""
    for v in range(op.shape[0]):
        refs[v] = 0
    for v in range(op.shape[0]):
        if op[v] != LEAF:
            refs[left[v] >> 1] += 1
            refs[right[v] >> 1] += 1
    for k in range(outputs.shape[0]):
        refs[outputs[k] >> 1] += 1


@kernel
def cone_sizes(op: Ints, left: Ints, right: Ints, refs: Ints, stack: Ints, sizes: Ints) -> None:
    """Write the cost of every node's maximum fanout-free cone."""
    for v in range(op.shape[0]):
        if op[v] != LEAF:
            sizes[v] = release(v, op, left, right, refs, stack)
            restore(v, op, left, right, refs, stack)


@kernel
def free_regions(
    op: Ints, left: Ints, right: Ints, outputs: Ints, refs: Ints, parent: Ints, root: Ints
) -> None:
    """Write each node's only reader (−1: several, or an output) and its region's root."""
    n = op.shape[0]
    for v in range(n):
        parent[v] = root[v] = -1
    for v in range(n):
        if op[v] != LEAF:
            for fanin in (left[v] >> 1, right[v] >> 1):
                parent[fanin] = v if refs[fanin] == 1 else -1
    for k in range(outputs.shape[0]):
        parent[outputs[k] >> 1] = -1
    for v in range(n - 1, -1, -1):
        if op[v] != LEAF:
            root[v] = root[parent[v]] if parent[v] >= 0 else v
