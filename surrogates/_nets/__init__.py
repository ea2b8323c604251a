"""What neural predictors share: layers of several nets at once, losses, a training loop, graphs as tensors.

Every net has a leading axis of ``k`` members; k is 1 if the net is not an ensemble. The members' matrix products form
one batched product, so five small nets train in little more time than one. All random numbers come from one
``torch.Generator``; torch's global generator and settings stay unchanged.
"""

from nasbench.surrogates._nets.graphs import GraphTensors, make_graph_tensors
from nasbench.surrogates._nets.layers import BatchNorm, Dropout, LayerNorm, Linear
from nasbench.surrogates._nets.losses import LOSSES, RANKING, Loss, find_loss
from nasbench.surrogates._nets.predictor import NetPredictor
from nasbench.surrogates._nets.training import TrainingSettings, train_members
from nasbench.surrogates._nets.weights import export_arrays, initialize_weights, load_arrays

__all__ = [
    "LOSSES",
    "RANKING",
    "BatchNorm",
    "Dropout",
    "GraphTensors",
    "LayerNorm",
    "Linear",
    "Loss",
    "NetPredictor",
    "TrainingSettings",
    "export_arrays",
    "find_loss",
    "initialize_weights",
    "load_arrays",
    "make_graph_tensors",
    "train_members",
]
