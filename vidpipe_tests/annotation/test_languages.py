"""A cheap look at a text tells its language where that is known, and says so where it is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.languages import code_of, looks_like

TEXTS = {
    "English": "A woman leaves the house in the morning and walks to the sea with the dog that she found. "
    "At the shore they meet a man who is selling fish, and he tells them about the storm.",
    "German": "Eine Frau verlässt am Morgen das Haus und geht mit dem Hund, den sie auf dem Weg fand, zum Meer. "
    "Am Ufer treffen sie einen Mann, der Fisch verkauft, und er erzählt von dem Sturm.",
    "French": "Une femme quitte la maison le matin et marche vers la mer avec le chien qui est dans la rue. "
    "Sur la plage ils rencontrent un homme qui vend du poisson, et il leur parle de la tempête.",
    "Spanish": "Una mujer sale de la casa por la mañana y camina hacia el mar con el perro que encontró. "
    "En la playa se encuentra con un hombre que vende pescado, y él les habla de las olas y del viento.",
    "Italian": "Una donna lascia la casa di mattina e cammina verso il mare con il cane che ha trovato. "
    "Sulla spiaggia si incontra con un uomo che vende il pesce, e le parla della tempesta e del vento.",
    "Portuguese": "Uma mulher sai de casa de manhã e caminha para o mar com o cão que encontrou. "
    "Na praia não se encontra com um homem que vende peixe, e ele fala da tempestade e do vento no mar.",
    "Dutch": "Een vrouw verlaat het huis in de ochtend en loopt met de hond die zij vond naar de zee. "
    "Op het strand ontmoet zij een man die vis verkoopt, en hij vertelt van de storm en van het schip.",
    "Chinese": "一位女士早上离开家，带着她在路上捡到的小狗走到海边。他们在岸边遇见一个卖鱼的男人，"
    "他讲述了暴风雨的故事，大家都很安静地听着。",
    "Japanese": "朝、女性が家を出て、道で拾った犬と一緒に海まで歩きます。岸で魚を売る男の人に会い、"
    "彼は嵐の話をしてくれます。みんな静かに聞いています。",
    "Russian": "Женщина утром выходит из дома и идёт к морю с собакой, которую она нашла. "
    "На берегу они встречают мужчину.",
    "Korean": "한 여자가 아침에 집을 나와 길에서 찾은 개와 함께 바다로 걸어갑니다. "
    "해변에서 그들은 생선을 파는 남자를 만나고 그는 폭풍 이야기를 합니다.",
}


@pytest.mark.parametrize("asked", TEXTS)
@pytest.mark.parametrize("written", TEXTS)
def test_a_text_looks_like_the_language_it_is_written_in_and_no_other(written: str, asked: str) -> None:
    assert looks_like(TEXTS[written], asked) is (written == asked)


@pytest.mark.parametrize(
    ("languages", "code"),
    [
        (["English", "en", "en-GB", "en_us", "English (US)", " ENGLISH "], "en"),
        (["Traditional Chinese", "zh-Hant", "Chinese (simplified)"], "zh"),
        (["Klingon", "", "tlh", "-", "()"], None),
    ],
)
def test_a_language_is_known_by_name_or_tag(languages: list[str], code: str | None) -> None:
    assert [code_of(language) for language in languages] == [code] * len(languages)


def test_too_few_words_decide_nothing() -> None:
    assert looks_like("A short text.", "English") is None
    assert looks_like("Antidisestablishmentarianism " * 3, "English") is None
    assert looks_like(TEXTS["English"], "Klingon") is None
    assert looks_like("", "English") is None


def test_a_list_of_names_is_not_english() -> None:
    assert looks_like("Anna Berta Carla Dora Emma Frida Greta Hanna Ida Jutta Klara Lena " * 3, "English") is False


@settings(max_examples=60)
@given(st.text(max_size=300), st.sampled_from([*TEXTS, "Klingon"]))
def test_any_text_can_be_looked_at(text: str, language: str) -> None:
    assert looks_like(text, language) in (True, False, None)
