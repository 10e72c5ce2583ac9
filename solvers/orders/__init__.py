"""Searches over orders."""
