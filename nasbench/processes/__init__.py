"""Contestants that are processes of their own, in any language: they speak JSON lines on standard input and output.

``cmd:COMMAND`` is a strategy: the command is started for each run, gets the space, and answers each line that it reads
with one line. It holds no table: it sees validation scores of the trials that it asks for, as every strategy does.
docs/contestants.md describes the messages.
"""

from nasbench.processes._strategy import CommandStrategy

__all__ = ["CommandStrategy"]
