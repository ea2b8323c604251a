from .backends.checkpoints import Checkpoints as Checkpoints
from .comparison import Experiment as Experiment
from .comparison import Record as Record
from .comparison import Run as Run
from .comparison import compare as compare
from .comparison.experiment import Limits as Limits
from .comparison.leaderboard import Leaderboard as Leaderboard
from .errors import NasbenchError as NasbenchError
from .errors import SearchFinished as SearchFinished
from .evaluation import PredictionRecord as PredictionRecord
from .evaluation import evaluate as evaluate
from .evaluation.leaderboard import PredictionLeaderboard as PredictionLeaderboard
from .frames.predictor import make_predictor as make_predictor
from .frames.trainings import task_from_frame as task_from_frame
from .joining import JoinedTask as JoinedTask
from .joining import join_objectives as join_objectives
from .predictions import Batch as Batch
from .predictions import Prediction as Prediction
from .record_kinds import open_record as open_record
from .record_kinds import verify as verify
from .records.replay import Verdict as Verdict
from .simulation import Budget as Budget
from .simulation import History as History
from .simulation import Simulation as Simulation
from .table import Table as Table
from .tasks import Task as Task
from .tasks import fit_surrogate as fit_surrogate
from .tasks import load_task as load_task
from .tasks import task_names as task_names
from .trials import Results as Results
from .trials import Strategy as Strategy
from .trials import Trials as Trials
from .trials import full_trainings as full_trainings

__all__: list[str]
__version__: str
