import pytest

from rag_api.function_words import (
    DUTCH,
    ENGLISH,
    FRENCH,
    GERMAN,
    ITALIAN,
    PORTUGUESE,
    RUSSIAN,
    SPANISH,
    Language,
    find_language,
    is_small_talk,
    points_without_spaces,
)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("how are citations found", ENGLISH),
        ("wie werden zitate gefunden", GERMAN),
        ("comment sont trouvées les citations", FRENCH),
        ("cómo se encuentran las citas", SPANISH),
        ("quanto costa il piano al mese", ITALIAN),
        ("quanto custa o plano por mês", PORTUGUESE),
        ("hoeveel kost het abonnement van de winkel", DUTCH),
        ("сколько стоит это в месяц", RUSSIAN),
        ("qwxz", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_its_little_words(question: str, language: Language | None) -> None:
    assert find_language(question.split()) is language


def test_thanks_are_small_talk_and_a_question_after_them_is_not() -> None:
    assert is_small_talk(["thank", "you", "very", "much"])
    assert is_small_talk(["danke"])
    assert not is_small_talk(["thanks", "price"])
    assert not is_small_talk(["ok", "and", "why"])
    assert not is_small_talk(["ok", "tell", "me", "more"])
    assert not is_small_talk(["why"])
    assert not is_small_talk([])


def test_scripts_without_spaces_point_back_too() -> None:
    assert points_without_spaces("它的价格是多少？")
    assert points_without_spaces("その価格はいくらですか？")
    assert points_without_spaces("그럼 가격은?")
    assert not points_without_spaces("埃菲尔铁塔是什么时候建造的？")
