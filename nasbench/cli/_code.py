"""Write the Python that builds an architecture again."""

from pathlib import Path

from nasbench.spaces import SearchSpace


def write_code(opening: str, space: SearchSpace, architecture: str) -> str:
    """Return a script that makes the task, the architecture, and its network where the space has networks.

    Args:
        opening: expression that opens the task.
        space: space of the task.
        architecture: the architecture as text.
    """
    from nasbench.registry import NETWORKS

    lines = [
        "import nasbench",
        "",
        f"task = {opening}",
        f"arch = task.archs([{architecture!r}])",
    ]
    if space.name in NETWORKS.names():
        lines += [
            "",
            "# the network in torch (pip install 'nasbench-suite[torch]'); n_classes=100 and others are options",
            "import numpy as np",
            "",
            "from nasbench.networks import build_network",
            "",
            f"network = build_network({space.name!r}, arch, np.random.default_rng(0), space=task.space)",
        ]
    return "\n".join(lines) + "\n"


def write_opening(task: str, record: Path | None = None) -> str:
    """Return the expression that opens a task by name, or, if the suite does not know the name, from a record."""
    from nasbench.tasks import task_names

    if record is None or task in task_names():
        return f"nasbench.load_task({task!r})"
    return f"nasbench.open_record({str(record.resolve())!r}).open_task({task!r})"
