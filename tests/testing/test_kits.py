"""The kits for proxies, data sets and importers find what is broken, and all kits do so under ``python -O``."""

import subprocess
import sys

import numpy as np
import pytest

from nasbench.datasets import Images, Part
from nasbench.errors import SourceError
from nasbench.registry import DATASETS, PROXIES
from nasbench.table import Static, TableBuilder
from nasbench.testing import check_data_set, check_importer, check_proxy

# --- proxies


@pytest.mark.parametrize("name", PROXIES.names())
def test_proxies_keep_the_contract(name):
    if extra := PROXIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    check_proxy(PROXIES.load(name))


class SumOfWeights:
    unit, direction = "none", "maximize"

    def __call__(self, probe):
        return float(sum(weight.detach().abs().sum() for weight in probe.network.parameters()))


class Changes(SumOfWeights):
    def __call__(self, probe):
        next(probe.network.parameters()).data.zero_()
        return super().__call__(probe)


class Evaluates(SumOfWeights):
    def __call__(self, probe):
        probe.network.eval()
        return super().__call__(probe)


class Forwards(SumOfWeights):
    def __call__(self, probe):  # in training mode, normalisation remembers what it saw
        return float(probe.network(probe.images).detach().sum())


class Draws(SumOfWeights):
    def __call__(self, probe):
        return super().__call__(probe) + np.random.rand()  # noqa: NPY002


class Remembers(SumOfWeights):
    calls = 0

    def __call__(self, probe):
        self.calls += 1
        return super().__call__(probe) + self.calls


class Tensor(SumOfWeights):
    def __call__(self, probe):
        return next(probe.network.parameters()).detach().sum()


class Unitless(SumOfWeights):
    unit = "points"


class Undirected(SumOfWeights):
    direction = "up"


@pytest.mark.parametrize(
    ("proxy", "complaint"),
    [
        (Changes, "changes 0.weight"),
        (Evaluates, "evaluation mode"),
        (Forwards, r"changes 1\.running_mean"),
        (Draws, "the proxy draws from or seeds the global generator of numpy"),
        (Remembers, "the same network and images score"),
        (Tensor, "is a Tensor; expected a float"),
        (Unitless, "unit is 'points'"),
        (Undirected, "direction is 'up'"),
    ],
)
def test_a_broken_proxy_is_caught(proxy, complaint):
    pytest.importorskip("torch")
    check_proxy(SumOfWeights)
    with pytest.raises(AssertionError, match=complaint):
        check_proxy(proxy)


# --- data sets


@pytest.mark.parametrize("name", ["digits", "mnist1d"])
def test_data_sets_keep_the_contract(name):
    if extra := DATASETS.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    check_data_set(DATASETS.load(name))


class Squares:
    """Ten noisy squares."""

    shared = None

    def images(self, rng):
        return rng.integers(0, 256, (10, 1, 4, 4)).astype(np.uint8)

    def read(self, rng):
        labels = np.arange(10, dtype=np.int64) % 2
        return Images("squares", ("dark", "light"), {"train": Part(self.images(rng), labels)})


class GlobalImages(Squares):
    def images(self, rng):
        return np.random.randint(0, 256, (10, 1, 4, 4)).astype(np.uint8)  # noqa: NPY002


class Shared(Squares):
    kept = np.full((10, 1, 4, 4), 7, dtype=np.uint8)

    def images(self, rng):
        return self.kept


class Later(Squares):
    reads = 0

    def images(self, rng):
        self.reads += 1
        return super().images(rng) + np.uint8(self.reads)


class Bare(Squares):
    def read(self, rng):
        return super().read(rng).parts["train"]


class Nameless(Squares):
    def read(self, rng):
        read = super().read(rng)
        return Images("", read.classes, read.parts)


class Twins(Squares):
    def read(self, rng):
        read = super().read(rng)
        return Images("squares", ("same", "same"), read.parts)


class StrangeSplit(Squares):
    def read(self, rng):
        read = super().read(rng)
        return Images("squares", read.classes, {**read.parts, "extra": read.parts["train"]})


class Narrow(Squares):
    def read(self, rng):
        images, labels = super().read(rng).parts["train"]
        return Images("squares", ("a", "b"), {"train": Part(images, labels.astype(np.int16))})


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (GlobalImages, "the data set draws from or seeds the global generator of numpy"),
        (Shared, "writing over them, shows"),
        (Later, "an earlier read"),
        (Bare, "read returns a Part"),
        (Nameless, "no name"),
        (Twins, "two classes have the same name"),
        (StrangeSplit, "the splits extra"),
        (Narrow, "int16, not int64"),
    ],
)
def test_a_broken_data_set_is_caught(data, complaint):
    check_data_set(Squares)
    with pytest.raises(AssertionError, match=complaint):
        check_data_set(data)


# --- importers


