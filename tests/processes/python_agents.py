"""Contestants that are Python programs, written by the tests."""

import shlex
import sys

LOOP = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "end" in message:
        break
    print(json.dumps(answer(message)))
"""


def write_agent(path, function):
    """Write a program that answers with ``function``, the text of a function ``answer``; return its label."""
    path.write_text(function + LOOP)
    return f"cmd:{shlex.quote(sys.executable)} {shlex.quote(str(path))}"
