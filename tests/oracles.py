"""Slow, obvious references for the fast code: one loop per line of the definition."""

from __future__ import annotations

import math


def network_edges(net):
    """Edges (source, target, weight, is_parameter) of the graph of THEORY section 1."""
    edges = []

    def matrix(weights, source, target, parameter):
        dense = weights.toarray()
        for i in range(dense.shape[0]):
            for j in range(dense.shape[1]):
                if dense[i, j]:
                    edges.append(((*source, j), (*target, i), dense[i, j], parameter))

    matrix(net.read_in, ("x",), ("z", 0), False)
    for level, block in enumerate(net.blocks):
        matrix(block.read, ("z", level), ("a", level), True)
        for j, bias in enumerate(block.bias):
            if bias:
                edges.append((("one",), ("a", level, j), bias, True))
        matrix(block.write, ("a", level), ("z", level + 1), True)
        for i in range(net.stream):
            edges.append((("z", level, i), ("z", level + 1, i), 1.0, False))
    matrix(net.read_out, ("z", len(net.blocks)), ("y",), False)
    for k, offset in enumerate(net.offset):
        if offset:
            edges.append((("one",), ("y", k), offset, True))
    return edges


def network_paths(net):
    """All (|product of weights| times |start|, number of parameters, output) by enumeration."""
    out = {}
    for source, target, weight, parameter in network_edges(net):
        out.setdefault(source, []).append((target, abs(weight), parameter))
    found = []

    def walk(node, product, count):
        if node[0] == "y":
            found.append((product, count, node[1]))
        for target, weight, parameter in out.get(node, ()):
            walk(target, product * weight, count + parameter)

    walk(("one",), 1.0, 0)
    for i, (lo, hi) in enumerate(net.box):
        walk(("x", i), max(abs(lo), abs(hi)), 0)
    return found


def evaluate(net, x):
    """One input row through a float network, with Python loops."""
    z = [sum(row[i] * x[i] for i in range(len(x))) for row in net.read_in.toarray()]
    for block in net.blocks:
        read, write = block.read.toarray(), block.write.toarray()
        a = []
        for j in range(block.width):
            s = block.bias[j] + sum(read[j, i] * z[i] for i in range(len(z)))
            a.append(min(max(s, 0.0), block.cap[j]))
        z = [z[i] + sum(write[i, j] * a[j] for j in range(block.width)) for i in range(len(z))]
    return [
        net.offset[k] + sum(row[i] * z[i] for i in range(len(z)))
        for k, row in enumerate(net.read_out.toarray())
    ]


def evaluate_codes(fixed, codes):
    """One row of codes through a fixed-point network, in Python integers."""
    x = [int(c) for c in codes]
    z = [sum(int(r) * v for r, v in zip(row, x, strict=True)) for row in fixed.read_in.toarray()]
    for block in fixed.blocks:
        a = []
        for j, row in enumerate(block.read.toarray()):
            s = int(block.bias[j]) + sum(int(r) * v for r, v in zip(row, z, strict=True))
            a.append(fixed_activation(s, int(block.shift[j]), int(block.bits[j])))
        z = [
            v + sum(int(w) * b for w, b in zip(row, a, strict=True))
            for v, row in zip(z, block.write.toarray(), strict=True)
        ]
    return [
        int(c) + sum(int(r) * v for r, v in zip(row, z, strict=True))
        for c, row in zip(fixed.offset, fixed.read_out.toarray(), strict=True)
    ]


def fixed_activation(s, shift, bits):
    """min(floor(max(s, 0) / 2**shift), 2**bits − 1), and no limit for 62 bits."""
    code = math.floor(max(s, 0) / 2**shift)
    return code if bits == 62 else min(code, 2**bits - 1)


def uncentred_errors(net, fixed, back, activation_errors):
    """The sum of THEORY section 3 for every output: each change times its largest source.

    `activation_errors(block, pre, cap, offset)` bounds a unit's rounding; a half step in a bias
    may count as part of it.
    """
    twin, ranges = fixed.to_resnet(), fixed.ranges
    total = [0.0] * net.n_outputs

    def changed(new, old, codes, exponent, after):
        new, old = new.toarray(), old.toarray()
        largest = [max(abs(int(a)), abs(int(b))) for a, b in codes]
        for i in range(new.shape[0]):
            for j in range(new.shape[1]):
                moved = abs(new[i, j] - old[i, j]) * math.ldexp(largest[j], int(exponent[j]))
                for k in range(net.n_outputs):
                    total[k] += moved * after[i][k]

    changed(twin.read_in, net.read_in, ranges.inputs, fixed.input_exponent, back.stream[0])
    for level, block in enumerate(fixed.relu_blocks):
        old, new, after = net.blocks[level], twin.blocks[level], back.units[level]
        changed(new.read, old.read, ranges.stream[level], fixed.stream_exponent, after)
        steps = block.exponent + block.shift
        changed(new.write, old.write, ranges.units[level], steps, back.stream[level + 1])
        for j in range(block.width):
            ways = []
            for offset in (0, 2 ** int(block.shift[j]) // 2):
                errors = activation_errors(block, ranges.pre[level], old.cap, offset=offset)
                known = math.ldexp(offset, int(block.exponent[j]))
                ways.append(abs(new.bias[j] - known - old.bias[j]) + max(e[j] for e in errors))
            for k in range(net.n_outputs):
                total[k] += min(ways) * after[j][k]
    unit = [[float(i == k) for k in range(net.n_outputs)] for i in range(net.n_outputs)]
    changed(twin.read_out, net.read_out, ranges.stream[-1], fixed.stream_exponent, unit)
    return [t + abs(a - b) for t, a, b in zip(total, twin.offset, net.offset, strict=True)]


def signed_digit_count(n):
    """Digits of the canonical signed form by its textbook recurrence."""
    count, n = 0, abs(int(n))
    while n:
        if n % 2:
            count += 1
            n -= 2 - n % 4
        n //= 2
    return count
