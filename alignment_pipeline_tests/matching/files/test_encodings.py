"""Encodings are recognised or asked for; names are never matched garbled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import encodings

NAMES = {
    "cp1250": ["Łódzkie Zakłady Meblowe", "Żubrówka Śląska", "Škoda Příbram", "Hőerőmű Zrt", "Dům Knihy Čejka", "Győri Gyógyszer Művek"],
    "cp1251": ["Яндекс Технологии", "Газпром нефть", "ООО Щербаков"],
    "cp1252": ["Société Générale d'Été", "Müller Straße", "Ørsted Økologi", "Núñez y Cía", "Läkaröd AB", "São João Ações"],
    "cp1253": ["Ελληνικά Πετρέλαια", "Τράπεζα Πειραιώς"],
    "cp1254": ["Güneş Işık Sanayi", "Türkiye İş Bankası", "Doğuş Çelik"],
    "cp1255": ["בנק הפועלים", "טבע תעשיות פרמצבטיות", "כתר פלסטיק ישראל", "שופרסל"],
    "cp1256": ["شركة الاتصالات السعودية"],
    "cp1257": ["Žalgirio Įmonė", "Rīgas Ūdens", "Šiaulių Bankas"],
    "cp874": ["ธนาคารกรุงเทพ"],
    "mac_roman": ["Crédit Général", "Müller Straße", "Núñez y Cía"],
    "mac_cyrillic": ["Яндекс Технологии", "Газпром нефть", "Сбербанк России", "Аэрофлот", "Башнефть"],
    "gb18030": ["华为技术有限公司", "中国石油"],
    "cp949": ["삼성전자 주식회사", "현대자동차"],
    "cp932": ["東京エレクトロン", "トヨタ自動車"],
    "big5": ["台灣積體電路", "鴻海精密工業"],
}
ALL = [(page, name) for page, known in NAMES.items() for name in known]


# older Macs wrote Russian in a page that differs from Windows' by a few capitals: a short list is asked for
@pytest.mark.parametrize("page", sorted(set(NAMES) - {"mac_cyrillic"}))
def test_a_list_in_a_usual_code_page_is_recognised(page: str) -> None:
    text = "account_id,name\n" + "".join(f"{at},{name}\n" for at, name in enumerate(NAMES[page]))

    assert text == encodings.decode(text.encode(page), "a.csv")[0]


@pytest.mark.parametrize(("page", "name"), ALL)
def test_one_name_alone_is_recognised_or_asked_for(page: str, name: str) -> None:
    text = f"account_id,name\nA1,{name}\n"

    try:
        read, _ = encodings.decode(text.encode(page), "a.csv")
    except ConfigurationError as error:
        assert "--encoding" in str(error)
    else:
        assert text == read


@given(st.sampled_from(sorted(NAMES)), st.data())
def test_no_mixture_of_names_is_read_garbled(page: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.sampled_from([*NAMES[page], "Acme Inc", "Borealis"]), min_size=1, max_size=8))
    text = "id,name\n" + "\n".join(rows)

    try:
        read, _ = encodings.decode(text.encode(page), "a.csv")
    except ConfigurationError as error:
        assert "--encoding" in str(error)
    else:
        assert text == read


def test_two_pages_that_read_alike_are_both_shown() -> None:
    with pytest.raises(ConfigurationError, match="not certain") as error:
        encodings.decode("id,name\nA1,Þiþeb\n".encode("cp1252"), "a.csv")

    assert "cp1250" in str(error.value)
    assert "cp1252" in str(error.value)
    assert "--encoding" in str(error.value)


def test_a_named_encoding_is_taken_at_its_word() -> None:
    assert ("name\nŁódź\n", "cp1250") == encodings.decode("name\nŁódź\n".encode("cp1250"), "a.csv", "cp1250")
    with pytest.raises(ConfigurationError, match="not readable as cp932"):
        encodings.decode(b"\x81", "a.csv", "cp932")
