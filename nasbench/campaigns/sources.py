"""Where trainings to start from come from: what their scores are, in which unit and direction."""

from pathlib import Path
from typing import Any

from nasbench.campaigns.log import EventLog
from nasbench.campaigns.settings import Settings, find_task, name_objective
from nasbench.errors import InvalidOption
from nasbench.units import Objective


def is_campaign(path: Path) -> bool:
    """Return whether a file is that of a campaign, by its first bytes."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(40).startswith(b'{"format": "nasbench-campaign"')


def find_source_objective(given: Any, metric: str | None = None) -> Objective | None:
    """Return what the scores of given trainings are: those of a task or of another campaign; None if nothing says it.

    Args:
        given: trainings, as ``Campaign.give`` takes them.
        metric: name of the scores in the new campaign. A user's own column is told in the unit of that column, a
            task's metric under any other name in the unit of the task.
    """
    if (task := find_task(given)) is not None:
        named = name_objective(task)
        return named if metric in (None, named.name) else task.objectives[0]
    if isinstance(given, str | Path) and is_campaign(path := Path(given).expanduser()):
        return Settings.from_plain(EventLog(path).header, path).objective
    return None


def refuse_other_scale(given: Any, objective: Objective) -> None:
    """Refuse trainings whose scores have another unit or direction than those of a campaign.

    Raises:
        InvalidOption: they differ; the message says both.
    """
    source = find_source_objective(given, objective.name)
    if source is None:
        return
    for name in ("direction", "unit"):
        theirs, ours = getattr(source, name), getattr(objective, name)
        if theirs != ours:
            raise InvalidOption(
                f"the trainings to start from have {source.name} with {name} '{theirs}', and this search has "
                f"{objective.name} with {name} '{ours}'; begin it with --{name} {theirs}"
            )
