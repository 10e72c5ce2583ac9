"""Matrices of embeddings: who is near whom, and what each neighbourhood says of coordinates."""