class Numbers:
    """Reads lines of six digits and a number: architectures of NAS-Bench-201 and what was measured of them."""

    table, where = "numbers", "write some"

    def read(self, source):
        try:
            lines = [line.split() for line in (source / "numbers.txt").read_text().splitlines()]
            rows = np.array([[int(digit) for digit in row] for row, _ in lines], dtype=np.int8)
        except (OSError, ValueError) as error:
            raise SourceError(f"{source}: {error}") from error
        return self.draft(rows, np.array([float(value) for _, value in lines]))

    def draft(self, rows, values):
        column = Static(dataset="all", metric="size", unit="count", direction="minimize", values=values)
        about = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "numbers")
        cardinality = np.full(rows.shape[1], 5)
        return TableBuilder(
            name="numbers", space="nb201", **about, architectures=rows, cardinality=cardinality, statics=[column]
        )


@pytest.fixture
def source(tmp_path):
    (tmp_path / "numbers.txt").write_text("000000 1.0\n123410 2.5\n444444 7\n")
    return tmp_path


class Noisy(Numbers):
    def draft(self, rows, values):
        Noisy.table_number = getattr(Noisy, "table_number", 0) + 1
        return super().draft(rows, values + Noisy.table_number)


class GlobalNoise(Numbers):
    def draft(self, rows, values):
        return super().draft(rows, values + np.random.rand())  # noqa: NPY002


class Lenient(Numbers):
    def read(self, source):
        try:
            return super().read(source)
        except SourceError:
            return self.draft(np.zeros((1, 6), dtype=np.int8), np.ones(1))


class Stumbles(Numbers):
    def read(self, source):
        (source / "numbers.txt").read_text()
        return super().read(source)


class Scribbles(Numbers):
    def read(self, source):
        if source.is_dir():
            (source / "cache.txt").write_text("seen")
        return super().read(source)


class Nameless201(Numbers):
    table = None


class InParts(Numbers):
    """A part each file."""

    def parts(self, source):
        if not (files := sorted(source.glob("*/numbers.txt"))):
            raise SourceError(f"{source} holds no folder with numbers")
        return [[file] for file in files]

    def read(self, part):
        return super().read(part[0].parent)


class Turns(InParts):
    calls = 0

    def parts(self, source):
        Turns.calls += 1
        return super().parts(source)[:: -1 if Turns.calls % 2 else 1]


@pytest.mark.parametrize(
    ("importer", "complaint"),
    [
        (Noisy, "gives two tables"),
        (GlobalNoise, "the importer draws from or seeds the global generator of numpy"),
        (Lenient, "a source that is absent is accepted"),
        (Stumbles, "a source that is absent ends in FileNotFoundError"),
        (Scribbles, "writes to the files"),
        (Nameless201, "table is None"),
    ],
)
def test_a_broken_importer_is_caught(source, importer, complaint):
    check_importer(Numbers, source)
    with pytest.raises(AssertionError, match=complaint):
        check_importer(importer, source)


def test_an_importer_in_parts_is_checked(tmp_path):
    for folder, row in {"first": "000000 1", "second": "123410 2"}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "numbers.txt").write_text(row)
    check_importer(InParts, tmp_path)
    with pytest.raises(AssertionError, match="parts returns other parts"):
        check_importer(Turns, tmp_path)


def test_architectures_outside_the_space_are_caught(tmp_path):
    class OfAnotherSpace(Numbers):
        def draft(self, rows, values):
            draft = super().draft(rows[:, :3], values)
            return TableBuilder(**vars(draft) | {"space": "nbgraph", "cardinality": np.full(3, 5)})

    (tmp_path / "numbers.txt").write_text("000000 1\n")
    with pytest.raises(AssertionError, match="cardinality is"):
        check_importer(OfAnotherSpace, tmp_path)


# --- under python -O, which drops assert statements

OPTIMIZED = """
import numpy as np
import nasbench
from nasbench.registry import SPACES
from nasbench.testing import check_predictor, check_space, check_strategy, check_task

assert not __debug__, "an assert that is run"
space = SPACES.load("nb201")()

class Repeats:
    def __init__(self, space, rng):
        self.arch = space.sample(1, rng)

    def ask(self, n):
        return nasbench.full_trainings(0, self.arch)

    def tell(self, results): ...

class Writes:
    needs = frozenset()

    def __init__(self, space): ...

    def fit(self, batch, score, rng):
        score.sort()

    def predict(self, batch):
        return nasbench.Prediction(np.zeros(len(batch)))

class Wide(type(space)):
    def sample(self, n, rng):
        return super().sample(n, rng).astype(np.int64)

for check, broken in (
    (check_strategy, (Repeats, space)),
    (check_predictor, (Writes, space)),
    (check_space, (Wide(), np.random.default_rng(0))),
):
    try:
        check(*broken)
    except AssertionError as error:
        print(check.__name__, error)
"""


def test_kits_check_where_assert_statements_do_nothing():
    done = subprocess.run([sys.executable, "-O", "-c", OPTIMIZED], capture_output=True, text=True, check=False)
    complaints = done.stdout.splitlines()
    assert len(complaints) == 3, done.stdout + done.stderr
    assert complaints[0].startswith("check_strategy trial ids [0] are used twice")
    assert complaints[1] == "check_predictor the predictor writes into its input"
    assert complaints[2] == "check_space sample returns int64, not int8"
