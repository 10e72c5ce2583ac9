"""Linear programs: simplex and first-order methods, cutting planes, sifting."""
