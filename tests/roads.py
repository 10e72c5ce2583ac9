"""A small road network for tests of graph recipes: two roads from a to b, and what each takes."""

ROADS = """a b {'weight': 1.5, 'time': 4}
a b {'weight': 2.5, 'time': 1}
b c {'weight': 2.25, 'time': 4}
a c {'weight': 4.5, 'time': 1}
c d {'weight': 0.1, 'time': 1}
b d {'weight': 7, 'time': 1}
"""
ENDS = ("--source", "a", "--target", "d")
