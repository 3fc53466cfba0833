from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.load import Options, load_document
from rag_core.documents import Document
from rag_core.errors import DocumentError, UnreadableDocumentError
from tests.ole import Folder, make_ole
from tests.pdfs import make_pdf

HEAD = b"From: Ann <ann@example.com>\nTo: bob@example.com\nDate: 1 Oct 2024\nSubject: Ducks\n"


def load(content: bytes, name: str = "a.eml") -> Document:
    return load_document(Path(name), source="/d/a.eml", content=content)


def make_mail(subject: str = "Ducks", body: str = "Hello.") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = "Ann <ann@example.com>"
    mail.set_content(body)
    return mail


def stream(kind: str, text: str) -> dict[str, bytes]:
    return {f"__substg1.0_{kind}001F": text.encode("utf-16-le")}


def make_msg(**folders: Folder) -> Folder:
    return {
        "__properties_version1.0": bytes(32),
        **stream("0037", "Ducks"),
        **stream("1000", "Hello."),
        **stream("0C1A", "Ann"),
        **stream("5D01", "ann@example.com"),
        **folders,
    }


def test_a_message_is_its_subject_its_people_and_its_body() -> None:
    document = load(HEAD + b"\nHello.\n\n# no heading\n")

    assert document.title == "Ducks"
    assert document.text == (
        "# Ducks\n\nFrom: Ann <ann@example.com>\nTo: bob@example.com\nDate: 1 Oct 2024\n\n"
        "Hello.\n\n\\# no heading"
    )


def test_a_message_is_known_by_its_head_under_any_name() -> None:
    assert load(HEAD + b"\nHello.", "saved.txt").media_type == "message/rfc822"


def test_headers_and_bodies_in_other_encodings_are_read() -> None:
    head = b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nContent-Type: text/plain; charset=cp1252\n\n"

    assert load(head + "Schöne Grüße".encode("cp1252")).text == "# Grüße\n\nSchöne Grüße"


def test_of_two_bodies_the_plain_one_is_read_unless_it_says_little() -> None:
    words = "A long enough body of words. " * 9
    full, stub = make_mail(body=words), make_mail(body="See HTML.")
    for mail in (full, stub):
        mail.add_alternative(f"<h2>Part</h2><p>{words}</p>", subtype="html")

    assert "Part" not in load(full.as_bytes()).text
    assert "## Part" in load(stub.as_bytes()).text


def test_attachments_stand_below_under_their_names() -> None:
    mail = make_mail()
    mail.add_attachment("# Top\n\nWords.", subtype="markdown", filename="notes.md")
    mail.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="table.csv")

    text = load(mail.as_bytes()).text

    assert "## Attachment: notes.md\n\n### Top\n\nWords." in text
    assert text.endswith("## Attachment: table.csv\n\n| a | b |\n| --- | --- |\n| 1 | 2 |")


def test_an_attachment_that_cannot_be_read_is_reported_and_costs_only_itself() -> None:
    mail = make_mail()
    mail.add_attachment(b"\x89PNG\r\n", maintype="image", subtype="png", filename="logo.png")

    document = load(mail.as_bytes())

    assert document.text.endswith("Hello.")
    assert document.warnings == (
        "an attachment was left out: 'logo.png' is a PNG image: no loader reads it",
    )


def test_passwords_open_attachments_too() -> None:
    mail = make_mail()
    secret = make_pdf(["Secret."], password="x")  # noqa: S106 - a test's
    mail.add_attachment(secret, maintype="application", subtype="pdf", filename="a.pdf")

    options = Options(passwords=["x"])
    document = load_document(Path("a.eml"), source="/a", content=mail.as_bytes(), options=options)

    assert document.text.endswith("## Attachment: a.pdf\n\nSecret.")


def test_an_attached_message_is_read_with_its_attachments() -> None:
    inner = make_mail("Inner", "Deep words.")
    inner.add_attachment("Deepest.", filename="a.txt")
    mail = make_mail()
    mail.add_attachment(inner)

    text = load(mail.as_bytes()).text

    assert "## Attachment: Inner\n\n### Inner" in text
    assert text.endswith("#### Attachment: a.txt\n\nDeepest.")


def test_messages_in_messages_end_at_a_depth() -> None:
    mail = make_mail("Deepest")
    for _ in range(9):
        outer = make_mail()
        outer.add_attachment(mail)
        mail = outer

    assert any("messages deep" in warning for warning in load(mail.as_bytes()).warnings)


def test_a_message_of_outlook_is_read_with_people_and_attachments() -> None:
    attachment = {**stream("3707", "a.txt"), "__substg1.0_37010102": b"Attached words."}
    recipient = {**stream("3001", "Bob"), **stream("39FE", "bob@example.com")}
    folders = {"__attach_version1.0_#00000000": attachment, "__recip_version1.0_#0": recipient}

    document = load(make_ole(make_msg(**folders)), "a.msg")

    assert document.text == (
        "# Ducks\n\nFrom: Ann <ann@example.com>\nTo: Bob <bob@example.com>\n\nHello.\n\n"
        "## Attachment: a.txt\n\nAttached words."
    )
    assert document.media_type == "application/vnd.ms-outlook"


def test_a_message_within_a_message_of_outlook_is_read() -> None:
    inner = {"__substg1.0_3701000D": make_msg(**stream("1000", "Inner words."))}

    text = load(make_ole(make_msg(**{"__attach_version1.0_#00000000": inner})), "a.msg").text

    assert text.endswith(
        "## Attachment: Ducks\n\n### Ducks\n\nFrom: Ann <ann@example.com>\n\nInner words."
    )


def test_a_body_of_compressed_rtf_is_reported() -> None:
    folder = {**make_msg(**stream("1000", "")), "__substg1.0_10090102": b"LZFu"}

    warnings = load(make_ole(folder), "a.msg").warnings

    assert warnings == ("its body is compressed RTF, which no loader reads",)


def test_a_broken_message_of_outlook_is_unreadable() -> None:
    with pytest.raises(UnreadableDocumentError, match=r"a\.msg"):
        load(make_ole(make_msg())[:700], "a.msg")


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                HEAD,
                b"Content-Type: multipart/mixed; boundary=b\n",
                b"\n--b\n",
                b"Content-Type: message/rfc822\n",
                b"Content-Transfer-Encoding: base64\n",
                b"\xff\xe4 words\n",
                b"Subject: =?x?q?a?=\n",
                b"Content-Type: text/html; charset=nope\n",
                b"<p>a</p>\n",
                b"--b--\n",
            ]
        )
    )
)
def test_any_message_gives_a_document_or_an_error_of_ours(lines: list[bytes]) -> None:
    try:
        text = load(b"Subject: a\n" + b"".join(lines)).text
    except DocumentError as error:
        text = str(error)

    assert text.strip()
