"""Plain functions that look at a network: norms, ranges, bounds, certificates, sizes."""

from tetrakis.measures._certificate import activation_error as activation_error
from tetrakis.measures._certificate import error_certificate as error_certificate
from tetrakis.measures._certificate import error_terms as error_terms
from tetrakis.measures._counts import num_bits as num_bits
from tetrakis.measures._counts import num_digits as num_digits
from tetrakis.measures._counts import num_units as num_units
from tetrakis.measures._counts import num_weights as num_weights
from tetrakis.measures._norms import BackwardBounds as BackwardBounds
from tetrakis.measures._norms import BlockImportance as BlockImportance
from tetrakis.measures._norms import EdgeImportance as EdgeImportance
from tetrakis.measures._norms import ForwardBounds as ForwardBounds
from tetrakis.measures._norms import backward_bounds as backward_bounds
from tetrakis.measures._norms import edge_importance as edge_importance
from tetrakis.measures._norms import edge_prices as edge_prices
from tetrakis.measures._norms import forward_bounds as forward_bounds
from tetrakis.measures._norms import path_norm as path_norm
from tetrakis.measures._norms import resnet_norm as resnet_norm
from tetrakis.measures._ranges import integer_ranges as integer_ranges
from tetrakis.measures._ranges import interval_ranges as interval_ranges
from tetrakis.measures._ranges import lipschitz_bound as lipschitz_bound
from tetrakis.measures._ranges import lipschitz_per_input as lipschitz_per_input
from tetrakis.measures._ranges import range_bounds as range_bounds
