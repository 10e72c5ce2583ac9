"""Mixtures fitted by their likelihood, and confidence bounds from held-out samples."""
