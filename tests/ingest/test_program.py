from __future__ import annotations

from ingest.limits import Limits
from ingest.program import name_program


def test_the_same_loaders_have_the_same_name() -> None:
    assert name_program(Limits()) == name_program(Limits())


def test_other_limits_are_another_program() -> None:
    assert name_program(Limits(seconds=60)) != name_program(Limits(seconds=120))
    assert name_program(Limits(memory_bytes=1 << 20)) != name_program(Limits())
