"""Solvers of estimates of location."""
