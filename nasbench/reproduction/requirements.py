"""Tables and files of curves that a published table needs and that are missing, with where to get them."""

from nasbench.reproduction.samples import NEEDS_FILE, NEEDS_TABLE
from nasbench.reproduction.schema import Published
from nasbench.table import get_user_folder, list_tables
from nasbench.tasks.declarations import tables_of
from nasbench.tasks.known_tables import absent_tables


def list_needs(published: Published) -> dict[str, str]:
    """Return what is missing for some row of a published table: name -> how to get it. Opens no table."""
    tasks = [search.task for search in published.searches]
    tasks += [str(row.ours["task"]) for row in published.rows if "task" in row.ours]
    tables = {str(keys["table"]) for keys in published.columns.values()}.union(*map(tables_of, tasks))
    there, known = set(list_tables()), absent_tables()
    lacking = {name: f"{NEEDS_TABLE}{name}': {known.get(name, 'import it')}" for name in sorted(tables - there)}
    curves = get_user_folder().with_name("curves")
    return lacking | {
        name: f"{NEEDS_FILE}{name}' of {file.source}; copy it to {curves / name}"
        for name, file in published.files.items()
        if not (curves / name).is_file()
    }
