"""The maths: each problem declared as a model, nothing solved."""
