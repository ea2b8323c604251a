"""The tasks given to a command."""

from nasbench.errors import InvalidOption


def tasks_of(given: list[str], suite: str) -> list[str]:
    """Return the tasks named by ``--task`` and ``--suite``.

    Raises:
        InvalidOption: there is no task, or the suite is unknown.
    """
    from nasbench.tasks.declarations import suites

    known = suites()
    if suite and suite not in known:
        raise InvalidOption(f"unknown suite {suite!r}; known: {', '.join(known)}")
    if not given and not suite:
        raise InvalidOption("no task given: pass --task NAME (see 'nasbench list tasks') or --suite embedded")
    return given + [name for name in known.get(suite, []) if name not in given]
