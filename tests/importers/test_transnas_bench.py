"""TransNAS-Bench-101: files written here in the layout that the benchmark's api/api.py reads, with invented numbers."""

import json
import pickle
import zipfile

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import NasbenchError, SourceError
from nasbench.importers import import_source
from nasbench.importers.transnas_bench_macro import TransNASBenchMacro
from nasbench.importers.transnas_bench_micro import TransNASBenchMicro
from nasbench.spaces.tnb101_macro import TransNASBench101Macro
from nasbench.spaces.tnb101_micro import TransNASBench101Micro
from nasbench.tasks.declarations import absent_tasks

# num_epochs of configs/train_from_scratch/*/config.py, and the metrics_dict of the published file
EPOCHS = {
    "class_scene": 25,
    "class_object": 25,
    "room_layout": 25,
    "jigsaw": 10,
    "segmentsemantic": 30,
    "normal": 30,
    "autoencoder": 30,
}
METRICS = {
    "class_scene": ("top1", "top5", "loss"),
    "class_object": ("top1", "top5", "loss"),
    "room_layout": ("loss", "neg_loss"),
    "jigsaw": ("top1", "top5", "loss"),
    "segmentsemantic": ("loss", "acc", "mIoU"),
    "normal": ("ssim", "l1_loss"),
    "autoencoder": ("ssim", "l1_loss"),
}
PERCENT = {"top1": "accuracy", "top5": "accuracy_top5", "acc": "pixel_accuracy", "mIoU": "miou"}
INFO = {"inference_time": 0.0123, "encoder_params": 1_234_567, "model_params": 2_345_678, "model_FLOPs": 3.4e9}
CELLS = ["64-41414-1_02_333", "64-41414-3_33_212", "64-41414-0_00_001"]
SKELETONS = ["64-1234-basic", "64-41443-basic", "64-231313-basic"]


def result(task, rng):
    """One training; room_layout's negative loss is the loss with a minus sign, as in the published file."""
    metrics = {}
    for split in ("train", "valid", "test"):
        drawn = {
            metric: (rng.uniform(5, 60, EPOCHS[task]) if metric in PERCENT else rng.uniform(0.2, 0.9, EPOCHS[task]))
            for metric in METRICS[task]
        }
        if "neg_loss" in drawn:
            drawn["neg_loss"] = -drawn["loss"]
        metrics |= {f"{split}_{metric}": values.tolist() for metric, values in drawn.items()}
    metrics["time_elapsed"] = np.cumsum(rng.uniform(400, 600, EPOCHS[task])).tolist()
    return {"total_epochs": EPOCHS[task], "model_info": INFO | {"encoder_FLOPs": ""}, "metrics": metrics}


def content(seed=1):
    rng = np.random.default_rng(seed)
    data = {
        space: {arch: {task: result(task, rng) for task in EPOCHS} for arch in archs}
        for space, archs in (("macro", SKELETONS), ("micro", CELLS))
    }
    names = {
        task: [f"{split}_{metric}" for split in ("train", "valid", "test") for metric in METRICS[task]]
        for task in EPOCHS
    }
    return {"data": data, "metrics_dict": names, "info_names": [*INFO, "encoder_FLOPs"], "task_list": list(EPOCHS)}


