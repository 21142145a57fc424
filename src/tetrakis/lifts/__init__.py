"""Training random sparse lifts, and how wide they must be to train reliably."""

from tetrakis.lifts._curve import SuccessCurve as SuccessCurve
from tetrakis.lifts._curve import success_curve as success_curve
from tetrakis.lifts._model import Loss as Loss
from tetrakis.lifts._record import recorded_trials as recorded_trials
from tetrakis.lifts._train import Solver as Solver
from tetrakis.lifts._train import TrainedLift as TrainedLift
from tetrakis.lifts._train import Training as Training
from tetrakis.lifts._train import train_lifts as train_lifts
from tetrakis.lifts._wilson import wilson as wilson
