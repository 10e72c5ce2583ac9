"""A run of a recipe: what a recipe declares, how it is run, and how its answer is shown."""