def saved(path, loaded):
    """Write the zip that torch.save writes of an object without tensors."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(loaded, protocol=2))
        archive.writestr("archive/version", "3\n")
    return path


@pytest.fixture(scope="module")
def source():
    return content()


@pytest.fixture(scope="module", params=["micro", "macro"])
def table(request, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tnb101")
    saved(folder / "transnas-bench_v10141024.pth", source)
    importer = {"micro": TransNASBenchMicro, "macro": TransNASBenchMacro}[request.param]
    return request.param, import_source(importer(), folder, folder / "table.h5")


def rows(kind, table):
    space, archs = {"micro": (TransNASBench101Micro, CELLS), "macro": (TransNASBench101Macro, SKELETONS)}[kind]
    return archs, table.index(space().parse(archs))


@pytest.mark.parametrize("task", EPOCHS)
def test_every_number_comes_out_again(source, table, task):
    kind, table = table
    for arch, index in zip(*rows(kind, table), strict=True):
        written = source["data"][kind][arch][task]
        where = {"dataset": task, "recipe": f"epochs{EPOCHS[task]}", "seed": 0}
        for name, values in written["metrics"].items():
            split, _, metric = name.partition("_")
            if name == "time_elapsed":
                split, metric = "train", "elapsed_s"
            stored = table.curves(np.array([index]), **where, split=split, metric=PERCENT.get(metric, metric))[0]
            assert stored * (100 if metric in PERCENT else 1) == pytest.approx(values, rel=1e-6)
        for name, value in (("latency_s", 0.0123), ("n_params", 2_345_678), ("encoder_params", 1_234_567)):
            assert table.static(np.array([index]), dataset=task, metric=name) == [value]
        assert table.static(np.array([index]), dataset=task, metric="macs") == [3.4e9]
    assert not any(column[-1] == "encoder_macs" for column in table.statics)  # the source writes an empty text


def test_every_column_says_what_it_is(table):
    _, table = table
    described = {
        (task, metric): table.describe(task, f"epochs{EPOCHS[task]}", "valid", metric)
        for task, metric in [
            ("class_scene", "loss"),
            ("room_layout", "loss"),
            ("normal", "ssim"),
            ("jigsaw", "accuracy"),
        ]
    } | {("room_layout", "neg_loss"): table.describe("room_layout", "epochs25", "valid", "neg_loss")}
    assert {key: (axes["unit"], axes["direction"]) for key, axes in described.items()} == {
        ("class_scene", "loss"): ("nats", "minimize"),
        ("room_layout", "loss"): ("none", "minimize"),
        ("room_layout", "neg_loss"): ("none", "maximize"),
        ("normal", "ssim"): ("none", "maximize"),
        ("jigsaw", "accuracy"): ("fraction", "maximize"),
    }


@pytest.mark.parametrize("kind", ["micro", "macro"])
def test_the_tasks_observe_the_official_validation_metric(tmp_path, home, source, rng, kind):
    """get_best_archs of the benchmark's README ranks by valid_top1, valid_mIoU, valid_ssim and valid_neg_loss."""
    assert main(["import", f"transnas_bench_{kind}", str(saved(tmp_path / "transnas-bench_v1.pth", source))]) == 0
    official = {"segmentsemantic": "mIoU", "normal": "ssim", "autoencoder": "ssim", "room_layout": "neg_loss"}
    for name in EPOCHS:
        task = nasbench.load_task(f"tnb101-{kind}-{name}")
        task.check()
        metric = official.get(name, "top1")
        written = source["data"][kind]
        archs = list(written)
        result = task.backend(rng).advance(nasbench.full_trainings(0, task.archs(archs)))
        scale = 100 if metric in PERCENT else 1
        curves = {arch: written[arch][name]["metrics"] for arch in archs}
        assert result.score[:, 0] * scale == pytest.approx([curves[a][f"valid_{metric}"][-1] for a in archs], rel=1e-6)
        assert result.cost_s == pytest.approx([curves[arch]["time_elapsed"][-1] for arch in archs], rel=1e-6)
        best = max(archs, key=lambda arch: curves[arch][f"valid_{metric}"][-1])
        assert task.space.format(task.optimum.arch) == [best]


def test_the_absent_tasks_say_where_to_get_the_file(home):
    absent = absent_tasks()
    for kind in ("micro", "macro"):
        assert f"nasbench import transnas_bench_{kind} PATH" in absent[f"tnb101-{kind}-room_layout"]


