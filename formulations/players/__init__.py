"""Building blocks for the players of saddle problems: domains, networks, generators, penalties, starting points."""
