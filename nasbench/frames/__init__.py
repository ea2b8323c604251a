"""Data frames in, data frames out: tasks of one's own trainings, and predictors of one's own architectures."""
