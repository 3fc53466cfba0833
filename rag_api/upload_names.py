"""What a client says that a file is called → a document's source, and a safe name on our disk."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_CHARACTERS = 500
_MAX_DISK_BYTES = 200
_REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control, format and private characters, half characters, line separators: nobody sees them."""
_DRIVE = re.compile(r"^[A-Za-z]:")


def clean_name(given: str) -> str:
    """Make a relative path of plain characters, such as `letters/2026/a.md`; may be empty.

    Folders are kept, as browsers send them for a whole folder: two files of one name stay two.
    Nothing in it leads upwards, or to a root.
    """
    composed = unicodedata.normalize("NFC", given)
    visible = "".join(one for one in composed if unicodedata.category(one) not in _REFUSED)
    steps = _DRIVE.sub("", visible.strip()).replace("\\", "/").split("/")
    kept = [step for step in (step.strip() for step in steps) if step.strip(".")]
    return "/".join(kept)


def name_on_disk(name: str) -> str:
    """The last part of a cleaned name, cut before its suffix to what every file system takes."""
    last = name.rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 16:  # noqa: PLR2004 - longer than any suffix
        stem, dot, suffix = last, "", ""
    end = f"{dot}{suffix}"
    room = _MAX_DISK_BYTES - len(end.encode())
    return stem.encode()[:room].decode(errors="ignore") + end
