import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_api.follow_up import carry_over, needs_history
from rag_api.prompt import Turn

FOLLOW_UPS = """\
And its price?
What about the Basic plan?
How much does it cost?
Why?
And in 2023?
Who wrote it?
What does that mean?
Which one is cheaper?
Tell me more
How do I install it on Windows?
Was it damaged in the war with France?
Und der Preis?
Wann wurde sie gebaut?
Was ist mit dem Premium-Tarif?
Was war der Preis?
Et son prix ?
Où est-elle née ?
Pourquoi ?
¿Y su precio?
¿Quién lo escribió?
E il suo prezzo?
E o preço?
En de prijs?
А сколько он стоит?
它的价格是多少？
那高级版呢？
价格呢？
その価格はいくらですか？
価格は？
그럼 가격은?
No, I meant the Basic plan.
Sorry, I mean Basic.
For the Basic plan?
In Germany and Austria?
Same question for the Basic plan
Translate that to German
New topic: does it work offline?
Nein, ich meinte den Basic-Tarif.
Für den Basic-Tarif?
Non, je voulais dire Lyon.
No, me refería al plan Basic.
Нет, я имел в виду тариф Базовый.
不是，我是说高级套餐。
왜요?
"""
WHOLE = """\
What does the premium plan cost per month in Europe?
When was the Eiffel Tower built?
How do I configure CHAT_MODEL?
Which documents that were removed are still shown in search results?
Are there limits on the size of files that users upload?
How old was Chopin when he moved to Warsaw with his family?
Thank you very much!
Good morning
Thanks, that helps
New topic: how are backups encrypted?
In which year was Rome founded?
No. 5 Chanel perfume price in Paris
Same-sex marriage law in Germany since 2017
Was kostet der Premium-Tarif im Monat?
Wann wurde der Eiffelturm in Paris gebaut?
Combien coûte l'abonnement Premium par mois ?
Quand la tour Eiffel a-t-elle été construite ?
¿Cuánto cuesta el plan Premium al mes?
¿Cuál es la capital de Francia?
Quanto costa il piano Premium al mese?
Quanto custa o plano Premium por mês?
Hoeveel kost het Premium-abonnement per maand?
Сколько стоит подписка Премиум в месяц?
高级套餐每月的价格是多少？
プレミアムプランの月額料金はいくらですか？
프랑스의 수도는 어디입니까?
"""
TURNS = st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), st.text()))


@pytest.mark.parametrize("question", FOLLOW_UPS.splitlines())
def test_a_question_that_leaves_out_what_it_is_about_needs_its_history(question: str) -> None:
    assert needs_history(question)


@pytest.mark.parametrize("question", WHOLE.splitlines())
def test_a_whole_question_needs_no_history(question: str) -> None:
    assert not needs_history(question)


def test_a_long_question_needs_no_history() -> None:
    assert not needs_history("and it " * 100)


def test_the_names_of_question_and_answer_before_are_carried_over() -> None:
    history = [
        Turn("user", "Who designed the Eiffel Tower?"),
        Turn("assistant", "It was Maurice Koechlin, an engineer [1]."),
    ]

    assert carry_over("When was he born?", history) == (
        "Eiffel Tower: When was he born?",
        "When was he born?",
        "Maurice Koechlin: When was he born?",
    )


def test_a_turn_in_lower_case_gives_its_content() -> None:
    history = [Turn("user", "what does the premium plan include?")]

    assert carry_over("and its price?", history)[0] == "premium plan include: and its price?"


def test_a_follow_up_to_a_follow_up_leads_further_back() -> None:
    history = [Turn("user", "What does Acme Premium include?"), Turn("user", "And for students?")]

    assert carry_over("And its price?", history)[0] == "students Acme Premium: And its price?"


def test_what_the_question_names_itself_is_not_repeated() -> None:
    history = [Turn("user", "What does Acme Premium include?")]

    assert carry_over("And acme Basic?", history)[0] == "Premium include: And acme Basic?"


@pytest.mark.parametrize("question", ["And the Pro plan?", "No, I meant the Pro plan."])
def test_a_question_that_only_names_something_takes_over_what_was_asked(question: str) -> None:
    history = [Turn("user", "How is the Basic plan cancelled?")]

    assert carry_over(question, history)[0] == f"Basic cancelled: {question}"


def test_thanks_in_between_hide_nothing() -> None:
    history = [Turn("user", "Who designed the Eiffel Tower?"), Turn("user", "Thank you!")]

    assert carry_over("When was he born?", history)[0] == "Eiffel Tower: When was he born?"


def test_a_history_without_names_changes_nothing() -> None:
    history = [Turn("user", "Hello!"), Turn("assistant", "Hi.")]

    assert carry_over("And its price?", history) == ("And its price?",)


@given(question=st.text(), history=TURNS)
def test_every_query_ends_with_the_question_and_is_little_longer(
    question: str, history: list[Turn]
) -> None:
    queries = carry_over(question, history)

    assert question in queries
    assert 1 <= len(queries) <= 3
    assert all(one.endswith(question) and len(one) <= len(question) + 302 for one in queries)
    assert needs_history(question) in (True, False)
