"""Exact integers, eigenvalues with a bound on their error, and the checks that numerical certificates share."""
