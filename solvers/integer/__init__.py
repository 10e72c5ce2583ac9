"""Integer programs: branch and cut, SCIP, CP-SAT."""
