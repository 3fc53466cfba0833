"""Chroma as the store of vectors: the server, its keeper, the calls, and their upkeep."""
