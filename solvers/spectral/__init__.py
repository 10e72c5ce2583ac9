"""Frames of vectors by eigenvectors, and what else is found by spectral methods."""
