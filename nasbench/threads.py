"""Limiting the number of threads of linear algebra."""

import contextlib
import sys
from collections.abc import Iterator
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def limit_to_one_thread() -> Iterator[None]:
    """Limit linear algebra to one thread, so that sums keep their order and seconds can be compared.

    The limit does not apply to libraries that are loaded inside the block.
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
    """Return the libraries that use threads; the search takes milliseconds and is repeated only after an import."""
    del n_modules
    return ThreadpoolController()
