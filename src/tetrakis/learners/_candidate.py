"""One point of the size–accuracy path: network, integer twin and circuit, with what they score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tetrakis.certificate import Certificate
from tetrakis.circuit import Aig, network_from_circuit
from tetrakis.encoding import Encoding
from tetrakis.measures import (
    error_certificate,
    num_bits,
    num_weights,
    path_norm,
    resnet_norm,
)
from tetrakis.network import FixedPointResNet, ResNet


def with_names(circuit: Aig, encoding: Encoding) -> Aig:
    """Name a circuit's inputs and outputs as its encoding does."""
    return replace(circuit, input_names=encoding.input_names, output_names=encoding.output_names)


@dataclass(frozen=True)
class ConvexProgram:
    """What a network of the convex learner is a near optimum of: mean loss plus alpha Σ ‖u‖‖a‖.

    Parameters
    ----------
    loss : {"squared", "logistic"}
        Squared: 1/(2n) ‖f − y‖² of the standardised target.
    alpha : float
    """

    loss: str
    alpha: float


@dataclass(frozen=True, eq=False)
class Candidate:
    """A trained network, its fixed-point twin and the circuit compiled from it.

    Parameters
    ----------
    circuit : Aig
        Its inputs and outputs are named.
    encoding : Encoding
        How columns become the circuit's inputs and its outputs a prediction.
    train_score : float
        Score of this circuit on the rows it was trained on.
    held_out_score : float
        Score on rows that it was not trained on; `held_out_of` says of what.
    held_out_of : {"circuit", "settings", "twins"}
        ``circuit``: this very circuit on guard rows. ``settings``: the mean over
        cross-validation folds of circuits trained with like settings, less what this circuit
        fits its own rows worse than the best one of the same settings. ``twins``: the mean over
        folds of models of the same settings.
    label : str
        How it was trained, in a few words.
    start : {"resnet", "convex", "tree", "boosted", "fringe", "table"}
        The kind of model that the search started from.
    trained : (ResNet, FixedPointResNet), optional
        The network that the circuit was compiled from; that of its tables, if these were made of
        a lift. Without one, the circuit was simplified
        and its networks are its own, gate by gate (`network_from_circuit`).
    program : ConvexProgram, optional
        Of networks of the convex learner.

    Attributes
    ----------
    network : ResNet
    fixed_point : FixedPointResNet
        Computes exactly what the circuit computes.
    """

    circuit: Aig
    encoding: Encoding
    train_score: float
    held_out_score: float
    held_out_of: str
    label: str
    start: str = "resnet"
    trained: tuple[ResNet, FixedPointResNet] | None = None
    program: ConvexProgram | None = None

    @property
    def network_of(self) -> str:
        """``"trained"`` or ``"circuit"``: what the networks were made from."""
        return "circuit" if self.trained is None else "trained"

    @cached_property
    def _networks(self) -> tuple[ResNet, FixedPointResNet]:
        if self.trained is not None:
            return self.trained
        output = self.encoding.output
        words = output is not None and output.signed
        fixed = network_from_circuit(
            self.circuit, self.encoding.formats, reading="words" if words else "signs"
        )
        return fixed.to_resnet(), fixed

    @property
    def network(self) -> ResNet:
        """Float network."""
        return self._networks[0]

    @property
    def fixed_point(self) -> FixedPointResNet:
        """Integer network that computes exactly what the circuit computes."""
        return self._networks[1]

    @property
    def num_gates(self) -> int:
        """AND nodes of the circuit."""
        return self.circuit.num_gates

    @property
    def num_weights(self) -> int:
        """Nonzero weights and biases of the network."""
        return num_weights(self.network)

    @property
    def num_bits(self) -> int:
        """Bits of the fixed-point weights (see `tetrakis.measures.num_bits`)."""
        return num_bits(self.fixed_point)

    @cached_property
    def resnet_norm(self) -> float:
        """ResNet norm of the network (THEORY 2)."""
        return resnet_norm(self.network)

    @cached_property
    def path_norm(self) -> float:
        """Path norm of the network (THEORY 2)."""
        return path_norm(self.network)

    @cached_property
    def certificate(self) -> Certificate:
        """Certified sup-norm distance of the fixed-point network from the network.

        Inputs of one bit are exact (two-valued or one-hot columns); others are rounded. A
        circuit's own network reads the codes, as tables do, so it is exact: 0.
        """
        continuous = np.array([f.bits > 1 for f in self.fixed_point.inputs], bool)
        continuous &= self.trained is not None and not self.fixed_point.has_tables
        return error_certificate(self.network, self.fixed_point, continuous=continuous)
