"""Shared parts of the reports on any kind of record: statistics, tables of text, and plots."""
