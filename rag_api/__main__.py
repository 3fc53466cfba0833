"""`python -m rag_api` is `rag-api`."""

from rag_api.cli import main

main()
