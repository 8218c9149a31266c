"""Contract tests: notaries' notices are told from all else on a page, and nothing else is held back."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.language_model.notaries import notices_begin


@pytest.mark.parametrize(
    "page",
    [
        "TABELIONATO DE PROTESTO DE TÍTULOS\nEdital de intimação",
        "Faço saber que pretendem se casar: Ana Lima e João Souza",
        "Livro de Proclamas nº 12",
        "Protocolo: 1\nCPF: ***.***.***-**\nProtocolo: 2\nCPF: ***.***.***-**\nCNPJ **.***.***/****-**",
        "Ofício de Registro Civil das Pessoas Naturais",
        "SERVIÇO NOTARIAL E REGISTRAL DE JARU",
        "CARTÓRIO DO 2º OFÍCIO DE NOTAS E PROTESTO",
        "2º OFÍCIO DE REGISTRO DE IMÓVEIS DE PORTO VELHO",
        "TABELIONATO DE PRO\u00adTESTO DE TÍTULOS",
        "Faço saber que querem casar: Ana Lima e João Souza",
        "EDITAL DE CASAMENTO\nque pretendem contrair núpcias",
        "que pretendem casar-\ufffe\nse",
        "TABELIONATO DE PRO\ufffe\nTESTO DE TÍTU\ufffe\nLOS",
        "Faço saber que pretendem casar-se e apresentaram os documentos: Ana Lima e João Souza",
        "Tabelionato de Protesto\nProvimento da desembargadora corregedora\nTabeliã substituta",
    ],
)
def test_notices_are_held_back(page):
    assert notices_begin([page]) == [0]


@pytest.mark.parametrize(
    "page",
    [
        "",
        "Art. 1º Designar a servidora para atuar no período de 5 dias.",
        "Apelante: Tabelionato de Protesto de Títulos de Vilhena\nApelado: João",
        "7002770-82.2024.8.22.0011\nRecorrente: ANA *********** LIMA",
        "Acórdão em embargos: registro civil, retificação",
        "Contrato nº 12, CNPJ **.***.***/****-**",
        "Apelante: Banco\nApelado: Cartório de Registro de Imóveis de Jaru\nRelatora: Ana",
        "Apelante: A *********** B\nApelado: ***.***.***-**, ***.***.***-**\nRelatora: Ana",
        "Dúvida registral nº 0001234-\n56.2024.8.22.0001, do registrador\nRECORRENTES: Ana e João",
        "Cobrança nº 001.2006.001234-5\nAutor: Cartório de Registro Civil\nRéu: Município",
        "Remessa dos autos ao cartório da 2ª Vara Cível, por ofício de 3 de maio",
    ],
)
def test_everything_else_may_be_read(page):
    assert notices_begin([page]) == [len(page)]


HEADING, PEOPLE, JUDGEMENT = "Tabelionato de Protesto", "Ana Lima\nJoão Souza", "Apelante: Ana\nApelado: João"


def test_list_of_people_is_held_back_to_its_end():
    pages = [PEOPLE, HEADING, PEOPLE, "", PEOPLE, JUDGEMENT, PEOPLE]
    assert notices_begin(pages) == [len(PEOPLE), 0, 0, 0, 0, len(JUDGEMENT), len(PEOPLE)]


def test_name_of_a_street_ends_no_list():
    assert notices_begin([HEADING, "Ana Lima, Rua Desembargador Souza, 5"]) == [0, 0]


@pytest.mark.parametrize(
    "notices",
    [
        "TABELIONATO DE PROTESTO DE TÍTULOS\nDevedor: Ana",
        "TABELIO\ufffe\nNATO DE NOTAS\nTabeliã: Ana",
        "CPF ***.***.***-**\nCPF ***.***.***-**\nCPF ***.***.***-**",
    ],
)
def test_judgements_end_on_the_first_page_of_notices(notices):
    judgements = f"{JUDGEMENT}\nRelator: Rui\nDECISÃO: RECURSO NÃO PROVIDO, NOS TERMOS\nDO VOTO.\n"
    assert notices_begin([f"{judgements}{notices}", PEOPLE]) == [len(judgements), 0]


def test_notary_at_a_page_s_end_is_a_party():
    page = f"{JUDGEMENT},\nCARTÓRIO DE REGISTRO CIVIL"
    assert notices_begin([page, JUDGEMENT]) == [len(page), len(JUDGEMENT)]


def test_gazette_without_pages_has_none():
    assert notices_begin([]) == []
