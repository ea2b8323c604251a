"""Training the real networks: recipes, images on the device, the loop, checkpoints (extra ``train``)."""

from nasbench.training.architectures import Architectures, Outcome
from nasbench.training.build import Build, drawn_classes
from nasbench.training.feed import Feed
from nasbench.training.machine import Latency, latency, machine_of
from nasbench.training.model import Model, read_model, write_model
from nasbench.training.parallel import together
from nasbench.training.plan import Plan
from nasbench.training.recipe import Recipe, load_recipe, recipe_names
from nasbench.training.report import Report, trained_report
from nasbench.training.stack import train_stack
from nasbench.training.table import Names, diverged_in
from nasbench.training.trainer import Epoch, Setup, Trained, evaluated, train

__all__ = [
    "Architectures",
    "Build",
    "Epoch",
    "Feed",
    "Latency",
    "Model",
    "Names",
    "Outcome",
    "Plan",
    "Recipe",
    "Report",
    "Setup",
    "Trained",
    "diverged_in",
    "drawn_classes",
    "evaluated",
    "latency",
    "load_recipe",
    "machine_of",
    "read_model",
    "recipe_names",
    "together",
    "train",
    "train_stack",
    "trained_report",
    "write_model",
]
