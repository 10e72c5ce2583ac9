"""Lower bounds on the quadratic assignment and linear arrangement problems, each recomputed from a dual certificate."""
