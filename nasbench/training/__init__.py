"""Real training of networks: recipes, images on the device, the training loop, checkpoints (extra ``train``)."""

from nasbench.training.architectures import Architectures, TrainingOutcome
from nasbench.training.build import Build, draw_classes
from nasbench.training.feed import Feed
from nasbench.training.machine import Latency, describe_machine, measure_latency
from nasbench.training.model import Model, read_model, write_model
from nasbench.training.parallel import train_in_parallel
from nasbench.training.plan import TrainingPlan
from nasbench.training.recipe import Recipe, list_recipes, load_recipe
from nasbench.training.report import Report, train_and_report
from nasbench.training.stack import train_stack
from nasbench.training.table import Names, count_diverged
from nasbench.training.trainer import Epoch, Setup, Trained, evaluate_network, train_network

__all__ = [
    "Architectures",
    "Build",
    "Epoch",
    "Feed",
    "Latency",
    "Model",
    "Names",
    "Recipe",
    "Report",
    "Setup",
    "Trained",
    "TrainingOutcome",
    "TrainingPlan",
    "count_diverged",
    "describe_machine",
    "draw_classes",
    "evaluate_network",
    "list_recipes",
    "load_recipe",
    "measure_latency",
    "read_model",
    "train_and_report",
    "train_in_parallel",
    "train_network",
    "train_stack",
    "write_model",
]
