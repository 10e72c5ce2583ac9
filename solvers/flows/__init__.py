"""Transport by flows in networks."""
