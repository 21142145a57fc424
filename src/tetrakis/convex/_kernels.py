"""How compiled functions of this package are declared."""

from __future__ import annotations

from typing import Any

from numba import njit

#: Strict IEEE arithmetic throughout: no reordering of sums, so that results can be reproduced.
kernel: Any = njit(cache=True, nogil=True)
