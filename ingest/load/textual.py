"""The loaders of files that are text, by what is written in it."""

from __future__ import annotations

from ingest.load.asciidoc import load_asciidoc
from ingest.load.code import load_code
from ingest.load.delimited import load_delimited
from ingest.load.html import load_html
from ingest.load.markdown import load_markdown
from ingest.load.records import load_records
from ingest.load.rst import load_rst
from ingest.load.xml import load_xml

TEXT_LOADERS = {
    "markdown": load_markdown,
    "html": load_html,
    "delimited": load_delimited,
    "json": load_records,
    "xml": load_xml,
    "rst": load_rst,
    "asciidoc": load_asciidoc,
    "code": load_code,
}
"""By kind; each takes the content and the names of the file. Plain text has no kind of its own."""
