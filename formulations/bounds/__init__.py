"""Lower bounds of objectives on orders, each recomputed from a dual certificate."""
