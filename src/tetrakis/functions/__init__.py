"""Targets that are functions: formulas, Tetrakis interpolants, circuits with a verified error."""

from tetrakis.functions._approximate import approximate as approximate
from tetrakis.functions._approximation import Approximation as Approximation
from tetrakis.functions._competition import CONSTRUCTIONS as CONSTRUCTIONS
from tetrakis.functions._curve import Curve as Curve
from tetrakis.functions._curve import CurvePoint as CurvePoint
from tetrakis.functions._curve import circuit_size_curve as circuit_size_curve
from tetrakis.functions._expression import Expression as Expression
from tetrakis.functions._expression import parse_formula as parse_formula
from tetrakis.functions._format import OutputFormat as OutputFormat
from tetrakis.functions._gamma import GammaFit as GammaFit
from tetrakis.functions._gamma import fit_gamma as fit_gamma
from tetrakis.functions._gamma import htmc_norm as htmc_norm
from tetrakis.functions._rounding import enough_bits as enough_bits
from tetrakis.functions._rounding import input_rounding as input_rounding
from tetrakis.functions._sums import Hierarchy as Hierarchy
from tetrakis.functions._sums import Sum as Sum
from tetrakis.functions._sums import sum_circuits as sum_circuits
from tetrakis.functions._target import Grid as Grid
from tetrakis.functions._target import Target as Target
from tetrakis.functions._target import make_grid as make_grid
from tetrakis.functions._target import make_target as make_target
from tetrakis.functions._tetrakis import Tetrakis as Tetrakis
from tetrakis.functions._verify import Verification as Verification
from tetrakis.functions._verify import verify_on_grid as verify_on_grid
