"""The form of a strategy that is mostly settings: a dataclass whose fields are its options.

A family's base class declares the settings once, with their types, ranges and meaning. A strategy of the family is a
class of a few lines with its own defaults; a setting that users cannot choose is a field with ``init=False``::

    @dataclass(kw_only=True, eq=False)
    class Bananas(ModelBasedSearch):
        predictor: Label = "mlp_ensemble"
        acquisition: str = "its"
        pool: str = field(default="mutation", init=False)
        batch: Count = 10

Its constructor, ``Bananas(space, rng, *, predictor="mlp_ensemble", ...)``, follows from the fields, and so do the
options that ``nasbench info`` prints. The annotations define which values are allowed (see ``nasbench.options``).
"""

from dataclasses import InitVar, dataclass, field

import numpy as np

from nasbench.choices import Choice
from nasbench.options import check_fields
from nasbench.spaces import SearchSpace

Label = str | type | Choice
"""Types of an option that names a strategy or predictor."""


@dataclass(kw_only=True, eq=False)
class ConfiguredStrategy:
    """A strategy whose options are fields. Sub-classes extend ``__post_init__`` to prepare their search.

    Args:
        space: where to search.
        rng: draws all random numbers.

    Raises:
        InvalidOption: a field has a value that its annotation does not allow.
    """

    space: InitVar[SearchSpace] = field(kw_only=False)
    rng: InitVar[np.random.Generator] = field(kw_only=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Check the options, and keep the space and the generator."""
        check_fields(self)
        self._space, self._rng = space, rng
