from .comparing import compare as compare
from .display import Record as Record
from .experiment import Experiment as Experiment
from .run import Run as Run
