"""A benchmark suite for neural architecture search: search among real trained architectures in seconds.

>>> import nasbench
>>> task = nasbench.load_task("nb201-cifar10")
>>> task.query(task.space.rows[:2]).shape
(2,)

``__init__.pyi`` lists the public names. Each is imported on first use, so that ``import nasbench`` stays fast.
"""

import os

import lazy_loader

__version__ = "0.1.0"

if os.path.exists(f"{__path__[0]}/api.py"):  # noqa: PTH110 (importing pathlib takes longer than everything else here)
    raise ImportError(
        f"Google's package 'nasbench', the API of NAS-Bench-101, is in the same folder as ours, {__path__[0]}: "
        "both are imported as 'nasbench', so one environment cannot hold both. Run 'pip uninstall nasbench', then "
        "'pip install --force-reinstall --no-deps nasbench-suite'. The suite reads NAS-Bench-101 without that package: "
        "'nasbench import nasbench101 FILE.tfrecord'"
    )

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
