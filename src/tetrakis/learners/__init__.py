"""scikit-learn estimators and the search behind them."""

from tetrakis.learners._candidate import Candidate as Candidate
