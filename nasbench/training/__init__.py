"""Training the real networks: recipes, images on the device, the loop, checkpoints (extra ``train``)."""

from nasbench.training._architectures import Architectures, Outcome
from nasbench.training._machine import Latency, latency
from nasbench.training._recipe import Recipe, load_recipe, recipe_names
from nasbench.training._trainer import Epoch, Setup, Trained, train

__all__ = [
    "Architectures",
    "Epoch",
    "Latency",
    "Outcome",
    "Recipe",
    "Setup",
    "Trained",
    "latency",
    "load_recipe",
    "recipe_names",
    "train",
]
