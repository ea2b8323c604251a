"""Opening a task by name, whoever answers it."""

from nasbench.tasks._surrogate import SurrogateTask, is_surrogate, load_surrogate_task
from nasbench.tasks._task import Task, load_table_task


def load_task(name: str) -> Task | SurrogateTask:
    """Open a task by name, or from a file of your own.

    Args:
        name: as ``nasbench list`` shows it; ``path/to/family.toml:member``; or ``path/to/name.surrogate``.
            A surrogate with ``:mean`` behind it answers without noise.

    Raises:
        UnknownName: no such task, space or table.
        InvalidOption: a declaration that breaks the rules, or a table other than the declared one.
        TableError: the file of the table or of the surrogate is damaged.
    """
    return load_surrogate_task(name) if is_surrogate(name) else load_table_task(name)
