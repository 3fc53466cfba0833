from __future__ import annotations

from ingest.load.arabic import is_mixed, read_mixed
from ingest.load.pdf import load_pdf

LIGATURE = "لا"


def make_arabic_pdf(glyphs: list[str]) -> bytes:
    """A page with one word, whose glyphs stand from left to right as they are printed."""
    codes = "".join(f"<{code:02X}> " for code in range(65, 65 + len(glyphs))).split()
    shown = "".join(code.strip("<>") for code in codes)
    names = "".join(
        f"{code} <{glyph.encode('utf-16-be').hex()}>\n"
        for code, glyph in zip(codes, glyphs, strict=True)
    )
    cmap = f"1 begincodespacerange <00> <FF> endcodespacerange\n{len(codes)} beginbfchar\n{names}"
    streams = [f"BT /F 20 Tf 100 700 Td <{shown}> Tj ET", f"{cmap}endbfchar\n"]
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>",
        "<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        *(f"<</Length {len(text)}>>stream\n{text}\nendstream" for text in streams),
    ]
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer<</Root 1 0 R>>\n%%EOF".encode()


def test_the_letters_of_a_ligature_stand_as_they_are_written() -> None:
    content = make_arabic_pdf(["ت", LIGATURE, "ك", "ش", "م", "ل", "ا"])

    document = load_pdf(content, source="/d/a.pdf", name="a.pdf", stem="a")

    assert document.text == "المشكلات"


def test_lines_with_latin_words_keep_their_order_and_their_headings() -> None:
    plain = "البرمجة بلغة Python\nتعتبر Pythonمن الأدوات القوية"
    markdown = "# Python البرمجة بلغة\n\nتعتبر من الأدوات Python القوية"

    assert is_mixed(plain, markdown)
    assert read_mixed(plain, markdown) == "# البرمجة بلغة Python\nتعتبر Python من الأدوات القوية"


def test_words_that_only_one_reading_knows_are_not_trusted() -> None:
    assert not is_mixed("يبيبح ةمجربلا ةغلب Python", "حبيبي البرمجة بلغة Python")
    assert not is_mixed("Only Latin words here", "Only Latin words here")
