"""What a user says of splitting, over how the documents of a collection are cut."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from rag_core.documents import Splitting, Strategy


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; None leaves an option as it is."""

    chunk_tokens: int | None = None
    overlap_tokens: int | None = None
    strategy: Strategy | None = None
    fields: tuple[str, ...] | None = None

    def over(self, splitting: Splitting) -> Splitting:
        """The splitting with what was asked for in it."""
        asked = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(splitting, **asked)

    def words(self) -> str:
        """What was asked for, as a command line says it."""
        options = ("--chunk-tokens", self.chunk_tokens), ("--overlap", self.overlap_tokens)
        given = (*options, ("--strategy", self.strategy))
        named = (("--field", field) for field in self.fields or ())
        return " ".join(f"{name} {value}" for name, value in (*given, *named) if value is not None)


NO_WISH = Wish()
