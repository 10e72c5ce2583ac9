"""What an adversary may do to data: losses, sets of weights, moves of rows, and the worst that comes of them."""
