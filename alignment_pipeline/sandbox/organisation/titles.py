"""Job titles of a buying committee: who people are, how senior, in several languages, as typed.

Belongs here: personas, seniorities and titles for them. How our product reads a persona out of a title is its own business
(`scoring/`), and does not use this list.
"""

from __future__ import annotations

import random

PERSONAS = ("executive", "marketing", "sales", "it", "finance", "operations", "research")
SENIORITIES = ("c_level", "vp", "director", "manager", "individual")
# English first; each entry is persona -> one title or two per seniority, separated by /.
_TITLES: dict[str, dict[str, str]] = {
    "en": {
        "executive": "Chief Executive Officer/CEO|Executive Vice President|Managing Director|Chief of Staff|Executive Assistant",
        "marketing": "Chief Marketing Officer/CMO|VP Marketing/SVP, Global Marketing|Director of Demand Generation/Marketing Director|"
        "Marketing Manager/Marketing Operations Manager|Marketing Specialist/Content Strategist",
        "sales": "Chief Revenue Officer/CRO|Vice President of Sales/VP Sales|Sales Director/Director, Revenue Operations|"
        "Regional Sales Manager/Sales Operations Manager|Account Executive/Sales Representative",
        "it": "Chief Information Officer/CTO|VP Engineering/VP, IT|Director of IT/IT Director|CRM Manager/IT Manager|"
        "Salesforce Administrator/Software Engineer",
        "finance": "Chief Financial Officer/CFO|VP Finance|Finance Director/Director of Procurement|Finance Manager/Purchasing Manager|"
        "Accountant/Financial Analyst",
        "operations": "Chief Operating Officer/COO|VP Operations|Director of Operations|Operations Manager/Project Manager|"
        "Business Analyst/Operations Coordinator",
        "research": "Chief Scientific Officer|VP R&D|Head of Research/Director of Research|Research Manager|Researcher/PhD Student",
    },
    "de": {
        "executive": "Geschäftsführer/Vorstandsvorsitzende|Mitglied der Geschäftsleitung|Bereichsleiter|Leiter Büro der Geschäftsführung|"
        "Assistenz der Geschäftsführung",
        "marketing": "CMO/Vorstand Marketing|Bereichsleiterin Marketing|Leiter Marketing/Marketingleiterin|"
        "Marketing Manager|Referentin Marketing",
        "sales": "Vertriebsvorstand|Vice President Sales DACH|Vertriebsleiter/Leiterin Vertrieb|Gebietsverkaufsleiter|Vertriebsmitarbeiter",
        "it": "CIO/CTO|Bereichsleiter IT|IT-Leiter/Leiter EDV|Teamleiter Systemadministration|Softwareentwicklerin/Systemadministrator",
        "finance": "Finanzvorstand/CFO|Bereichsleiter Finanzen|Leiter Rechnungswesen/Leiterin Einkauf|"
        "Controlling Manager|Sachbearbeiter Einkauf",
        "operations": "COO|Bereichsleiter Betrieb|Leiter Logistik/Werksleiter|Projektleiter|Sachbearbeiterin Auftragsabwicklung",
        "research": "Forschungsvorstand|Bereichsleiter Entwicklung|Institutsleiter|Gruppenleiter Forschung|Wissenschaftliche Mitarbeiterin",
    },
    "fr": {
        "executive": "PDG/Directeur général|Directeur général adjoint|Directrice de cabinet|Chef de cabinet|Assistante de direction",
        "marketing": "Directrice générale marketing|Vice-présidente marketing|Directeur marketing|"
        "Responsable marketing|Chargée de marketing",
        "sales": "Directeur commercial groupe|Vice-président des ventes|Directrice commerciale|Responsable des ventes|Ingénieur commercial",
        "it": "DSI groupe|Directeur technique adjoint|Directrice des systèmes d'information|"
        "Responsable informatique|Développeur/Ingénieure système",
        "finance": "Directeur financier groupe/DAF|Directeur financier adjoint|Directrice des achats|Responsable comptable|Comptable",
        "operations": "Directeur des opérations groupe|Directeur des opérations|Directrice de la logistique|"
        "Chef de projet|Chargé d'affaires",
        "research": "Directeur scientifique|Directrice adjointe de la recherche|Directeur de laboratoire|"
        "Responsable R&D|Doctorante/Chercheur",
    },
    "es": {
        "executive": "Director General/Presidente|Vicepresidente Ejecutivo|Directora de Gabinete|Jefe de Gabinete|Asistente de Dirección",
        "marketing": "Director General de Marketing|Vicepresidenta de Marketing|Directora de Marketing|"
        "Gerente de Marketing|Especialista en marketing",
        "sales": "Director Comercial Corporativo|Vicepresidente de Ventas|Director de Ventas|Jefa de Ventas|Ejecutivo de cuentas",
        "it": "Director de Tecnología/CIO|Vicepresidente de TI|Directora de Sistemas|Jefe de Informática|"
        "Desarrolladora/Analista de sistemas",
        "finance": "Director Financiero/CFO|Vicepresidente de Finanzas|Directora de Compras|Jefe de Contabilidad|Contable",
        "operations": "Director de Operaciones Global|Vicepresidenta de Operaciones|Director de Operaciones|"
        "Jefa de Proyecto|Analista de procesos",
        "research": "Director Científico|Vicerrectora de Investigación|Directora de Investigación|Jefe de Laboratorio|Investigadora",
    },
    "pt": {
        "executive": "Diretor Presidente/CEO|Vice-presidente Executivo|Diretora Executiva|Chefe de Gabinete|Assistente Executiva",
        "marketing": "CMO|Vice-presidente de Marketing|Diretora de Marketing|Gerente de Marketing|Analista de Marketing",
        "sales": "Diretor Comercial Geral|Vice-presidente de Vendas|Diretor de Vendas|Gerente de Vendas|Executivo de contas",
        "it": "CIO|Vice-presidente de TI|Diretor de TI|Gerente de TI|Desenvolvedora",
        "finance": "CFO/Diretor Financeiro|Vice-presidente Financeiro|Diretora de Compras|Gerente Financeiro|Analista Financeiro",
        "operations": "COO|Vice-presidente de Operações|Diretor de Operações|Gerente de Projetos|Analista de Operações",
        "research": "Diretor Científico|Pró-reitora de Pesquisa|Diretor de Pesquisa|Coordenadora de Laboratório|Pesquisadora",
    },
    "ja": {
        "executive": "代表取締役社長|取締役副社長|執行役員|社長室長|秘書",
        "marketing": "最高マーケティング責任者|マーケティング本部長|マーケティング部長|マーケティング課長|マーケティング担当",
        "sales": "営業担当取締役|営業本部長|営業部長|営業課長|営業",
        "it": "最高情報責任者|情報システム本部長|情報システム部長|システム課長|エンジニア",
        "finance": "最高財務責任者|財務本部長|経理部長|購買課長|経理",
        "operations": "最高執行責任者|業務本部長|業務部長|プロジェクトマネージャー|業務担当",
        "research": "最高技術責任者|研究本部長|研究所長|主任研究員|研究員",
    },
    "it": {
        "executive": "Amministratore Delegato|Vicedirettore Generale|Direttore Generale|Capo Segreteria|Assistente di Direzione",
        "marketing": "CMO|Vicepresidente Marketing|Direttrice Marketing|Responsabile Marketing|Addetta Marketing",
        "sales": "CRO|Vicepresidente Vendite|Direttore Commerciale|Responsabile Vendite|Agente di vendita",
        "it": "CIO|Vicedirettore IT|Direttore Sistemi Informativi|Responsabile IT|Sviluppatore",
        "finance": "CFO|Vicedirettore Finanziario|Direttore Acquisti|Responsabile Contabilità|Contabile",
        "operations": "COO|Vicedirettore Operativo|Direttore Operazioni|Responsabile Logistica|Impiegata",
        "research": "Direttore Scientifico|Vicedirettrice Ricerca|Direttore di Ricerca|Responsabile di Laboratorio|Ricercatrice",
    },
}
_LANGUAGE = {
    "de": "DE AT CH", "fr": "FR BE", "es": "ES MX AR CL CO PE EC UY VE", "pt": "PT BR", "ja": "JP", "it": "IT",
}  # fmt: skip
LANGUAGE_OF = {country: language for language, countries in _LANGUAGE.items() for country in countries.split()}
_SPLIT = {
    (language, persona, seniority): tuple(choices.split("/"))
    for language, personas in _TITLES.items()
    for persona, line in personas.items()
    for seniority, choices in zip(SENIORITIES, line.split("|"), strict=True)
}


def persona(rng: random.Random) -> tuple[str, str]:
    """A persona and a seniority, in the shares of a B2B database."""
    return (
        rng.choices(PERSONAS, (7, 24, 18, 20, 10, 13, 8))[0],
        rng.choices(SENIORITIES, (7, 9, 19, 30, 35))[0],
    )


def title(rng: random.Random, persona_: str, seniority: str, country: str) -> str | None:
    """A title as its bearer or a colleague typed it: own language or English, other case, a slip, or nothing."""
    language = LANGUAGE_OF.get(country, "en")
    if rng.random() < 0.35:
        language = "en"
    text = rng.choice(_SPLIT[language, persona_, seniority])
    habit = rng.random()
    if habit < 0.07:
        return None
    if habit < 0.13:
        return text.lower()
    if habit < 0.16:
        return text.upper()
    if habit < 0.20 and len(text) > 6:
        slip = rng.randrange(2, len(text) - 2)
        return text[:slip] + text[slip + 1] + text[slip] + text[slip + 2 :]
    return f"{text} & {rng.choice(('Partner', 'Co-Founder'))}" if habit < 0.21 else text
