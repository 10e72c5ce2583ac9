"""Proofs of answers as JSON: written from a solution (written), and checked with nothing but the graph (all else)."""

OF_ROWS = ("pca", "kmeans", "clustering", "embedding")  # recipes whose answers are checked with a table, not a graph
