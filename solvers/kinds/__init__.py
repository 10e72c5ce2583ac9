"""The kinds of problem: the solvers that take each, what they refuse, and a run of one."""
