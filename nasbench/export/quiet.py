"""Libraries that log more than a user can act on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silence_logger(name: str) -> Iterator[None]:
    """Let a logger, and those below it that have no level of their own, tell only errors."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
