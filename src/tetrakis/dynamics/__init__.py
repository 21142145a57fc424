"""What gradient descent converges to: normalised flows, and margins of classifiers."""

from tetrakis.dynamics._flow import FlowResult as FlowResult
from tetrakis.dynamics._flow import normalised_flow as normalised_flow
from tetrakis.dynamics._kkt import kkt_residual as kkt_residual
from tetrakis.dynamics._layers import layers_of as layers_of
from tetrakis.dynamics._layers import network_of_layers as network_of_layers
from tetrakis.dynamics._layers import random_layers as random_layers
from tetrakis.dynamics._margins import MarginReport as MarginReport
from tetrakis.dynamics._margins import margin_report as margin_report
from tetrakis.dynamics._margins import report_of as report_of
from tetrakis.dynamics._norms import Figure as Figure
from tetrakis.dynamics._norms import frobenius_product as frobenius_product
from tetrakis.dynamics._norms import margin_bound as margin_bound
