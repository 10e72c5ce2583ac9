"""Robust accuracy of networks: attacks from one side, cells of unit signs from the other."""
