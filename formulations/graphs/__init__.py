"""Graphs as arrays, and algorithms on them: laminar families, cuts, walks, paths, potentials, tours."""

from formulations.graphs.network import Network, links, network, symmetric, without_parallels

__all__ = ["Network", "links", "network", "symmetric", "without_parallels"]
