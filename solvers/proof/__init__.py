"""What every linear or integer answer is proved by: the standard form and exact weak duality."""
