"""Labelled images and signals to train on, one file per format; all of them held in memory as they were measured.

A data set is named by a label, such as ``digits``, ``folder,path=/data/cifar10`` or ``mnist1d,iid_noise=0.05``.
"""

from nasbench.datasets._images import SPLITS, Images, Part
from nasbench.datasets._load import load_images

__all__ = ["SPLITS", "Images", "Part", "load_images"]
