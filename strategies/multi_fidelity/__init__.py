"""Searches that train partially, and then stop or resume training runs."""
