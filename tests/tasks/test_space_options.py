"""Task and table never disagree silently about the meaning of codes: random spaces, tables and declarations."""

import itertools
import json
import shutil
from typing import NamedTuple

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nasbench
from nasbench.cli import main
from nasbench.errors import InvalidArchitecture, InvalidOption, RecordError, TableError
from nasbench.importers.table import AnyTable
from nasbench.table import Table, append_measurements, merge_tables, write_table
from nasbench.table.schema import convert_to_plain, digest_content
from nasbench.tasks.recorded import open_recorded

NAMES = ("width", "act", "depth", "lr")
VALUES = ("gelu", "relu", "True", "8 bit", 0, 1, 2, 10, 0.5, 1e-4, 3.0, True, False)
HEADER = 'citation = "me"\nlicence = "MIT"\nsource = "here"\n'
ENTRY = """
[[measurement]]
column = "acc"
dataset = "d"
recipe = "epochs1"
split = "valid"
metric = "accuracy"
unit = "percent"
epoch = 1
"""
TASK = """
title = "t"
version = 1
space = "hyper"
table = "mine"
dataset = "d"
recipe = "epochs1"
metric = "accuracy"
observed = "valid"
reported = { valid = { table = "TABLE", split = "valid" } }
cost = 1.0
budget_s = 20
"""


class Declared(NamedTuple):
    """A declaration: decisions as (name, kind, values), and name -> (other decision, its values) where active."""

    decisions: tuple
    conditions: dict


def text_of(value):
    """As the text form of a configuration writes a value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def meaning_of(value):
    """Return a key that is equal for equal values: 3.0 is 3, however it is written."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else text_of(value)


def toml_of(value):
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)


def options_of(declared, prefix):
    """Write space options in TOML."""
    lines = [f"[{prefix}space_options.decisions]"]
    lines += [f"{name} = {{ {kind} = [{', '.join(map(toml_of, v))}] }}" for name, kind, v in declared.decisions]
    for name, (parent, values) in declared.conditions.items():
        listed = ", ".join(map(toml_of, values))
        lines += [f"[[{prefix}space_options.conditions]]", f'decision = "{name}"', f'when = "{parent}"']
        lines += [f"is = [{listed}]"]
    return "\n".join(lines) + "\n"


def configurations(declared):
    """Every configuration as name -> value, without inactive decisions: an independent way, following the manual."""
    names = [name for name, _, _ in declared.decisions]
    found = {}
    for values in itertools.product(*(values for _, _, values in declared.decisions)):
        chosen = dict(zip(names, values, strict=True))
        active = {name: value for name, value in chosen.items() if is_active(declared, name, chosen)}
        found[meaning(active)] = active
    return list(found.values())


def is_active(declared, name, chosen):
    if name not in declared.conditions:
        return True
    parent, values = declared.conditions[name]
    return is_active(declared, parent, chosen) and any(
        type(v) is type(chosen[parent]) and v == chosen[parent] for v in values
    )


def meaning(configuration):
    return frozenset((name, meaning_of(value)) for name, value in configuration.items())


