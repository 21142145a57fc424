"""Training of small residual networks under quantisation (JAX; a GPU is used if JAX sees one)."""

from tetrakis.training._extract import to_networks as to_networks
from tetrakis.training._plan import Job as Job
from tetrakis.training._plan import Loss as Loss
from tetrakis.training._plan import Plan as Plan
from tetrakis.training._plan import Settings as Settings
from tetrakis.training._plan import TrainedNetwork as TrainedNetwork
from tetrakis.training._plan import View as View
from tetrakis.training._plan import grid as grid
from tetrakis.training._train import train as train
