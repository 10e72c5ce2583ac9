"""What conic solvers are asked for besides an answer: multipliers and directions that proofs need."""