@st.composite
def declarations(draw):
    """Two to four decisions of one to three values, each of which may depend on an earlier one."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, 4))]
    decisions, conditions = [], {}
    for i, name in enumerate(names):
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1 if i else 2, max_size=3, unique_by=meaning_of))
        decisions.append((name, draw(st.sampled_from(["categorical", "ordinal"])), tuple(values)))
        if i and draw(st.booleans()):
            parent, _, of_parent = decisions[draw(st.integers(0, i - 1))]
            kept = draw(st.lists(st.sampled_from(of_parent), min_size=1, unique_by=meaning_of))
            conditions[name] = (parent, tuple(kept))
    return Declared(tuple(decisions), conditions)


def retyped(value):
    """The same value in another notation, or as another type that is written alike."""
    if isinstance(value, bool):
        return text_of(value)
    if isinstance(value, str):
        return value
    return float(value) if isinstance(value, int) else int(value) if value.is_integer() else str(value)


CHANGES = ("none", "omitted", "order", "permuted", "value", "name", "dropped", "shorter", "shortened", "longer")
CHANGES += ("kind", "notation", "unconditional", "conditional", "other condition")
HARMLESS = ("none", "omitted", "kind", "notation")


def changed(draw, declared, change):
    """Return a declaration with one change; the same where there is nothing to change so."""
    decisions, conditions = [*declared.decisions], dict(declared.conditions)
    at = draw(st.integers(0, len(decisions) - 1))
    name, kind, values = decisions[at]
    used = {value for parent, kept in conditions.values() if parent == name for value in kept}
    if change == "order":
        decisions = decisions[::-1]
    elif change == "permuted":
        decisions[at] = name, kind, values[::-1]
    elif change == "value" and not used:
        decisions[at] = name, kind, (*values[1:], "other")
    elif change == "name" and not used and name not in conditions:
        decisions[at] = "renamed", kind, values
    elif change == "dropped" and not used and len(decisions) > 2:
        del decisions[at]
        conditions.pop(name, None)
    elif change in ("shorter", "shortened") and not used and len(values) > 2:
        decisions[at] = name, kind, values[:-1] if change == "shorter" else values[1:]
    elif change == "longer":
        decisions[at] = name, kind, (*values, "other")
    elif change == "kind":
        decisions[at] = name, {"categorical": "ordinal", "ordinal": "categorical"}[kind], values
    elif change == "notation" and not used:
        decisions[at] = name, kind, tuple(map(retyped, values))
    elif change == "unconditional":
        conditions.pop(name, None)
    elif change == "conditional" and at and name not in conditions:
        conditions[name] = decisions[0][0], decisions[0][2][:1]
    elif change == "other condition" and name in conditions:
        of_parent = next(values for other, _, values in decisions if other == conditions[name][0])
        conditions[name] = conditions[name][0], of_parent[-1:]
    return Declared(tuple(decisions), conditions)


def write(folder, path, declared, rows):
    """Import a table of configurations with their percent."""
    names = [name for name, _, _ in declared.decisions]
    cells = [[text_of(row[name]) if name in row else "" for name in names] + [str(score)] for row, score in rows]
    (folder / "x.csv").write_text("\n".join(",".join(line) for line in [[*names, "acc"], *cells]) + "\n")
    architecture = f'[architecture]\nspace = "hyper"\ncolumns = {json.dumps(names)}\n'
    (folder / "m.toml").write_text(HEADER + architecture + options_of(declared, "architecture.") + ENTRY)
    write_table(AnyTable(map=str(folder / "m.toml"), name=path.stem).read(folder / "x.csv"), path)


def assert_answers(task, declared, truth):
    """Every answer is that of the same configuration, and so is the best one."""
    own = configurations(declared)
    known = {}
    for configuration in own:
        text = ",".join(f"{name}={text_of(value)}" for name, value in configuration.items())
        try:
            known[meaning(configuration)] = task.query([text]).item()
        except InvalidArchitecture as error:
            assert "lacks" in str(error)  # noqa: PT017
    expected = {key: truth[key] / 100 for key in map(meaning, own) if key in truth}
    assert known == pytest.approx(expected)
    best = dict(pair.split("=") for pair in task.space.format(task.optimum.arch)[0].split(","))
    values = {(name, text_of(value)): value for name, _, listed in declared.decisions for value in listed}
    assert truth[meaning({name: values[name, text] for name, text in best.items()})] == max(
        score for key, score in truth.items() if key in expected
    )


@st.composite
def scored(draw):
    """A declaration, and some of its configurations with distinct percents."""
    declared = draw(declarations())
    everything = configurations(declared)
    rows = draw(st.lists(st.sampled_from(range(len(everything))), min_size=2, unique=True))
    scores = draw(st.permutations(range(10, 10 + len(rows))))
    return declared, [(everything[row], score) for row, score in zip(rows, scores, strict=True)]


def n_examples(config):
    return 1000 if config.getoption("--everywhere") else 100


def test_task_and_table_never_disagree_silently(pytestconfig, tmp_path, home):
    answered, refused = set(), set()

    @settings(max_examples=n_examples(pytestconfig), deadline=None, suppress_health_check=[*HealthCheck])
    @given(scored(), st.sampled_from(CHANGES), st.data())
    def check(table, change, data):
        declared, rows = table
        write(tmp_path, home / "tables" / "mine.h5", declared, rows)
        asked = changed(data.draw, declared, change)
        options = "" if change == "omitted" else options_of(asked, "")
        (tmp_path / "t.toml").write_text(TASK.replace("TABLE", "mine") + options + "[tasks.t]\n")
        truth = {meaning(row): score for row, score in rows}
        if not truth.keys() & set(map(meaning, configurations(asked))):
            return  # another space altogether, or one of what was not measured
        try:
            task = nasbench.load_task(f"{tmp_path}/t.toml:t")
        except InvalidOption as error:
            assert repr(asked) != repr(declared) and change not in HARMLESS, f"{change} is refused: {error}"  # noqa: PT017, PT018  (repr: 0 == False)
            assert "task 't-t'" in str(error) and "table 'mine'" in str(error)  # noqa: PT017, PT018  (repr: 0 == False)
            refused.add(change)
            return
        assert_answers(task, asked, truth)
        answered.add(change)

    check()
    assert answered & {*HARMLESS}  # it is no proof if all are refused
    assert refused - {*HARMLESS}


def test_tables_are_never_joined_across_meanings(pytestconfig, tmp_path, home):
    """A reported column of another table, and tables that are made one."""
    answered, refused = set(), set()

    @settings(max_examples=n_examples(pytestconfig) // 2, deadline=None, suppress_health_check=[*HealthCheck])
    @given(scored(), st.sampled_from(CHANGES), st.data())
    def check(table, change, data):
        declared, rows = table
        other = changed(data.draw, declared, change)
        known = {meaning(row): score for row, score in rows}
        shared = [(row, known[meaning(row)]) for row in configurations(other) if meaning(row) in known]
        if len(shared) < 2:
            return
        paths = [home / "tables" / f"{name}.h5" for name in ("mine", "other", "both")]
        write(tmp_path, paths[0], declared, [(row, 5.0) for row, _ in rows])
        write(tmp_path, paths[1], other, shared)
        (tmp_path / "t.toml").write_text(TASK.replace("TABLE", "other") + "[tasks.t]\n")
        try:
            task = nasbench.load_task(f"{tmp_path}/t.toml:t")
        except InvalidOption as error:
            assert repr(other) != repr(declared) and change not in HARMLESS, f"{change} is refused: {error}"  # noqa: PT017, PT018  (repr: 0 == False)
            refused.add(change)
        else:
            texts = [",".join(f"{k}={text_of(v)}" for k, v in row.items()) for row, _ in shared]
            expected = [score / 100 for _, score in shared]
            assert task.reported_of(task.space.parse(texts))["valid"] == pytest.approx(expected)
            answered.add(change)
        write(tmp_path, paths[0], declared, rows)
        try:
            merge_tables([Table(path) for path in paths[:2]], paths[2])
        except TableError as error:
            assert repr(other) != repr(declared), str(error)  # noqa: PT017
            return
        assert len(Table(paths[2])) == len(rows)  # the other one has nothing that is not in the first

    check()
    assert answered & {*HARMLESS}
    assert refused - {*HARMLESS}


MADE = Declared(
    (("act", "categorical", ("gelu", "relu", "swish")), ("depth", "ordinal", (1, 2)), ("slope", "ordinal", (0, 0.5))),
    {"slope": ("act", ("relu",))},
)
REORDERED = (("depth", "ordinal", (1, 2)), *[item for item in MADE.decisions if item[0] != "depth"])


def decided(name, kind, *values):
    return tuple((name, kind, values) if item[0] == name else item for item in MADE.decisions)


@pytest.fixture
def made(tmp_path, home):
    """A table ``mine`` of all configurations of ``MADE``, and what is true of each."""
    rows = [(row, 10.0 + i) for i, row in enumerate(configurations(MADE))]
    write(tmp_path, home / "tables" / "mine.h5", MADE, rows)
    return {meaning(row): score for row, score in rows}


def task_of(tmp_path, declared=None, **changed):
    text = TASK.replace("TABLE", "mine") + (options_of(declared, "") if declared else "")
    for old, new in changed.items():
        text = text.replace(old, new)
    (tmp_path / "t.toml").write_text(text + "[tasks.t]\n")
    return f"{tmp_path}/t.toml:t"


def test_a_task_takes_the_space_of_its_table(tmp_path, made):
    task = nasbench.load_task(task_of(tmp_path))
    assert task.space.decisions == ("act", "depth", "slope")
    assert task.space.size == len(made) == 8  # slope doubles one of three activations, times two depths
    assert_answers(task, MADE, made)
    assert Table(task.table.path).space_options == task.space.code_options


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (Declared(REORDERED, MADE.conditions), r"\[depth, act, slope\], table 'mine' has \[act, depth, slope\]"),
        (
            Declared(decided("act", "categorical", "relu", "gelu", "swish"), MADE.conditions),
            r"'act' takes \[relu, gelu, swish\] in task 't-t', \[gelu, relu, swish\] in table 'mine'",
        ),
        (Declared(decided("depth", "ordinal", 2, 3), MADE.conditions), r"'depth' takes \[2, 3\] .* \[1, 2\]"),
        (Declared(MADE.decisions, {}), r"'slope' is active always in task 't-t', where 'act' is \[relu\] in table"),
        (
            Declared(MADE.decisions, {"slope": ("act", ("relu", "swish"))}),
            r"where 'act' is \[relu, swish\] in task 't-t', where 'act' is \[relu\] in table",
        ),
        (Declared(MADE.decisions[:2], {}), r"\[act, depth\], table 'mine' has \[act, depth, slope\]"),
        (Declared((*MADE.decisions, ("more", "ordinal", (1, 2))), MADE.conditions), "more"),
    ],
)
def test_a_contradiction_is_named(tmp_path, made, declared, says):
    with pytest.raises(InvalidOption, match=says):
        nasbench.load_task(task_of(tmp_path, declared))


@pytest.mark.parametrize(
    "decisions",
    [
        MADE.decisions,
        decided("act", "ordinal", "gelu", "relu", "swish"),
        decided("depth", "categorical", 1.0, "2"),
        decided("act", "categorical", "gelu", "relu"),  # fewer of the same
        decided("depth", "ordinal", 1, 2, 3),  # more, of which nothing is known
    ],
)
def test_what_has_the_same_codes_is_answered(tmp_path, made, decisions):
    declared = Declared(decisions, MADE.conditions)
    assert_answers(nasbench.load_task(task_of(tmp_path, declared)), declared, made)


def rewrite(path, options):
    """Give a table other space options, as text, and the checksum that belongs to them; None for those of old."""
    copy = path.with_suffix(".copy")
    shutil.copy(path, copy)
    with h5py.File(copy, "r+") as file:
        places = ["architectures", "measurements/d/epochs1/valid/accuracy"]
        columns = {
            place: {key: convert_to_plain(value) for key, value in file[place].attrs.items()} for place in places
        }
        del file.attrs["space_options"]
        if options is not None:
            file.attrs["space_options"] = options
        root = {key: convert_to_plain(value) for key, value in file.attrs.items() if key != "content_sha256"}
        file.attrs["content_sha256"] = digest_content(root, columns)
    copy.replace(path)  # a table that is open stays as it is


def test_a_table_of_an_older_release_needs_a_declaration(tmp_path, home, made):
    path = home / "tables" / "mine.h5"
    with_options = Table(path).checksum
    rewrite(path, None)
    assert Table(path).checksum != with_options  # options are a part of the content
    with pytest.raises(InvalidOption, match="import it again"):
        nasbench.load_task(task_of(tmp_path))
    with pytest.raises(InvalidOption, match=r"\[3, 2, 2\].*import it again"):
        nasbench.load_task(task_of(tmp_path, Declared(decided("depth", "ordinal", 1, 2, 3), MADE.conditions)))
    assert_answers(nasbench.load_task(task_of(tmp_path, MADE)), MADE, made)
    write(tmp_path, home / "tables" / "new.h5", MADE, [(row, 50.0) for row in configurations(MADE)])
    tables = [Table(path), Table(home / "tables" / "new.h5")]
    with pytest.raises(TableError, match="older release"):
        merge_tables(tables, tmp_path / "both.h5")


def test_shipped_tables_have_no_options():
    """Their spaces' codes do not depend on options, and their checksums stand in tasks."""
    tables = [nasbench.load_task(name).table for name in ("nb201-cifar10", "nbgraph-cora", "curves201-mnist1d")]
    assert [table.space_options for table in tables] == [{}, {}, {}]
    assert nasbench.load_task("curves201-mnist1d").space.trained_once_per_class  # what restricts is still allowed


