"""Recipes: complete training schedules, one TOML file each; the file name is the key."""

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.choices import Choice
from nasbench.declarations import NUMBER, Declaration, Types
from nasbench.errors import InvalidOption, make_unknown_name

_FOLDER = Path(__file__).parent / "recipes"
_OPTIMISERS = ("sgd", "rmsprop", "adamw")
_STEPS = ("batch", "epoch", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A complete training schedule; its 12th epoch differs from the 12th epoch of a longer schedule.

    Attributes:
        title: description in one line.
        source: origin, such as a paper.
        version: number that is raised when any setting changes.
        epochs: passes over the training images.
        batch_size: images in a step.
        optimiser: ``sgd``, ``rmsprop`` or ``adamw``.
        lr: initial learning rate.
        momentum: momentum of ``sgd`` and ``rmsprop``.
        nesterov: use Nesterov momentum (``sgd``).
        weight_decay: weight decay of all weights, including those of normalisation.
        optimiser_eps: constant added to the root in ``rmsprop`` and ``adamw``.
        cosine_steps: when the learning rate moves along half a cosine to ``lr_min``: after every ``batch``, after
            every ``epoch``, or ``never`` (constant learning rate).
        cosine_epochs: epoch at which the cosine would reach ``lr_min``; 0 for the last epoch.
        lr_min: learning rate at the end of the cosine.
        warmup_epochs: epochs over which the learning rate rises from 0, before the cosine starts.
        clip_norm: largest norm of the gradient; 0 for no clipping.
        flip: mirror each image left to right with probability 1/2.
        crop_padding: width of the black border that is added before a random crop to the original size.
        cutout: side of a random square that is set to the mean colour; 0 for none.
        mixup: both parameters of the beta distribution of mixing shares; 0 for none.
        label_smoothing: share of the target that is spread over all classes.
        drop_path: probability of dropping an operation in the last epoch, rising linearly; only some networks use it.
        auxiliary_weight: weight of the loss of a second classifier, if the network has one.
        ema: decay of the moving average of the weights that is evaluated; 0 evaluates the weights themselves.
        distillation: weight of a teacher's logits in the loss; it needs a teacher.
        temperature: temperature of the distillation.
        amp: compute in bfloat16 where that is safe.
        channels_last: keep the channels of a pixel side by side in memory.
        compile: let torch compile the network.
        cuda_graphs: record the passes of a full batch once and replay them; on a CUDA card.
        deterministic: use only algorithms that give the same bits every time.

    Raises:
        InvalidOption: a number outside its range.
    """

    title: str
    source: str
    version: int
    epochs: int
    batch_size: int
    optimiser: str
    lr: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    optimiser_eps: float = 1e-8
    cosine_steps: str = "batch"
    cosine_epochs: int = 0
    lr_min: float = 0.0
    warmup_epochs: float = 0.0
    clip_norm: float = 0.0
    flip: bool = False
    crop_padding: int = 0
    cutout: int = 0
    mixup: float = 0.0
    label_smoothing: float = 0.0
    drop_path: float = 0.0
    auxiliary_weight: float = 0.0
    ema: float = 0.0
    distillation: float = 0.0
    temperature: float = 4.0
    amp: bool = False
    channels_last: bool = False
    compile: bool = False
    cuda_graphs: bool = False
    deterministic: bool = False

    def __post_init__(self) -> None:
        _check_name("optimiser", self.optimiser, _OPTIMISERS)
        _check_name("cosine_steps", self.cosine_steps, _STEPS)
        for names, low, high in _RANGES:
            for name in names.split():
                value = getattr(self, name)
                if not low <= value <= high or not math.isfinite(value):
                    raise InvalidOption(f"{name}={value} in recipe '{self.title}'; expected {low} to {high}")

    def rate(self, epoch: int, done: float) -> float:
        """Return the learning rate after ``epoch`` whole epochs and the share ``done`` of the next."""
        at = epoch + (done if self.cosine_steps == "batch" else 0.0)
        if at < self.warmup_epochs:
            return self.lr * (epoch + done) / self.warmup_epochs
        if self.cosine_steps == "never":
            return self.lr
        share = (at - self.warmup_epochs) / ((self.cosine_epochs or self.epochs) - self.warmup_epochs)
        return self.lr_min + (self.lr - self.lr_min) * (1 + math.cos(math.pi * share)) / 2

    def digest(self) -> str:
        """Return the SHA-256 of all settings."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("epochs batch_size version", 1, math.inf),
    (
        "lr lr_min cosine_epochs warmup_epochs weight_decay clip_norm crop_padding cutout mixup auxiliary_weight",
        0,
        math.inf,
    ),
    ("momentum label_smoothing drop_path ema", 0, 0.999999),
    ("distillation", 0, 1),
    ("temperature", 1e-3, 1e3),
    ("optimiser_eps", 1e-16, 10),
)


def _check_name(kind: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise make_unknown_name(kind, value, known)


def list_recipes() -> dict[str, str]:
    """Return the title of every recipe that comes with the suite, by name."""
    return {path.stem: str(Declaration.read(path).values["title"]) for path in sorted(_FOLDER.glob("*.toml"))}


def load_recipe(label: str) -> Recipe:
    """Return a recipe by its name, or from the user's own TOML file; options after a comma change it.

    Args:
        label: such as ``nb201-12``, ``nb201-12,batch_size=128,amp=True`` or ``mine.toml``.

    Raises:
        UnknownName: no such recipe or field.
        InvalidOption: the file is not a recipe, or a number is outside its range.
    """
    choice = Choice.parse(label)
    path = Path(choice.name).expanduser() if choice.name.endswith(".toml") else _FOLDER / f"{choice.name}.toml"
    if not path.is_file():
        raise make_unknown_name("recipe", choice.name, list_recipes())
    declared = Declaration.read(path, f"recipe '{label}'")
    required, optional = _field_types()
    values = {**declared.values, **choice.options}
    given = declared if not choice.options else Declaration(values, declared.label)  # options have no line in a file
    return Recipe(**given.check(values, (), required, optional))


def _field_types() -> tuple[dict[str, Types], dict[str, Types]]:
    """Return the types of required and of optional fields."""
    required: dict[str, Types] = {}
    optional: dict[str, Types] = {}
    for field in dataclasses.fields(Recipe):
        kind: Any = field.type
        fields = required if field.default is dataclasses.MISSING else optional
        fields[field.name] = NUMBER if kind is float else kind
    return required, optional