def test_a_pickle_and_json_of_the_same_make_the_same_table(tmp_path, source):
    saved(tmp_path / "a.pth", source)
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(source))
    (tmp_path / "c.json").write_text(json.dumps(source))
    drafts = [TransNASBenchMicro().read(tmp_path / name) for name in ("a.pth", "b.pkl", "c.json")]
    for draft in drafts[1:]:
        for column, same in zip(drafts[0].columns, draft.columns, strict=True):
            assert column.path == same.path
            np.testing.assert_array_equal(column.values, same.values)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_a_file_of_torch_itself_is_read(tmp_path, source, new):
    torch = pytest.importorskip("torch")
    torch.save(source, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    assert len(TransNASBenchMicro().read(tmp_path / "a.pth").architectures) == len(CELLS)


def changed(source, change, task="class_scene"):
    """A copy of the source in which one training is changed."""
    copy = pickle.loads(pickle.dumps(source))
    change(copy["data"]["micro"][CELLS[1]][task])
    return copy


def curve(name, at, value):
    return lambda training: training["metrics"][name].__setitem__(at, value)


def clock(seconds):
    return f"{int(seconds) // 3600:0>2}:{int(seconds) % 3600 // 60:0>2}:{int(seconds) % 60:0>2}"


def everywhere(source, task, change):
    copy = pickle.loads(pickle.dumps(source))
    for tasks in copy["data"]["micro"].values():
        metrics = tasks[task]["metrics"]
        metrics["time_elapsed"] = change(metrics["time_elapsed"])
    return copy


def test_time_is_read_as_text_too(tmp_path, source):
    """Timer.elapse_string of the authors' training code writes 00:08:20."""
    texts = everywhere(source, "jigsaw", lambda seconds: [clock(second) for second in seconds])
    draft = TransNASBenchMicro().read(saved(tmp_path / "a.pth", texts))
    (column,) = (c for c in draft.measurements if (c.dataset, c.metric) == ("jigsaw", "elapsed_s"))
    written = [source["data"]["micro"][arch]["jigsaw"]["metrics"]["time_elapsed"] for arch in CELLS]
    assert (column.values[:, 0] == np.floor(written)).all()


def test_seconds_of_each_epoch_are_added_up(tmp_path, source):
    parts = everywhere(source, "jigsaw", lambda seconds: np.diff(seconds, prepend=0).tolist())
    draft = TransNASBenchMicro().read(saved(tmp_path / "a.pth", parts))
    (column,) = (c for c in draft.measurements if (c.dataset, c.metric) == ("jigsaw", "elapsed_s"))
    written = [source["data"]["micro"][arch]["jigsaw"]["metrics"]["time_elapsed"] for arch in CELLS]
    assert column.values[:, 0] == pytest.approx(np.array(written), rel=1e-6)


def test_what_was_not_measured_stays_missing(tmp_path, source):
    copy = changed(source, lambda training: training["metrics"].update(valid_top1=[10.0] * 20))
    del copy["data"]["micro"][CELLS[0]]["class_scene"]
    draft = TransNASBenchMicro().read(saved(tmp_path / "a.pth", copy))
    (column,) = (c for c in draft.measurements if c.path == "measurements/class_scene/epochs25/valid/accuracy")
    assert np.isnan(column.values[:, 0]).sum(axis=1).tolist() == [25, 5, 0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (curve("valid_top1", 3, 9_000.0), "valid_top1 of class_scene, 64-41414-3_33_212, epoch 4: 9000 is outside"),
        (curve("valid_loss", 0, -0.5), "valid_loss of class_scene.* -0.5 is outside"),
        (curve("test_top5", 2, "50"), "class_scene of 64-41414-3_33_212 breaks the format.*'50' is not a number"),
        (curve("time_elapsed", 24, 1.0), "time_elapsed of class_scene decreases for 64-41414-3_33_212 and rises for"),
        (curve("time_elapsed", 2, "1:70:00"), "'1:70:00' is not a number"),
        (lambda t: t["metrics"].update(valid_f1=[1.0]), "unknown metric valid_f1"),
        (lambda t: t["metrics"].update(best_top1=[1.0]), "unknown metric best_top1"),
        (lambda t: t["metrics"]["valid_top1"].append(1.0), "26 values of top1 for 25 epochs"),
        (lambda t: t.pop("total_epochs"), "'total_epochs'"),
        (lambda t: t["model_info"].update(model_params=2.3), "n_params 2.3, expected a plain number"),
        (lambda t: t["model_info"].update(energy=2.3), "'energy'"),
    ],
)
def test_what_breaks_the_format_is_named_and_no_table_is_written(tmp_path, source, change, says):
    path = saved(tmp_path / "a.pth", changed(source, change))
    with pytest.raises(NasbenchError, match=says):
        import_source(TransNASBenchMicro(), path, tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


@pytest.mark.parametrize(
    ("task", "change", "says"),
    [
        ("normal", curve("valid_ssim", 0, 57.7), r"57.7 is outside \[-1, 1\]"),
        ("room_layout", curve("valid_neg_loss", 0, 0.6), r"0.6 is outside \[-inf, 0\]"),
        ("autoencoder", curve("test_l1_loss", 0, -0.6), r"-0.6 is outside \[0, inf\]"),
    ],
)
def test_metrics_that_are_no_fractions_keep_their_ranges(tmp_path, source, task, change, says):
    with pytest.raises(SourceError, match=says):
        TransNASBenchMicro().read(saved(tmp_path / "a.pth", changed(source, change, task)))


def test_fractions_in_place_of_percentages_are_refused(tmp_path, source):
    copy = pickle.loads(pickle.dumps(source))
    for tasks in copy["data"]["micro"].values():
        metrics = tasks["segmentsemantic"]["metrics"]
        metrics["valid_mIoU"] = [value / 100 for value in metrics["valid_mIoU"]]
    with pytest.raises(SourceError, match=r"valid_mIoU of segmentsemantic.* these are fractions"):
        TransNASBenchMicro().read(saved(tmp_path / "a.pth", copy))


def test_other_files_say_where_to_get_it(tmp_path, source):
    (tmp_path / "list.json").write_text("{}")
    (tmp_path / "cells.json").write_text(json.dumps({"data": {"micro": {"64-41414-1_02_334": {}}}}))
    for name in ("absent.pth", "list.json", "absent.pkl", "absent.json"):
        with pytest.raises(SourceError, match="yawen-d/TransNASBench"):
            TransNASBenchMicro().read(tmp_path / name)
    with pytest.raises(SourceError, match="holds 0 files"):
        TransNASBenchMicro().read(tmp_path)
    with pytest.raises(SourceError, match="64-41414-1_02_334"):
        TransNASBenchMicro().read(tmp_path / "cells.json")
    (tmp_path / "swapped.json").write_text(json.dumps({"micro": source["data"]["macro"]}))
    with pytest.raises(SourceError, match="cannot read '64-1234-basic'"):
        TransNASBenchMicro().read(tmp_path / "swapped.json")
