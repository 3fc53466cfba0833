"""The loaders of files that programs pack: Office's, OpenDocument's, books and messages."""

from __future__ import annotations

from ingest.load.doc import load_doc
from ingest.load.docx import load_docx
from ingest.load.eml import read_eml
from ingest.load.epub import load_epub
from ingest.load.odf import load_odp, load_odt
from ingest.load.outlook import read_msg
from ingest.load.pptx import load_pptx
from ingest.load.rtf import load_rtf
from ingest.load.workbook import load_workbook

PACKAGE_LOADERS = {
    "docx": load_docx,
    "doc": load_doc,
    "pptx": load_pptx,
    "workbook": load_workbook,
    "odt": load_odt,
    "odp": load_odp,
    "epub": load_epub,
    "rtf": load_rtf,
}
"""By kind; each takes the content and the names of the file."""
MAIL_READERS = {"eml": read_eml, "msg": read_msg}
"""By kind; what a message holds may be of any kind, so `load_document` goes on from here."""
