"""The direction of a metric, derived from its name and unit. An unclear direction is asked for, never assumed."""

import re
from itertools import pairwise

_MAXIMIZED = {
    *("acc", "accuracy", "accuracies", "top1", "top5", "f1", "fscore", "auc", "auroc", "rocauc", "auprc"),
    *("map", "ap", "precision", "recall", "sensitivity", "specificity", "iou", "miou", "dice", "jaccard"),
    *("bleu", "rouge", "rougel", "meteor", "cider", "r2", "kappa", "mcc", "psnr", "ssim", "ndcg", "mrr"),
    *("reward", "rewards", "throughput", "fps", "elo", "elbo", "likelihood", "loglik", "kendall", "spearman"),
    "pearson",
}
_MINIMIZED = {
    *("loss", "losses", "error", "errors", "err", "perplexity", "ppl", "rmse", "mse", "mae", "mape", "rmsle"),
    *("nll", "wer", "cer", "fid", "brier", "ece", "bpc", "bpb", "kl", "latency", "time", "seconds", "duration"),
    *("runtime", "energy", "power", "params", "parameters", "flops", "macs", "madds", "memory", "bytes"),
    *("cost", "regret", "fpr", "fnr", "lpips", "deviance", "crossentropy", "xent", "bce"),
}
_REVERSED = {
    *("neg", "negative", "minus", "inverse", "inv", "one", "inaccuracy", "drop", "gap", "penalty", "reduction"),
    *("diff", "difference", "delta", "decrease", "degradation", "fixed", "rank", "std", "stddev", "stdev", "var"),
    "variance",
}
"""Words beside which the name of a metric does not tell the direction, or means another quantity."""
_ALWAYS_SMALL = ("s", "J")  # units of which less is better, whatever the name
_ASKED = "say direction = 'maximize' or 'minimize'"


def find_direction(metric: str, unit: str, *, static: bool) -> str:
    """Return ``maximize``, ``minimize`` or ``none``; empty if neither name nor unit determines it.

    Args:
        metric: its name. Words such as ``rmse`` and ``accuracy`` determine the direction, unless they contradict each
            other or appear beside a word such as ``neg``.
        unit: unit of the schema.
        static: whether it is a static metric; without a unit, such a metric may have no direction.
    """
    words = set(_split_words(metric))
    if unit in _ALWAYS_SMALL:
        return "minimize"
    better = {"maximize": words & _MAXIMIZED, "minimize": words & _MINIMIZED}
    found = [direction for direction, said in better.items() if said]
    if len(found) == 1 and not words & _REVERSED and not metric.startswith("1-"):
        return found[0]
    return "none" if static and unit == "none" and not found else ""


def is_direction_doubtful(name: str) -> bool:
    """Return whether a name holds words of a direction, and others that contradict or reverse them."""
    words = set(_split_words(name))
    known = words & (_MAXIMIZED | _MINIMIZED)
    return bool(known or words & _REVERSED) and not find_direction(name, "none", static=False)


def explain_unknown_direction(metric: str, unit: str, *, static: bool) -> str:
    """Return a message if the direction of a metric is unknown, else an empty text."""
    if find_direction(metric, unit, static=static):
        return ""
    other = ", or 'none'" if static else ""
    return f"the name '{metric}' does not tell whether higher or lower is better: {_ASKED}{other}"


def _split_words(metric: str) -> list[str]:
    """Split ``valF1``, ``val_f1`` and ``val-F1`` into the same words; digits stay with the letters before them."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", metric)
    words = re.findall(r"[a-z]+\d*|\d+", spaced.lower())
    joined = [first + second for first, second in pairwise(words)]  # roc_auc, top-1
    return words + joined
