"""Backends that answer trials, from tables and by real training, behind one interface that surrogates share."""
