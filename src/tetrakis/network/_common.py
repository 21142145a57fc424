"""One exponent for all outputs of an integer network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from tetrakis.network._fixed import FixedPointResNet


def common_exponent(fixed: FixedPointResNet) -> FixedPointResNet:
    """Give all outputs the finest exponent, so that their integers can be compared."""
    lift = fixed.output_exponent - fixed.output_exponent.min()
    if not lift.any():
        return fixed
    times = np.left_shift(np.int64(1), lift)
    matrix = csr_array(fixed.read_out * times[:, None])
    exponent = fixed.output_exponent - lift
    return replace(fixed, read_out=matrix, offset=fixed.offset * times, output_exponent=exponent)
