"""All kinds of tasks: answered by a table, by a surrogate, or by real training."""

from nasbench.tasks.surrogate.task import SurrogateTask
from nasbench.tasks.table_task import Task
from nasbench.tasks.training_task import TrainingTask

AnyTask = Task | SurrogateTask | TrainingTask
"""What ``load_task`` opens."""
