from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.names import name_file, object_to_link, object_to_name


@pytest.mark.parametrize(
    ("url", "media_type", "name"),
    [
        ("http://h/", "text/html", "page.html"),
        ("http://h/a.php?x=1", "text/html", "a.html"),
        ("http://h/a.pdf", "text/html", "a.html"),
        ("http://h/get", "application/pdf", "get.pdf"),
        ("http://h/README.md", "text/plain", "README.md"),
        ("http://h/notes", "text/plain", "notes.txt"),
        ("http://h/v1.2", "text/plain", "v1.2.txt"),
        ("http://h/a.docx", "application/octet-stream", "a.docx"),
        ("http://h/a.rst", "", "a.rst"),
        ("http://h/%2e%2e%2fpasswd", "", "passwd"),
    ],
)
def test_a_file_is_named_by_its_url_and_what_its_server_says(
    url: str, media_type: str, name: str
) -> None:
    assert name_file(url, media_type) == name


@given(st.text(max_size=300), st.sampled_from(["text/html", "text/plain", ""]))
def test_any_url_names_a_file_in_its_folder(path: str, media_type: str) -> None:
    name = name_file(f"http://h/{quote(path, safe='/')}", media_type)

    assert "/" not in name
    assert name not in ("", ".", "..")
    assert len(name.encode()) < 255


def test_links_to_pictures_and_programs_are_not_followed() -> None:
    assert object_to_link("http://h/a.PNG?x") == "no loader for .png"
    assert object_to_link("http://h/a.php") is None
    assert object_to_link("http://h/v1.2/") is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a.md", None),
        ("deep/a.PDF", None),
        ("deep/.a.md", "hidden"),
        (".git/a.md", "hidden"),
        ("a.exe", "no loader for .exe"),
        ("a", "no loader for names without a suffix"),
    ],
)
def test_objects_are_taken_as_files_of_folders_are(path: str, reason: str | None) -> None:
    assert object_to_name(path) == reason
