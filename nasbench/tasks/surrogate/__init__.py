"""Tasks answered by a model that was fitted to a table: fitting, validation, files, answers."""
