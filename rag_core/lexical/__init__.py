"""BM25 over the words of chunks: one tantivy index per collection, which follows the catalog."""
