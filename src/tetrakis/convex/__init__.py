"""Parallel relu networks trained to global optimality as convex programs, with certificates."""

from tetrakis.convex._certify import certify as certify
from tetrakis.convex._certify import holds as holds
from tetrakis.convex._decode import deep_network_of as deep_network_of
from tetrakis.convex._decode import network_of as network_of
from tetrakis.convex._deep import DeepSolution as DeepSolution
from tetrakis.convex._deep import solve_deep as solve_deep
from tetrakis.convex._estimators import ConvexReLUClassifier as ConvexReLUClassifier
from tetrakis.convex._estimators import ConvexReLURegressor as ConvexReLURegressor
from tetrakis.convex._fit import alpha_max as alpha_max
from tetrakis.convex._gated import GatedSolution as GatedSolution
from tetrakis.convex._gated import solve_gated as solve_gated
from tetrakis.convex._losses import LOSSES as LOSSES
from tetrakis.convex._losses import Loss as Loss
from tetrakis.convex._path import ConvexPath as ConvexPath
from tetrakis.convex._path import convex_path as convex_path
from tetrakis.convex._path import plot_path as plot_path
from tetrakis.convex._patterns import Patterns as Patterns
from tetrakis.convex._patterns import count_patterns as count_patterns
from tetrakis.convex._patterns import enumerate_patterns as enumerate_patterns
from tetrakis.convex._patterns import patterns_of as patterns_of
from tetrakis.convex._patterns import sample_patterns as sample_patterns
from tetrakis.convex._relu import ReLUSolution as ReLUSolution
from tetrakis.convex._relu import solve_relu as solve_relu
from tetrakis.convex._sampled import solve_sampled as solve_sampled
from tetrakis.convex._truncate import solve_truncated as solve_truncated
from tetrakis.convex._truncate import truncated_bound as truncated_bound
