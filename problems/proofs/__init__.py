"""Proofs of answers as JSON: written from a solution (written), and checked with nothing but the graph (all else)."""

# Recipes whose answers are checked with a table, not a graph.
OF_ROWS = ("pca", "kmeans", "clustering", "embedding", "robust_regression", "robust_network", "location")
