"""Gaussian mixtures with known density and entropy, and confidence bounds from held-out samples."""
