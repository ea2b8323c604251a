"""The training run of ``make.py``: a formula of the configuration, reported each epoch."""

import argparse

from syne_tune import Reporter

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("optimizer", str), ("lr", float), ("momentum", float), ("depth", int), ("width", int)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--st_checkpoint_dir")
    given, _ = parser.parse_known_args()
    if given.depth == 3 and given.optimizer == "adam":
        raise ValueError("out of memory")
    report = Reporter()
    accuracy = 0.9 - 0.02 * abs(given.depth - 2) - 3 * abs(given.lr - 0.01) - 0.001 * abs(given.width - 64) ** 0.5
    for epoch in range(1, given.epochs + 1):
        report(epoch=epoch, accuracy=accuracy + 0.02 * given.momentum - 0.3 / epoch)
