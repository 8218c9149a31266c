"""Contract tests: pages of notaries' notices are told from all others, and nothing else is held back."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.language_model.notaries import notarial_pages


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
    assert notarial_pages([page]) == [True]


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
    assert notarial_pages([page]) == [False]


def test_list_of_people_is_held_back_to_its_end():
    heading, people, judgement = "Tabelionato de Protesto", "Ana Lima\nJoão Souza", "Apelante: Ana\nApelado: João"
    assert notarial_pages([people, heading, people, people, judgement, people]) == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_name_of_a_street_ends_no_list():
    assert notarial_pages(["Tabelionato de Protesto", "Ana Lima, Rua Desembargador Souza, 5"]) == [True, True]


def test_gazette_without_pages_has_none():
    assert notarial_pages([]) == []
