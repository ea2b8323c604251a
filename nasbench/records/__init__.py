"""Directories of runs: writing, running what is missing, where numbers come from, checking."""
