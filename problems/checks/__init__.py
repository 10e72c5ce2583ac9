"""Answers about rows of tables, checked again from their JSON and the file: without a solver, by formulations alone."""
