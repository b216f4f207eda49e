"""Invented people's names, by culture.

Belongs here: first names and coined family names (two halves put together at random, so that a whole name stands for nobody),
and the local part of an e-mail address. Where a person works and what they do: `people.py`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from anyascii import anyascii


@dataclass(frozen=True)
class Culture:
    """First names, and the halves from which family names are coined."""

    first: tuple[str, ...]
    stems: tuple[str, ...]
    ends: tuple[str, ...]


def _culture(first: str, stems: str, ends: str) -> Culture:
    return Culture(tuple(first.split()), tuple(stems.split()), tuple(ends.split()))


CULTURES = {
    "en": _culture(
        "Alice Amber Andrew Bethany Brian Caleb Carol Dana Derek Edith Ethan Fiona Grant Hazel Ian Jared Joan Keith Laura Logan Megan "
        "Nathan Olive Owen Paige Quentin Rachel Ross Sheila Toby Vera Wesley",
        "Alder Birch Cold Dun Elder Fern Gold Haw Iron Kest Lang Marsh North Oaken Pem Raven Stone Thorn Under Whit",
        "wick stead mere brook hollow ridgeley combe shawe dale thwaite croft",
    ),
    "de": _culture(
        "Anke Bernd Carsten Dörte Elke Falk Gesine Heiko Imke Jörg Katrin Lutz Maike Nils Ortrud Philipp Renate Sönke Thorsten Ulrike "
        "Volker Wiebke Jürgen Käthe",
        "Ahorn Birken Dorn Eschen Falken Grün Hasel Kessel Linden Moor Neuen Rauhen Stein Tannen Weiden Öhl",
        "bachler hofner stätter rieder kampe feldt brückner mühlen brinker thaler",
    ),
    "fr": _culture(
        "Aurélie Benoît Camille Damien Élodie Fabrice Gaëlle Hervé Inès Jérôme Karine Loïc Maëlle Noémie Océane Pascal Quitterie Rémi "
        "Solène Thibault Véronique Yannick Zoé François",
        "Beau Champ Clair Fontaine Grand Haut Mont Noir Petit Roche Saint Val Vert Belle",
        "vallon marque sablier rivière courbet clerval noyer brugère lande aubry",
    ),
    "es": _culture(
        "Alba Bruno Carmen Darío Elena Fermín Gloria Hugo Irene Joaquín Lucía Mateo Nerea Óscar Paloma Ramón Sofía Tomás Úrsula Valeria "
        "Ximena Íñigo Belén Andrés",
        "Agua Campo Casa Dulce Fuente Lago Monte Piedra Puerta Rio Torre Valle Villa",
        "luz verdejo seca blanco serna mayor dorado rreal alba cierva",
    ),
    "pt": _culture(
        "Afonso Beatriz Caio Débora Eduardo Flávia Gonçalo Helena Inês João Larissa Marcelo Natália Otávio Patrícia Rafael Simão Thaís "
        "Vítor Yara Antônio Luísa",
        "Alta Bela Campo Fonte Lago Mata Monte Pedra Ponte Porto Riba Vale",
        "mar verde seco nova claro deira lobo fonseca tojal serpa",
    ),
    "it": _culture(
        "Alessia Bruno Chiara Dario Elisa Fabio Giada Lorenzo Marta Nicolò Ornella Paolo Rita Sandro Tullio Ursula Valerio Zita Niccolò "
        "Beatrice",
        "Acqua Bel Campo Colle Fonte Lago Monte Ponte Rocca Serra Valle",
        "bruna chiara dolce fiore luppi nero sarti verdi grassi mora",
    ),
    "nl": _culture(
        "Anouk Bram Daan Esmée Femke Gijs Hanneke Joris Katelijne Lotte Maarten Nienke Pieter Roos Sander Tess Wouter Yvette Thijs Mirthe",
        "Bergen Dijk Duin Groen Hoge Klaver Linde Molen Nieuw Water Zand",
        "haven brug straat hoek veldt laar horst meer akker wijk",
    ),
    "no": _culture(
        "Aksel Bodil Dagny Eirik Freja Gustav Hedda Ingrid Jonas Kåre Liv Magnus Nora Oskar Pernille Ragnhild Søren Tuva Ulf Åse Björn "
        "Östen Mikko Aino",
        "Berg Björk Dal Fager Gran Hav Holm Lind Nord Sol Strand Ås",
        "lund kvist mark vik strøm gren haug fors ström nes",
    ),
    "pl": _culture(
        "Agnieszka Bartosz Celina Dominik Ewelina Filip Grażyna Henryk Iwona Jacek Kamil Łukasz Magda Norbert Ola Paweł Renata Szymon "
        "Tereza Václav Zdeněk Kateřina",
        "Biało Bukow Czarno Dąbro Jasno Kamien Lipo Modro Star Wierzb Zielo",
        "wicki nowski lecki szczak bor brzeski górny hradský polski",
    ),
    "ru": _culture(
        "Alina Bogdan Daria Egor Fedor Galina Ilya Kira Larisa Maxim Nadia Oleg Polina Roman Svetlana Timur Ulyana Vadim Yana Zakhar Taras "
        "Oksana",
        "Bel Cher Dubr Gor Kamen Les Mor Ozer Pol Sever Zor",
        "ovenko evsky ontsev yakin inov olenko etsky yashin",
    ),
    "tr": _culture(
        "Aslı Barış Ceren Deniz Ece Fırat Gökçe Hakan İpek Kaan Levent Merve Nazlı Onur Pelin Rüya Selin Tolga Umut Yasemin",
        "Ak Altın Bozdağ Çelik Demir Gök Kara Kızıl Taş Yeşil",
        "soyer pınar tepeli ırmak yurtlu bulutlu çamlı dereci",
    ),
    "ja": _culture(
        "Aiko Daichi Emi Fumio Haruka Ichiro Junko Kaoru Makoto Naomi Osamu Rina Satoru Tomoko Yuji Yuki Akira Chihiro Hiroto Mei",
        "Ao Fuji Haya Ishi Kawa Kuro Mizu Naga Oka Shira Taka Yama",
        "zuhara nabe shimano mitsu bayashi daira kubo sawara",
    ),
    "zh": _culture(
        "Bai Chen Dan Fang Guo Hua Jia Kai Lan Mei Ning Ping Qing Rui Shan Tao Wei Xin Yan Zhen Haoran Zihan Yifan Siyu",
        "Ou Shang Si Zhu Xia Du Gong Huang Lin Zhong",
        "yang guan ma ge hou xuan bo wen",
    ),
    "ko": _culture(
        "Areum Bora Chanwoo Dahye Eunji Gyu Haneul Insu Jiwon Kyung Minseo Nari Seojun Taeyang Uijin Yerin",
        "Nam Seo Je Hwang Dok Sa Sun",
        "gung mun gal bo go gong u",
    ),
    "in": _culture(
        "Aarav Bhavna Chetan Deepa Esha Farhan Gauri Harish Isha Jatin Kavya Lakshmi Manoj Neha Omkar Pooja Rohan Sneha Tarun Uma Vikram "
        "Zoya",
        "Bhar Chand Dev Gandh Indr Jay Kal Madh Nar Pad Raj Sur",
        "avani ekari anjan eshwal ikotra upadhi olkar athi",
    ),
    "ar": _culture(
        "Amal Bilal Dina Faris Ghada Hani Iman Jamal Khalil Lina Majid Noor Omar Rania Samir Tarek Widad Yusuf Zaina Leila",
        "Al-Bah Al-Dur Al-Faw Al-Jan Al-Man Al-Qas Al-Rim Ben-Sal Ben-Tar Abu-Raz",
        "rawi zouki harani doussi matari sadani bani",
    ),
    "el": _culture(
        "Alexandra Christos Danae Eleni Fotis Giorgos Ioanna Kostas Lydia Markos Nikos Olga Petros Sofia Thanos Vasilis Yiota Zoe",
        "Aster Drako Kalli Lam Mavro Papa Stavr Xantho",
        "vakis thiros doulis grevas lakos migos neris",
    ),
    "af": _culture(
        "Abena Chidi Dayo Efua Folake Gathoni Ife Jabu Kofi Lerato Mandla Nia Obi Palesa Sipho Thandi Uche Wanjiru Yaw Zodwa",
        "Ade Chu Ka Mba Ndu Oka Oye Tso",
        "bayole kwemi nyanga ledi mbuso dowu tunde shiwe",
    ),
}
_BY_COUNTRY = {
    "de": "DE AT CH LI", "fr": "FR BE LU MC SN CI CM ML GA HT", "es": "ES MX AR CL CO PE EC UY VE CR PY CU GT PA NI SV DO",
    "pt": "PT BR MZ AO CV", "it": "IT SM", "nl": "NL", "no": "NO SE DK FI IS", "pl": "PL CZ SK HU SI HR RS BA RO BG MK",
    "ru": "RU UA BY KZ MD LV LT EE GE AM UZ KG", "tr": "TR AZ TM", "ja": "JP", "zh": "CN TW HK SG MO MY", "ko": "KR",
    "in": "IN LK NP BD PK", "ar": "AE SA EG QA KW OM JO LB IQ MA TN DZ PS SY YE LY IR BH SD", "el": "GR CY",
    "af": "NG GH KE UG TZ ZA RW ZM ZW BW MW ET",
}  # fmt: skip
CULTURE_OF = {country: culture for culture, countries in _BY_COUNTRY.items() for country in countries.split()}
_ABROAD = tuple(CULTURES)


def name(rng: random.Random, country: str) -> tuple[str, str]:
    """A first and a family name believable for the country; one person in eight comes from elsewhere."""
    culture = CULTURES[CULTURE_OF.get(country, "en")]
    if rng.random() < 0.125:
        culture = CULTURES[rng.choice(_ABROAD)]
    stem, end = rng.choice(culture.stems), rng.choice(culture.ends)
    return rng.choice(culture.first), stem + (end[1:] if stem[-1] == end[0] else end)


def _ascii(text: str) -> str:
    return re.sub(r"[^a-z]", "", anyascii(text).lower())


def local_part(rng: random.Random, first: str, last: str) -> str:
    """The part of an address before the @, after one of the usual company patterns."""
    one, two = _ascii(first) or "info", _ascii(last) or "contact"
    return rng.choices((f"{one}.{two}", f"{one[0]}.{two}", f"{one[0]}{two}", f"{one}_{two}", f"{two}.{one}", one), (50, 14, 18, 4, 8, 6))[0]


def private_local_part(rng: random.Random, first: str, last: str) -> str:
    """A free-mail local part; five digits follow, so that the address is no one's."""
    return f"{_ascii(first)}{rng.choice(('.', '', '_'))}{_ascii(last)}{rng.randrange(10_000, 99_999)}"


def same_first_name(rng: random.Random, first: str) -> str:
    """The first name as the same person may give it another time: an initial, another case, without accents."""
    return rng.choice((first, first, first[0] + ".", first.lower(), anyascii(first)))
