"""Source code to a Document: each class and function in a fence under its name, nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.load.markup import write_code
from ingest.load.text import decode_text, require_text
from rag_core.documents import Document

LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".jsx": "jsx",
    ".ts": "typescript",
    ".tsx": "tsx",
    ".java": "java",
    ".kt": "kotlin",
    ".scala": "scala",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
    ".cs": "csharp",
    ".swift": "swift",
    ".rb": "ruby",
    ".php": "php",
    ".sh": "bash",
    ".bash": "bash",
    ".ps1": "powershell",
    ".lua": "lua",
    ".r": "r",
    ".sql": "sql",
    ".proto": "protobuf",
    ".tf": "hcl",
}
"""What a fence says, by suffix in lower case."""

_HOLDERS = re.findall(
    r"\w+", "class interface struct enum trait impl module namespace object protocol record"
)
_KINDS = "|".join([*_HOLDERS, "def", "func", "fun", "fn", "function", "sub", "message", "service"])
_WORDS = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub|"
    r"sealed|open|data|partial|unsafe|override|virtual|local)[ \t]+)*"
)
_DEFINITION = re.compile(
    rf"(?P<indent>[ \t]*){_WORDS}(?P<kind>{_KINDS})\b[ \t]*"
    r"(?:\([^)\n]*\)[ \t]*|<[^>\n]*>[ \t]*|\*[ \t]*)?(?P<name>[A-Za-z_$][\w$.:]*)"
)
"""At the beginning of a line, as most languages write it; Go's receivers come before the name."""
_LEAD = re.compile(r"[ \t]*(?:@|#|//|/\*|\*|--|\[)")
_INDENT = 4
"""Of what a class holds; deeper definitions stay with what they are in."""


def load_code(content: bytes, *, source: str, name: str, stem: str) -> Document:
    """Read source code; its title is the file's name."""
    text, warnings = decode_text(content, name=name)
    require_text(text, name=name)
    language = LANGUAGES.get(name.removeprefix(stem).lower(), "")
    blocks = "\n\n".join(_write_parts(text, language))
    return Document(source, name, blocks, "text/plain", "markdown", warnings=warnings)


def _write_parts(text: str, language: str) -> Iterator[str]:
    lines = text.split("\n")
    parts = list(_find_parts(lines))
    ends = [start for start, _ in parts[1:]] + [len(lines)]
    for (start, heading), end in zip(parts, ends, strict=True):
        code = "\n".join(lines[start:end])
        if heading:
            yield heading
        if code.strip():
            yield write_code(code, language)


def _find_parts(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Where each definition begins, with its comments above it, and its heading."""
    yield 0, ""
    deepest = 0
    for number, line in enumerate(lines):
        match = _DEFINITION.match(line)
        depth = len(match["indent"].expandtabs(_INDENT)) if match else 0
        if match is None or depth > deepest:
            continue
        if depth == 0:
            deepest = _INDENT if match["kind"] in _HOLDERS else 0
        yield _find_lead(lines, number), f"{'###' if depth else '##'} {match['name']}"


def _find_lead(lines: list[str], number: int) -> int:
    """The first of the decorators and comments right above a line."""
    while number and _LEAD.match(lines[number - 1]):
        number -= 1
    return number
