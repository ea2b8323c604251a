"""A user who trains what a campaign suggests and is killed again and again; run as a script, in a process of its own.

What the user does next follows from the number of events in the file, so that two users do the same. Ten times, a child
process goes on with the campaign and dies: by a signal while it waits for the disk, between the disk and the answer, in
the middle of a write, or at any moment. Then the file must have the same bytes as that of a user who was never killed.

Usage: interrupted_user.py FOLDER STRATEGY ROUNDS [EPOCHS]
"""

import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np

import nasbench

SPACE = {
    "decisions": {
        "op": {"categorical": list("abcdef")},
        "lr": {"ordinal": [0.1, 0.03, 0.01, 0.003, 0.001]},
        "depth": {"integer": [1, 12]},
        "width": {"integer": [16, 512], "log": True},
        "momentum": {"ordinal": [0, 0.5, 0.9]},
    },
    "conditions": [{"decision": "momentum", "when": "op", "is": ["a", "b"]}],
}
N_KILLS = 10


def train(row, rng):
    """Return the result of a training, as a user would tell it."""
    told = {"id": int(row["id"]), **({"epoch": int(row["epoch"])} if "epoch" in row else {})}
    if rng.random() < 0.1:
        return told | {"failed": True}
    score = len(row["architecture"]) % 7 + row["depth"] / 12 - abs(np.log10(row["lr"]) + 2)
    return told | {"score": float(score), "cost_s": float(rng.integers(1, 100))}


def work(file, strategy, rounds, epochs):
    """Suggest and tell until ``rounds`` suggestions were asked for."""
    campaign = nasbench.open_campaign(file, space=SPACE, strategy=strategy, seed=3, epochs=epochs or None)
    while True:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        lines = [line for line in lines if line.endswith("\n")]
        if sum('"event": "suggest"' in line for line in lines) >= rounds:
            return
        rng, pending = np.random.default_rng(len(lines)), campaign.pending
        if not len(pending) or (len(pending) < 6 and rng.random() < 0.6):
            campaign.suggest(int(rng.integers(1, 4)))
        else:
            chosen = rng.permutation(len(pending))[: rng.integers(1, 4)]
            campaign.tell([train(pending.iloc[i], rng) for i in chosen])


def arm(kind, n, file):
    """Let this process die at the ``n``th event from now on, or in the middle of a later write."""
    if kind == "write":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        size = file.stat().st_size if file.exists() else 3000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 97 * n, size + 97 * n))
        return
    flush, left = os.fsync, [n]

    def dying_fsync(handle):
        left[0] -= 1
        if not left[0] and kind == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        flush(handle)
        if not left[0] and kind == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = dying_fsync


def fork(kind, n, file, *campaign):
    """Go on in a child process that dies; return whether a signal ended it."""
    child = os.fork()
    if not child:
        try:
            if kind in ("before", "after", "write"):
                arm(kind, n, file)
            work(file, *campaign)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # not by a signal
    if kind == "any":
        time.sleep(0.01 * n)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(folder, strategy, rounds, epochs=""):
    campaign = (strategy, int(rounds), epochs)
    killed, whole = Path(folder) / "killed.jsonl", Path(folder) / "whole.jsonl"
    kinds = [("before", "after", "write", "any")[i % 4] for i in range(N_KILLS)]
    n_killed = sum(fork(kind, 5 + 3 * i, killed, *campaign) for i, kind in enumerate(kinds))
    torn = not killed.read_bytes().endswith(b"\n")
    fork("never", 0, killed, *campaign)
    fork("never", 0, whole, *campaign)
    print(n_killed, "kills,", "torn" if torn else "complete")


if __name__ == "__main__":
    main(*sys.argv[1:])
