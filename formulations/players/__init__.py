"""What players of saddle problems are made of: domains, networks, generators, penalties."""
