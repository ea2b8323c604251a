"""Training the real networks: recipes, images on the device, the loop, checkpoints (extra ``train``)."""

from nasbench.training._architectures import Architectures, Outcome
from nasbench.training._build import Build, drawn_classes
from nasbench.training._machine import Latency, latency, machine_of
from nasbench.training._recipe import Recipe, load_recipe, recipe_names
from nasbench.training._stack import train_stack
from nasbench.training._table import Names
from nasbench.training._trainer import Epoch, Setup, Trained, train

__all__ = [
    "Architectures",
    "Build",
    "Epoch",
    "Latency",
    "Names",
    "Outcome",
    "Recipe",
    "Setup",
    "Trained",
    "drawn_classes",
    "latency",
    "load_recipe",
    "machine_of",
    "recipe_names",
    "train",
    "train_stack",
]
