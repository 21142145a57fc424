"""Base computation graphs, and the random sparse lifts that are networks."""

from tetrakis.graphs._base import BaseGraph as BaseGraph
from tetrakis.graphs._base import Edge as Edge
from tetrakis.graphs._base import Vertex as Vertex
from tetrakis.graphs._construct import Tree as Tree
from tetrakis.graphs._construct import balanced as balanced
from tetrakis.graphs._construct import binary_tree as binary_tree
from tetrakis.graphs._construct import local_1d as local_1d
from tetrakis.graphs._construct import local_2d as local_2d
from tetrakis.graphs._construct import mlp as mlp
from tetrakis.graphs._construct import named as named
from tetrakis.graphs._construct import parallel as parallel
from tetrakis.graphs._construct import residual as residual
from tetrakis.graphs._construct import tree as tree
from tetrakis.graphs._homomorphism import is_homomorphism as is_homomorphism
from tetrakis.graphs._lift import Lift as Lift
from tetrakis.graphs._lift import lift as lift
from tetrakis.graphs._networkx import from_networkx as from_networkx
from tetrakis.graphs._networkx import to_networkx as to_networkx
from tetrakis.graphs._to_resnet import to_resnet as to_resnet
