"""What neural predictors share: layers of several nets at once, losses, a training loop, graphs as tensors.

Every net has an axis of ``k`` members in front, one where it is no ensemble: their matrix products are
one batched product, so that five small nets train in hardly more time than one. All randomness comes
from one ``torch.Generator``; torch's own generator and settings are as they were before.
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
