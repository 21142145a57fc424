"""scikit-learn estimators and the search behind them."""

from tetrakis.learners._candidate import Candidate as Candidate
from tetrakis.learners._choose import choose as choose
from tetrakis.learners._choose import pareto as pareto
from tetrakis.learners._compositional import CompositionalClassifier as CompositionalClassifier
from tetrakis.learners._compositional import CompositionalRegressor as CompositionalRegressor
from tetrakis.learners._estimators import ResNetClassifier as ResNetClassifier
from tetrakis.learners._estimators import ResNetRegressor as ResNetRegressor
from tetrakis.learners._lifts import SparseLiftClassifier as SparseLiftClassifier
from tetrakis.learners._lifts import SparseLiftRegressor as SparseLiftRegressor
from tetrakis.learners._problem import Problem as Problem
from tetrakis.learners._problem import labels_like as labels_like
from tetrakis.learners._problem import problem_from_table as problem_from_table
from tetrakis.learners._search import SearchResult as SearchResult
from tetrakis.learners._search import search as search
from tetrakis.learners._table_estimators import TableNetClassifier as TableNetClassifier
from tetrakis.learners._table_estimators import TableNetRegressor as TableNetRegressor
from tetrakis.learners._table_nets import TableNet as TableNet
from tetrakis.learners._table_nets import TableSettings as TableSettings
from tetrakis.learners._table_nets import fit_tables as fit_tables
from tetrakis.learners._table_of_trees import table_network as table_network
from tetrakis.learners._table_points import TablePoint as TablePoint
from tetrakis.learners._views import Split as Split
