"""The SQL truth: collections, documents, chunks, vectors, and the feed of what changed."""
