"""Smaller networks: prune, sweep, quantise and allocate precision under a certificate."""

from tetrakis.compress._allocate import Allocation as Allocation
from tetrakis.compress._allocate import allocate as allocate
from tetrakis.compress._digits import signed_digits as signed_digits
from tetrakis.compress._fix import to_fixed_point as to_fixed_point
from tetrakis.compress._precision_search import Price as Price
from tetrakis.compress._prune import prune as prune
from tetrakis.compress._prune import random_prune as random_prune
from tetrakis.compress._quantise import quantise as quantise
from tetrakis.compress._sweep import sweep as sweep
