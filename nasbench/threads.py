"""How many threads linear algebra takes."""

import contextlib
import sys
from collections.abc import Iterator
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def limit_to_one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread: sums keep their order, and seconds can be compared.

    Libraries that are loaded meanwhile are not known to it.
    """
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 1
    with _libraries(len(sys.modules)).limit(limits=1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> ThreadpoolController:
    """Return the libraries that have threads; looking for them takes milliseconds, so only after an import."""
    del n_modules
    return ThreadpoolController()
