"""The words that made-up gazettes are made of. No person, firm or case is a real one.

Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ASSOCIATIONS",
    "BODIES",
    "COMPANIES",
    "DEFENDERS",
    "GIVEN_NAMES",
    "JUDGES",
    "PLENARY_KINDS",
    "STATES",
    "SURNAMES",
    "TRADERS",
    "TURMA_KINDS",
    "Kind",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of case.

    Attributes:
        classe: As printed.
        ativo: What the side that asks is called.
        passivo: What the other side is called.
        outcomes: Decisions, each with its result.
    """

    classe: str
    ativo: str
    passivo: str
    outcomes: tuple[tuple[str, str], ...]


_TERMS = "NOS TERMOS DO VOTO DO RELATOR"

_APPEAL = (
    (f"RECURSO CONHECIDO E NÃO PROVIDO À UNANIMIDADE, {_TERMS}.", "nao_provido"),
    (f"RECURSO CONHECIDO E NÃO PROVIDO À UNANIMIDADE, {_TERMS}.", "nao_provido"),
    (
        f"PRELIMINAR REJEITADA. NO MÉRITO, RECURSO CONHECIDO E NÃO PROVIDO. TUDO À UNANIMIDADE, {_TERMS}.",
        "nao_provido",
    ),
    (f"RECURSO CONHECIDO E PARCIALMENTE PROVIDO À UNANIMIDADE, {_TERMS}.", "parcialmente_provido"),
    (f"RECURSO CONHECIDO E PROVIDO À UNANIMIDADE, {_TERMS}.", "provido"),
    (f"RECURSO NÃO CONHECIDO À UNANIMIDADE, {_TERMS}.", "nao_conhecido"),
    (f"RECURSO PREJUDICADO À UNANIMIDADE, {_TERMS}.", "prejudicado"),
    ("RETIRADO DE PAUTA", "retirado_de_pauta"),
)

_EMBARGOS = (
    (f"EMBARGOS DE DECLARAÇÃO CONHECIDOS E REJEITADOS À UNANIMIDADE, {_TERMS}.", "rejeitado"),
    (f"EMBARGOS DE DECLARAÇÃO CONHECIDOS E ACOLHIDOS À UNANIMIDADE, {_TERMS}.", "acolhido"),
    (
        f"EMBARGOS DE DECLARAÇÃO CONHECIDOS E PARCIALMENTE ACOLHIDOS À UNANIMIDADE, {_TERMS}.",
        "parcialmente_acolhido",
    ),
)

TURMA_KINDS = (
    Kind("Recurso Inominado Cível", "Recorrente", "Recorrido", _APPEAL),
    Kind("Recurso Inominado Cível", "Recorrente", "Recorrido", _APPEAL),
    Kind("Recurso Inominado Cível", "Recorrente", "Recorrido", _APPEAL),
    Kind("Embargos de Declaração Cível", "Embargante", "Embargado", _EMBARGOS),
    Kind("Agravo de Instrumento", "Agravante", "Agravado", _APPEAL),
    Kind("Apelação Cível", "Apelante", "Apelado", _APPEAL),
)
"""What panels judge, the frequent ones several times."""

PLENARY_KINDS = (
    Kind(
        "Mandado de Segurança",
        "Impetrante",
        "Impetrado",
        (
            (f"SEGURANÇA CONCEDIDA {_TERMS}, À UNANIMIDADE.", "concedido"),
            (f"SEGURANÇA DENEGADA {_TERMS}, POR MAIORIA.", "denegado"),
            (f"PROCESSO EXTINTO SEM RESOLUÇÃO DO MÉRITO {_TERMS}, À UNANIMIDADE.", "extinto"),
            (f"HOMOLOGADA A DESISTÊNCIA {_TERMS}, À UNANIMIDADE.", "homologado"),
        ),
    ),
    Kind(
        "Direta de Inconstitucionalidade",
        "Requerente",
        "Requerido",
        (
            (f"AÇÃO JULGADA PROCEDENTE {_TERMS}, À UNANIMIDADE.", "procedente"),
            (f"AÇÃO JULGADA IMPROCEDENTE {_TERMS}, POR MAIORIA.", "improcedente"),
            (f"AÇÃO JULGADA PARCIALMENTE PROCEDENTE {_TERMS}, POR MAIORIA.", "parcialmente_procedente"),
        ),
    ),
    Kind(
        "Embargos de Declaração em Mandado de Segurança",
        "Embargante",
        "Embargado",
        (
            (
                (
                    "REJEITADA A PRELIMINAR, À UNANIMIDADE. NO MÉRITO, EMBARGOS DE DECLARAÇÃO REJEITADOS "
                    f"{_TERMS}, À UNANIMIDADE."
                ),
                "rejeitado",
            ),
            (f"EMBARGOS DE DECLARAÇÃO ACOLHIDOS {_TERMS}, À UNANIMIDADE.", "acolhido"),
        ),
    ),
)
"""What the full court judges."""

