"""Proofs of answers as JSON: written from a solution (written), and checked with nothing but the graph (all else)."""
