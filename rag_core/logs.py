"""Log records as plain lines on standard error."""

from __future__ import annotations

import logging
import sys


def set_up_logs(level: str) -> None:
    """Send our records, and the warnings of others, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level="WARNING", handlers=[handler], force=True)
    for package in ("rag_core", "rag_api", "ingest"):
        logging.getLogger(package).setLevel(level)