GIVEN_NAMES = (
    "Adalgisa",
    "Anselmo",
    "Belarmino",
    "Benvinda",
    "Celestino",
    "Clotilde",
    "Damasceno",
    "Deolinda",
    "Epifânio",
    "Eudóxia",
    "Fortunato",
    "Galdina",
    "Hermínio",
    "Idalina",
    "Jacinto",
    "Leocádia",
    "Macário",
    "Nicanor",
    "Odorico",
    "Perpétua",
    "Quitéria",
    "Rosalvo",
    "Setembrino",
    "Teodora",
    "Ubaldo",
    "Venâncio",
    "Zulmira",
    "Aristides",
    "Conceição",
    "Durvalina",
)

SURNAMES = (
    "Albuquerque",
    "Bittencourt",
    "Cavalcanti",
    "Damasceno",
    "Evangelista",
    "Figueiredo",
    "Guimarães",
    "Hortêncio",
    "Itaparica",
    "Jaguaribe",
    "Lacerda",
    "Mascarenhas",
    "Negromonte",
    "Orestes",
    "Pitangueira",
    "Quaresma",
    "Rezende",
    "Sacramento",
    "Tavares",
    "Uchôa",
    "Vasconcelos",
    "Wanderley",
    "Xavier",
    "Zabelê",
)

COMPANIES = (
    "BANCO FICTÍCIO DO NORTE S.A.",
    "COMPANHIA IMAGINÁRIA DE ENERGIA S/A",
    "LINHAS AÉREAS INVENTADAS S.A.",
    "TELEFONIA DE MENTIRA S.A",
    "COOPERATIVA DE CRÉDITO EXEMPLAR - SICREXEMPLO",
    "COMÉRCIO DE NADA E COISA NENHUMA LTDA - ME",
    "SEGURADORA HIPOTÉTICA LTDA",
)

TRADERS = (
    "CREDORA FICTÍCIA CRÉDITO, FINANCIAMENTO E INVESTIMENTO S.A.",
    "INDÚSTRIA, COMÉRCIO E EXPORTAÇÃO DE NADA LTDA",
    "FÁBULA LOGÍSTICA, TRANSPORTES E ARMAZENAGEM LTDA - EPP",
)
"""Firms with commas in their names."""

ASSOCIATIONS = (
    "ASSOCIAÇÃO IMAGINÁRIA DOS APOSENTADOS, PENSIONISTAS E IDOSOS",
    "ASSOCIAÇÃO EXEMPLAR DE CULTURA, ESPORTE E LAZER",
)
"""Others with commas in their names."""

BODIES = ("ESTADO DE RONDÔNIA", "MUNICÍPIO DE PORTO FICTÍCIO", "INSTITUTO DE PREVIDÊNCIA EXEMPLAR")

DEFENDERS = ("DEFENSORIA PÚBLICA DE RONDÔNIA", "PROCURADORIA GERAL DO ESTADO DE RONDÔNIA")

JUDGES = ("Abelardo Figueira Prata", "Benedita Castanheira Lima", "Crispim Jatobá Ferraz", "Dorotéia Ipê Amarelo")

STATES = ("RO", "RO", "RO", "RO", "SP", "PR", "MG", "GO", "DF", "AC")
