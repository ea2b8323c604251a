"""A campaign: the strategy suggests, the user trains, in any order and in as many processes as needed."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.campaigns.log import GIVE, SUGGEST, TELL, EventLog, lock_for_writing
from nasbench.campaigns.player import Player, Proposed, require_warm_start
from nasbench.campaigns.proposals import list_trained
from nasbench.campaigns.rows import ReadRows, TrainingRow, read_rows
from nasbench.campaigns.settings import (
    ARCHITECTURE,
    COST,
    DEFAULT_STRATEGY,
    EPOCH,
    FAILED,
    ID,
    SCORE,
    Settings,
    check_metric,
    convert_scores,
    find_task,
    name_objective,
    name_space,
    read_epochs,
    read_space,
    refuse_other_settings,
    refuse_unnamed_code,
)
from nasbench.campaigns.sources import find_source_objective, is_campaign, refuse_other_scale
from nasbench.campaigns.state import CampaignState, Receipt, Suggestion, ToldResult, list_ids, write_known
from nasbench.campaigns.tables import make_frame
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, SearchFinished
from nasbench.options import require_whole_number
from nasbench.records.provenance import software
from nasbench.spaces import SearchSpace
from nasbench.units import Objective

if TYPE_CHECKING:
    import pandas as pd


class Campaign:
    """A search whose trainings happen elsewhere; its state is a file. ``open_campaign`` makes or opens it.

    Several processes may have the same campaign open: each operation holds the file, first reads what the others have
    written, and returns when its own event is on the disk. Suggestions follow from the settings and from the events in
    their order alone: a process that is killed, or a hundred of them, change none.

    Args:
        path: the file, which exists.
        strategy: label of its strategy. A file may come from elsewhere: a command or a class in a module is only run
            or imported if the caller names it too.

    Attributes:
        path: the file.
        settings: space, objective, strategy, seed and epochs.
        started: what ``open_campaign`` did with the trainings to start from; None without any.

    Raises:
        RecordError: the file is no campaign, or is damaged.
    """

    def __init__(self, path: Path, strategy: str | None = None) -> None:
        self.path, self._named = path, strategy
        self._log = EventLog(path)
        self.settings = Settings.from_plain(self._log.header, path)
        self._state = CampaignState(self.settings.space, self.settings.epochs)
        self._player: Player | None = None
        self._events: list[dict[str, Any]] = []
        self._n_played = 0  # events that the strategy has seen
        self.started: Receipt | None = None
        self._refresh()

    @property
    def space(self) -> SearchSpace:
        """The search space."""
        return self.settings.space

    @property
    def objective(self) -> Objective:
        """Name, unit and direction of the scores."""
        return self.settings.objective

    def suggest(self, n: int = 1) -> "pd.DataFrame":
        """Return the next trainings, and note them in the file.

        Args:
            n: number of trainings. A strategy that waits for results returns fewer, also none; ``pending`` has their
                ids.

        Returns:
            One row for each training: ``id``, the decisions where the space names their values, ``epoch`` where
            trainings are partial, empty columns for the score and ``cost_s``, and ``architecture`` as text.

        Raises:
            SearchFinished: nothing is left to suggest.
            RecordError: this machine or release would have suggested other architectures than the file holds.
            FileLocked: another process holds the file for more than a minute.
        """
        n = require_whole_number("n", n, least=1)
        with self._log.lock():
            self._refresh()
            player = self._catch_up()
            try:
                proposed = player.ask(n, n_pending=len(self._state.pending))
                event = self._write_suggestions(n, proposed)
                self._append(event)
            except BaseException:
                self._forget_strategy()  # it has drawn numbers that no event tells of
                raise
            self._n_played += 1
        if proposed.finished:
            raise SearchFinished(f"{self.path}: the search has finished: {self._describe_state()}")
        return self._make_frame({trial: self._state.pending[trial] for trial in proposed.ids})

    def tell(self, results: Any) -> Receipt:
        """Note results in the file, in any order, some or all of them; the strategy learns them at the next suggestion.

        A row with the ``id`` of a suggestion is its result. A row without an id, with an architecture that was never
        suggested, is a training of the user's own, which strategies with ``warm_start`` learn from too; several of one
        architecture in one call count as their mean. The same result may be told again.

        Args:
            results: a data frame, a dictionary or a list of them, or the path of a CSV, TSV, JSON, JSON lines or
                Parquet file. Columns: ``id`` or the architecture (``architecture`` as text, or each decision); the
                score, in the metric's own unit and direction, named as the metric or ``score``; ``cost_s``, seconds
                of this answer, if known; ``epoch`` where trainings are partial; ``failed``, true for a training without
                a score. Rows without a score are skipped.

        Raises:
            InvalidOption: an id is unknown, a score is not in the unit, or contradicts what was told; then nothing is
                noted.
            InvalidArchitecture: an architecture is not in the space.
            FileLocked: another process holds the file for more than a minute.
        """
        return self._tell(read_rows(results, self.space, self.objective))

    def give(self, trainings: Any) -> Receipt:
        """Note trainings from elsewhere, by their architectures, as ``tell`` does; a column ``id`` is not ours.

        Args:
            trainings: what ``tell`` takes, the path of another campaign's file, or a task with a table, or its name.

        Raises:
            InvalidOption: as ``tell``, or the strategy cannot learn from what it did not suggest.
        """
        return self._tell(_read_trainings(trainings, self.settings))

    def _tell(self, read: ReadRows) -> Receipt:
        with self._log.lock():
            self._refresh()
            found = self._state.sort_rows(read)
            if found.own:
                refuse_unnamed_code(self.path, self.settings.strategy, self._named)
                require_warm_start(self.settings)
                self._append(_write_trainings(self.space, found.own))
            if found.new:
                self._append(self._write_results(found.new))
        return Receipt(
            tuple(found.new),
            len(found.own),
            found.n_repeated,
            read.n_unfilled,
            read.ignored,
            tuple(self._state.pending),
        )

    @property
    def pending(self) -> "pd.DataFrame":
        """The suggestions that have no result yet, as ``suggest`` returned them."""
        self._refresh()
        return self._make_frame(self._state.pending)

    @property
    def results(self) -> "pd.DataFrame":
        """Everything told and given, the best first; ``id`` is -1 for trainings that were never suggested."""
        self._refresh()
        state = self._state
        items = [(trial, state.archs[trial], epoch, known) for (trial, epoch), known in state.told.items()]
        items += [(-1, arch, self._last_epoch, known) for arch, known in state.given.values()]
        sign = self.objective.sign
        items.sort(key=lambda item: math.inf if math.isnan(item[3].score) else -sign * item[3].score)
        ids, archs, epochs, known = zip(*items, strict=True) if items else ((), (), (), ())
        return self._arrange(ids, archs, epochs, known)

    @property
    def _last_epoch(self) -> int | None:
        return self.settings.epochs[-1] if self.settings.epochs else None

    def __repr__(self) -> str:
        """Return the strategy, the space and the state in a line."""
        self._refresh()
        return (
            f"Campaign('{self.path}'): {self.settings.strategy} on {self.settings.space_name}, {self._describe_state()}"
        )

    def _describe_state(self) -> str:
        state = self._state
        scores = [known.score for known in (*state.told.values(), *(known for _, known in state.given.values()))]
        finite = [score for score in scores if not math.isnan(score)]
        best = max(finite, key=lambda score: self.objective.sign * score) if finite else None
        shown = "" if best is None else f", best {self.objective.name} {self.objective.scale.exact(best)}"
        return (
            f"{len(state.told)} results told, {len(state.given)} trainings given{shown}, pending: "
            f"{list_ids(list(state.pending))}"
        )

    def _refresh(self) -> None:
        """Enter what other processes have appended."""
        for event in self._log.read_new():
            self._state.apply(event)
            self._events.append(event)

    def _append(self, event: dict[str, Any]) -> None:
        self._log.append(event)
        self._state.apply(event)
        self._events.append(event)

    def _catch_up(self) -> Player:
        """Return the strategy after all events."""
        refuse_unnamed_code(self.path, self.settings.strategy, self._named)
        try:
            player = self._player = self._player or Player(self.settings)
            for event in self._events[self._n_played :]:
                player.play(event)
                self._n_played += 1
        except BaseException:
            self._forget_strategy()
            raise
        return player

    def _forget_strategy(self) -> None:
        """Make the strategy anew at the next suggestion."""
        self._player, self._n_played = None, 0

    def _write_suggestions(self, n: int, proposed: Proposed) -> dict[str, Any]:
        texts = self.space.format(proposed.archs) if len(proposed.archs) else []
        trials = [
            {"id": trial, "architecture": text} | ({"epoch": epoch} if self.settings.epochs else {})
            for trial, text, epoch in zip(proposed.ids, texts, proposed.epochs, strict=True)
        ]
        return {"event": SUGGEST, "n": n, "trials": trials, "finished": proposed.finished}

    def _write_results(self, new: Mapping[int, TrainingRow]) -> dict[str, Any]:
        results = [
            {"id": trial} | ({"epoch": row.epoch} if self.settings.epochs else {}) | write_known(row.score, row.cost_s)
            for trial, row in new.items()
        ]
        return {"event": TELL, "results": results}

    def _make_frame(self, asked: Mapping[int, Suggestion]) -> "pd.DataFrame":
        unknown = [ToldResult(math.nan, math.nan)] * len(asked)
        return self._arrange(
            list(asked), [one.arch for one in asked.values()], [one.epoch for one in asked.values()], unknown
        )

    def _arrange(
        self, ids: Sequence[int], archs: Sequence[Any], epochs: Sequence[int | None], known: Sequence[ToldResult]
    ) -> "pd.DataFrame":
        rows = np.stack(archs) if archs else self.space.no_archs
        partial: dict[str, Sequence[Any]] = {EPOCH: list(epochs)} if self.settings.epochs else {}
        numbers = {self.objective.name: [one.score for one in known], COST: [one.cost_s for one in known]}
        return make_frame(self.space, rows, {ID: list(ids)}, partial | numbers)


def open_campaign(
    path: Path | str,
    *,
    space: Any = None,
    strategy: str | None = None,
    seed: int | None = None,
    metric: str | None = None,
    unit: str | None = None,
    direction: str | None = None,
    epochs: Sequence[int] | str | None = None,
    start: Any = None,
) -> Campaign:
    """Open a campaign, or begin one: a search whose trainings the user runs.

    Args:
        path: its file. If it exists, the other arguments are optional and must be those of the file. Only a strategy
            that is a command or a class in a module is to be named again, before it is run.
        space: for a new file: a space, a dictionary ``{"decisions": ..., "conditions": ...}`` or a ``.toml`` file that
            declares decisions, the name of a space, or a task, whose objective is then the default.
        strategy: label of a strategy; default ``auto``.
        seed: seed of all random numbers; default 0.
        metric: name of the scores, and of their column; default ``score``, or that of the trainings to start from
            where these are a task or another campaign; so for unit and direction.
        unit: ``none`` (the default), ``fraction``, ``nats``, ``s``, ``count`` or ``J``.
        direction: ``maximize`` (the default) or ``minimize``.
        epochs: epochs to which a training may be asked for, rising, the last one being a complete training, for
            strategies that stop trainings early.
        start: trainings to learn from before the first suggestion, as ``Campaign.give`` takes them.

    Raises:
        NasbenchError: a new campaign without a space, settings other than those of the file, an unknown strategy, or
            one that does not fit the space.
    """
    path = Path(path).expanduser()
    label = None if strategy is None else Choice.parse(strategy).label
    settings = {
        "strategy": label,
        "seed": None if seed is None else require_whole_number("seed", seed, least=0),
        "metric": metric,
        "unit": unit,
        "direction": direction,
        "epochs": None if epochs is None else read_epochs(epochs),
    }
    given = {name: value for name, value in settings.items() if value is not None}
    with _hold(path):
        if not path.exists():
            return _begin(path, space, given, start)
    campaign = Campaign(path, label)
    if space is not None:
        given |= name_space(read_space(space)[0])
    refuse_other_settings(path, campaign.settings.to_plain(), given)
    if start is not None:
        campaign.started = campaign.give(start)
    return campaign


@contextlib.contextmanager
def _hold(path: Path) -> Iterator[None]:
    """Hold a file that may not exist yet."""
    if path.exists():
        yield
    else:
        with lock_for_writing(path):
            yield


def _begin(path: Path, space: Any, given: Mapping[str, Any], start: Any) -> Campaign:
    """Check everything, then write the first lines of a new file at once."""
    if space is None:
        raise InvalidOption(
            f"{path} does not exist; to begin a campaign, name its space: --space FILE.toml, a space or a task "
            f"(in Python: open_campaign({str(path)!r}, space=...))"
        )
    chosen, task = read_space(space)
    source = find_source_objective(start, given.get("metric"))
    named = (source or Objective(SCORE, "none")) if task is None else name_objective(task)
    defaults = {
        "metric": named.name,
        "unit": named.unit,
        "direction": named.direction,
        "strategy": DEFAULT_STRATEGY,
        "seed": 0,
        "epochs": [],
    }
    plain = name_space(chosen) | defaults | dict(given)
    settings = Settings.from_plain(plain, path)
    check_metric(settings.objective.name, settings.space)
    settings.make_strategy()  # so that its errors are reported before a file exists
    read = ReadRows((), 0, ()) if start is None else _read_trainings(start, settings)
    own = CampaignState(settings.space, settings.epochs).sort_rows(read).own
    if start is not None:
        require_warm_start(settings)
    EventLog.create(path, plain | {"software": software()}, [_write_trainings(settings.space, own)] if own else [])
    campaign = Campaign(path, settings.strategy)
    if start is not None:
        campaign.started = Receipt((), len(own), 0, read.n_unfilled, read.ignored, ())
    return campaign


def _read_trainings(given: Any, settings: Settings) -> ReadRows:
    """Return given trainings: what ``read_rows`` reads, all results of another campaign, or those in a task's table."""
    metric = settings.objective.name
    refuse_other_scale(given, settings.objective)
    if (task := find_task(given)) is not None:
        archs, scores = list_trained(task.require_table("the task to start from"))
        values = convert_scores(task, metric, task.sign * scores).tolist()
        given = [
            {ARCHITECTURE: text} | ({FAILED: True} if math.isnan(value) else {metric: value})
            for text, value in zip(task.space.format(archs), values, strict=True)
        ]
    elif isinstance(given, str | Path) and is_campaign(Path(given).expanduser()):
        other = Campaign(Path(given).expanduser())
        frame = other.results
        if other.settings.epochs:
            frame = frame[frame[EPOCH] == other.settings.epochs[-1]]
        named = frame.rename(columns={other.objective.name: metric})
        given = named.assign(failed=named[metric].isna())
    return read_rows(given, settings.space, settings.objective, by_id=False)


def _write_trainings(space: SearchSpace, rows: Sequence[TrainingRow]) -> dict[str, Any]:
    texts = space.format(np.stack([row.arch for row in rows if row.arch is not None]))
    trainings = [
        {"architecture": text} | write_known(row.score, row.cost_s) for text, row in zip(texts, rows, strict=True)
    ]
    return {"event": GIVE, "trainings": trainings}
