"""Searches that train partially, and stop or go on."""
