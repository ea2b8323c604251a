"""Labelled images and signals for training, one module per format. Each data set is held completely in memory.

A label names a data set and its options, such as ``digits``, ``folder,path=/data/cifar10`` or
``mnist1d,iid_noise=0.05``.
"""

from nasbench.datasets._images import SPLITS, Images, Part
from nasbench.datasets._load import load_images

__all__ = ["SPLITS", "Images", "Part", "load_images"]
