"""Arithmetic that proofs rest on: exact integers, eigenvalues with error bounds, the unit roundoff."""
