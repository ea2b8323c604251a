from .declarations import FRESH as FRESH
from .declarations import SAME as SAME
from .declarations import read_declaration as read_declaration
from .declarations import task_names as task_names
from .load import load_task as load_task
from .load import tasks_with_epochs as tasks_with_epochs
from .protocol import Expected as Expected
from .protocol import Objective as Objective
from .protocol import Optimum as Optimum
from .protocol import Task as Task
from .protocol import count_repetitions as count_repetitions
from .protocol import is_task as is_task
from .spaces import proxy_of as proxy_of
from .spaces import refuse_other_space as refuse_other_space
from .spaces import refuse_other_table as refuse_other_table
from .spaces import space_of as space_of
from .surrogate.fitting import SurrogateFit as SurrogateFit
from .surrogate.fitting import fit_surrogate as fit_surrogate
from .surrogate.task import SurrogateTask as SurrogateTask
from .table_opening import load_table_task as load_table_task
from .table_task import TableTask as TableTask
from .training_task import TrainingTask as TrainingTask
from .writing import declare_task as declare_task
from .writing import open_declared_task as open_declared_task
from .writing import write_task as write_task

__all__: list[str]
