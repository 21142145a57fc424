"""How compiled kernels are declared.

A kernel is compiled once for each combination of argument types, so all of them take
writeable C-ordered arrays (`fresh`) and 64-bit scalars, allocate nothing themselves, and copy
arrays element by element: this is what keeps the first call in a fresh installation short.
"""

from __future__ import annotations

from typing import Any

from numba import njit

_INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel: Any = njit(cache=True, nogil=True)
inner: Any = njit(cache=True, **_INNER)
