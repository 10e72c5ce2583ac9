"""Partitions of rows into groups: searches for good ones, and bounds."""
