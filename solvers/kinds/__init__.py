"""One module for each kind of problem: the solvers that take it, what they refuse, and a run of one."""
