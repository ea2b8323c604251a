"""Silence libraries that log more than a user can act on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silence_logger(name: str) -> Iterator[None]:
    """Let a logger, and its children without a level of their own, log errors only within the block."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
