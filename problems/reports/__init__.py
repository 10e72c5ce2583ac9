"""Reports: what was asked and what came of it, as one HTML page that needs nothing else."""
