"""Parsing and embedding as Ray Data tasks; the only room that knows Ray."""
