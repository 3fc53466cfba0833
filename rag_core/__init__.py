"""What both programs stand on: documents, the catalog, the indexes made from it, and search."""
