"""`python -m rag_api.demo` serves the page alone; `rag-api demo` and the API start it so."""

from rag_api.demo.program import main

main()
