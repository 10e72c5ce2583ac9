"""Recipes: what a person runs, python -m problems.NAME."""
