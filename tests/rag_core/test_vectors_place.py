from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag_core.vectors.place import ServerRecord, place_in

ports = st.integers(min_value=1, max_value=65535)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(ports, ports, ports, st.text(), st.none() | st.text())
def test_what_the_keeper_writes_everyone_reads(
    tmp_path: Path, port: int, keeper: int, chroma: int, version: str, aside: str | None
) -> None:
    record = ServerRecord(port, keeper, chroma, version, aside)
    place = place_in(tmp_path)

    place.write_server(record)

    assert place.read_server() == record
    assert [path.name for path in place.folder.iterdir()] == ["server.json"]


def test_a_record_that_is_missing_or_garbled_is_none(tmp_path: Path) -> None:
    place = place_in(tmp_path)

    seen = [place.read_server()]
    for text in ("", "{", "[]", '{"port": 1}', '{"unknown": 1}'):
        (place.folder / "server.json").write_text(text)
        seen.append(place.read_server())

    assert seen == [None] * 6


def test_what_an_earlier_keeper_left_is_forgotten(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    place.write_server(ServerRecord(1, 2, 3, "1"))
    place.write_failure("no space")

    place.forget_all()

    assert (place.read_server(), place.read_failure()) == (None, None)
