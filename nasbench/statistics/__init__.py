"""Intervals, ranks and tests: what a comparison may claim, and over which population.

Nothing here knows about records. Values come as arrays, with the direction in which they are better; results are arrays
and named tuples. ``docs/how_we_test.md`` explains every number and shows how often it errs in simulations.
"""
