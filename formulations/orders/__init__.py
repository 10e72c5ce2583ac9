"""Orders of items: criteria that evaluate them, and heuristics that propose them."""
