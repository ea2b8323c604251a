from .experiment import Experiment as Experiment
from .record import Record as Record
from .run import Run as Run
from .running import compare as compare
