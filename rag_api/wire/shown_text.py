"""An answer's text for clients that cannot take back what they have shown, with true offsets."""

from __future__ import annotations

from rag_api.events import Citation

RESTART_TEXT = "\n\n---\n\n*The answer broke off. Another model begins anew:*\n\n"
"""What separates a void beginning from the answer that counts."""


class ShownText:
    """Follows the text that a client has shown, so that citations point at the right place in it.

    Most protocols can only append: after a `Restarted` the void text stays, the answer follows it.
    """

    def __init__(self) -> None:
        self.citations: list[Citation] = []
        """Those that count, each with its place in all that is shown."""
        self._length = 0
        self._void = 0

    def add(self, text: str) -> None:
        """Count text of the answer, in Unicode code points."""
        self._length += len(text)

    def restart(self) -> str:
        """The text that announces a new beginning; add it; what was shown before is void."""
        self.citations.clear()
        self._void = self._length + len(RESTART_TEXT)
        return RESTART_TEXT

    def cite(self, citation: Citation) -> None:
        """Add a citation, whose place counts from the last beginning."""
        void = self._void
        places = {
            "answer_start": citation.answer_start + void,
            "answer_end": citation.answer_end + void,
        }
        self.citations.append(citation.model_copy(update=places) if void else citation)
