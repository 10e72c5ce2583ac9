"""Criteria of orders, and orders to start from."""
