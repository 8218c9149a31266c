"""Contract tests: pages of notaries' notices are told from all others, and nothing else is held back."""

from __future__ import annotations

import pytest

from trio_pipeline.diario.language_model.notaries import is_notarial


@pytest.mark.parametrize(
    "page",
    [
        "TABELIONATO DE PROTESTO DE TÍTULOS\nEdital de intimação",
        "Faço saber que pretendem se casar: Ana Lima e João Souza",
        "Livro de Proclamas nº 12",
        "Protocolo: 1\nCPF: ***.***.***-**\nProtocolo: 2\nCPF: ***.***.***-**\nCNPJ **.***.***/****-**",
        "Ofício de Registro Civil das Pessoas Naturais",
    ],
)
def test_notices_are_held_back(page):
    assert is_notarial(page)


@pytest.mark.parametrize(
    "page",
    [
        "",
        "Art. 1º Designar a servidora para atuar no período de 5 dias.",
        "Apelante: Tabelionato de Protesto de Títulos de Vilhena\nApelado: João",
        "7002770-82.2024.8.22.0011\nRecorrente: ANA *********** LIMA",
        "Acórdão em embargos: registro civil, retificação",
        "Contrato nº 12, CNPJ **.***.***/****-**",
    ],
)
def test_everything_else_may_be_read(page):
    assert not is_notarial(page)
