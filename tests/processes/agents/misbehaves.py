"""A contestant that does one thing wrong, named by its first argument; the second one is a folder for process ids."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

MODE, FOLDER = sys.argv[1], Path(sys.argv[2])
GOOD = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
OTHER = "|none~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
(FOLDER / f"{MODE}-{os.getpid()}").touch()
n_asks = 0


def say(answer):
    print(answer if isinstance(answer, str) else json.dumps(answer), flush=True)


def stay():
    time.sleep(3600)


def write_for_ever(file, text):
    while True:
        file.write(text)
        file.flush()


def answer_third(n):
    """What goes wrong at the third request; the first two were answered well."""
    answers = {
        "no_json": "here is my answer: 3x3 convolutions",
        "no_object": [1, 2],
        "nan": '{"trials": [{"arch": NaN}]}',
        "too_many": {"trials": [{"arch": GOOD}] * (n + 1)},
        "outside": {"trials": [{"arch": GOOD.replace("avg_pool_3x3", "conv_99x99")}]},
        "outside_row": {"trials": [{"arch": [0, 0, 0, 0, 0, 5]}]},
        "known_id": {"trials": [{"id": 0, "arch": GOOD}]},
        "other_architecture": {"trials": [{"id": 0, "arch": OTHER}]},
        "negative_id": {"trials": [{"id": -1, "arch": GOOD}]},
        "no_architecture": {"trials": [{"id": 77}]},
        "strange_epoch": {"trials": [{"arch": GOOD, "epoch": 7}]},
        "misspelt": {"trails": [{"arch": GOOD}]},
        "two_lines": '{"trials": []}\n{"trials": []}',
        "waits": {"trials": []},
        "deep": "[" * 100_000,
    }
    if MODE in answers:
        say(answers[MODE])
    elif MODE == "hangs":
        stay()
    elif MODE == "dies":
        sys.exit("the model is out of credit")
    elif MODE == "is_killed":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif MODE == "half_a_line":
        sys.stdout.write('{"trials": [{"arch": ')
        sys.exit(0)
    elif MODE == "floods_output":
        write_for_ever(sys.stdout, "x" * 65536)
    elif MODE == "floods_errors":
        write_for_ever(sys.stderr, "y" * 65536)
    elif MODE == "closes_output":
        os.close(1)
        stay()
    else:
        say({"trials": [{"arch": GOOD}]})


if MODE == "exits_at_once":
    sys.exit(3)
if MODE == "never_answers":
    stay()
if MODE == "ignores_sigterm":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MODE in ("leaves_children", "ignores_sigterm"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    (FOLDER / f"{MODE}-{child.pid}").touch()

for line in sys.stdin:
    message = json.loads(line)
    if "hello" in message:
        say({"hello": 2} if MODE == "other_version" else {"hello": 1})
    elif "tell" in message:
        say({"negative_usage": {"usage": {"tokens": -1}}, "recommends_unasked": {"recommend": [GOOD]}}.get(MODE, {}))
    elif "ask" in message:
        n_asks += 1
        if MODE == "chatters":
            print("thinking " * 1000, file=sys.stderr, flush=True)
        if n_asks == 3:
            answer_third(message["ask"])
        else:
            say({"trials": [{"arch": GOOD}]})
    elif "end" in message and MODE == "ignores_sigterm":
        stay()
