"""Training the real networks: recipes, images on the device, the loop, checkpoints (extra ``train``)."""

from nasbench.training._architectures import Architectures, Outcome
from nasbench.training._feed import Feed
from nasbench.training._machine import Latency, latency
from nasbench.training._model import Model, read_model, write_model
from nasbench.training._plan import Plan
from nasbench.training._recipe import Recipe, load_recipe, recipe_names
from nasbench.training._report import Report, trained_report
from nasbench.training._together import together
from nasbench.training._trainer import Epoch, Setup, Trained, evaluated, train

__all__ = [
    "Architectures",
    "Epoch",
    "Feed",
    "Latency",
    "Model",
    "Outcome",
    "Plan",
    "Recipe",
    "Report",
    "Setup",
    "Trained",
    "evaluated",
    "latency",
    "load_recipe",
    "read_model",
    "recipe_names",
    "together",
    "train",
    "trained_report",
    "write_model",
]