def test_a_table_that_contradicts_itself_is_refused(tmp_path, home, made):
    path = home / "tables" / "mine.h5"
    options = Table(path).space_options
    options["decisions"]["depth"] = {"ordinal": [1, 2, 3]}
    rewrite(path, json.dumps(options))
    with pytest.raises(InvalidOption, match="contradicts itself"):
        nasbench.load_task(task_of(tmp_path))


@pytest.mark.parametrize("text", ["[1]", "5", "{", "[" * 60_000])
def test_options_that_are_none_are_refused(home, made, text):
    path = home / "tables" / "mine.h5"
    rewrite(path, text)
    with pytest.raises(TableError, match="not a JSON object"):
        Table(path)


def test_append_refuses_another_declaration(tmp_path, home, made):
    other = Declared(decided("act", "categorical", "relu", "gelu", "swish"), MADE.conditions)
    write(tmp_path, tmp_path / "theirs.h5", other, [(row, 50.0) for row in configurations(other)])
    before = (home / "tables" / "mine.h5").read_bytes()
    with pytest.raises(
        TableError, match=r'act: categorical: \["relu", "gelu", "swish"\] and \["gelu", "relu", "swish"\]'
    ):
        append_measurements(home / "tables" / "mine.h5", Table(tmp_path / "theirs.h5"))
    assert (home / "tables" / "mine.h5").read_bytes() == before


def test_info_shows_the_decisions(tmp_path, made, capsys):
    assert main(["info", task_of(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == {
        "act": "gelu, relu, swish",
        "depth": "1, 2",
        "slope": "0, 0.5 (where act is relu)",
    }


def test_a_record_is_of_its_order_of_decisions(tmp_path, home, made, capsys):
    """The same declaration with decisions in another order is another one, though sorted keys are the same."""
    path = home / "tables" / "mine.h5"
    two = Declared((("a", "ordinal", (1, 2)), ("b", "ordinal", (1, 2))), {})
    write(tmp_path, path, two, [(row, 10.0 + i) for i, row in enumerate(configurations(two))])
    rewrite(path, None)
    nasbench.compare(task_of(tmp_path, two), "random_search", runs=1, out=tmp_path / "r")
    assert main(["verify", str(tmp_path / "r")]) == 0
    name = task_of(tmp_path, Declared(two.decisions[::-1], {}))
    open_recorded.cache_clear()  # as in another process
    with pytest.raises(RecordError, match="with another"):
        nasbench.compare(name, "random_search", runs=2, out=tmp_path / "r")
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "r")]) == 0, "it is replayed as recorded"
    assert "the order of its decisions" in capsys.readouterr().out
