"""All kinds of tasks: answered by a table, by a surrogate, or by real training."""

from nasbench.tasks._surrogate import SurrogateTask
from nasbench.tasks._task import Task
from nasbench.tasks._training import TrainingTask

AnyTask = Task | SurrogateTask | TrainingTask
"""What ``load_task`` opens."""
