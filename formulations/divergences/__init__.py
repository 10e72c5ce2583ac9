"""The convex functions f of f-divergences, with all that a game over them needs."""
