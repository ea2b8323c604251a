"""Which way a metric is better, as far as its name and unit say; what they do not say is asked, never assumed."""

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
_REVERSED = {"neg", "negative", "minus", "inverse", "inv", "one"}
_ALWAYS_SMALL = ("s", "J")  # units of which less is better, whatever the name
_ASKED = "say direction = 'maximize' or 'minimize'"


def find_direction(metric: str, unit: str, *, static: bool) -> str:
    """Return ``maximize``, ``minimize`` or ``none``; empty where neither name nor unit tells.

    Args:
        metric: its name; words such as ``rmse`` and ``accuracy`` in it are understood, unless they contradict each
            other or one such as ``neg`` stands beside them.
        unit: of the schema.
        static: whether it is a static metric, which without unit may have no direction at all.
    """
    words = set(_split_words(metric))
    if unit in _ALWAYS_SMALL:
        return "minimize"
    better = {"maximize": words & _MAXIMIZED, "minimize": words & _MINIMIZED}
    found = [direction for direction, said in better.items() if said]
    if len(found) == 1 and not words & _REVERSED and not metric.startswith("1-"):
        return found[0]
    return "none" if static and unit == "none" and not found else ""


def explain_unknown_direction(metric: str, unit: str, *, static: bool) -> str:
    """Return what to say where the direction of a metric is not known; empty if it is."""
    if find_direction(metric, unit, static=static):
        return ""
    other = ", or 'none'" if static else ""
    return f"whether a high or a low '{metric}' is good does not follow from its name: {_ASKED}{other}"


def _split_words(metric: str) -> list[str]:
    """Split ``valF1``, ``val_f1`` and ``val-F1`` into words alike; digits stay with the letters before them."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", metric)
    words = re.findall(r"[a-z]+\d*|\d+", spaced.lower())
    joined = [first + second for first, second in pairwise(words)]  # roc_auc, top-1
    return words + joined
