"""Training of small residual networks under quantisation (JAX; a GPU is used if JAX sees one)."""

from tetrakis.training._extract import to_networks as to_networks
from tetrakis.training._plan import Job as Job
from tetrakis.training._plan import Loss as Loss
from tetrakis.training._plan import Plan as Plan
from tetrakis.training._plan import Settings as Settings
from tetrakis.training._plan import TrainedNetwork as TrainedNetwork
from tetrakis.training._plan import View as View
from tetrakis.training._plan import grid as grid
from tetrakis.training._table_extract import to_table_network as to_table_network
from tetrakis.training._table_plan import Candidates as Candidates
from tetrakis.training._table_plan import TableLayers as TableLayers
from tetrakis.training._table_plan import TablePlan as TablePlan
from tetrakis.training._table_plan import TrainedTables as TrainedTables
from tetrakis.training._table_plan import candidates_of as candidates_of
from tetrakis.training._table_train import train_tables as train_tables
from tetrakis.training._train import train as train
