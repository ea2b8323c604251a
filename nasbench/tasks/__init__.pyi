from .declarations import read_declaration as read_declaration
from .declarations import task_names as task_names
from .kinds import AnyTask as AnyTask
from .load import load_task as load_task
from .load import tasks_with_epochs as tasks_with_epochs
from .spaces import proxy_of as proxy_of
from .spaces import refuse_other_space as refuse_other_space
from .spaces import refuse_other_table as refuse_other_table
from .spaces import space_of as space_of
from .surrogate.fitting import Fit as Fit
from .surrogate.fitting import fit_surrogate as fit_surrogate
from .surrogate.task import SurrogateTask as SurrogateTask
from .table_task import Optimum as Optimum
from .table_task import Task as Task
from .table_task import load_table_task as load_table_task
from .training_task import TrainingTask as TrainingTask

__all__: list[str]
