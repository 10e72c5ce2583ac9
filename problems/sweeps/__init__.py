"""A sweep: one command for several values of its options and several seeds, its runs side by side, one table of all."""
