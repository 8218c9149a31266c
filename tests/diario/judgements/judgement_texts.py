"""Texts for the tests of this folder: entries in the forms that the court prints, with made-up names and numbers."""

from __future__ import annotations

from trio_pipeline.diario.cnj import check_digits

HEADER = (
    "Este diário foi assinado digitalmente consoante a Lei 11.419/06. O documento eletrônico pode ser encontrado no \n"
    "Rondônia, endereço: http://www.tjro.jus.br/novodiario/\n"
    "ANO XLIII NÚMERO 112 DIARIO DA JUSTIÇA SEGUNDA-FEIRA, 23-06-2025 {page}\n"
)
"""What stands at the top of every page of the gazettes of 2025."""


def case_number(sequence: int, origin: int = 1) -> str:
    """A case number with right check digits."""
    return f"{sequence:07d}-{check_digits(sequence, 2024, 8, 22, origin):02d}.2024.8.22.{origin:04d}"


def entry(
    number: str = "", *, ordinal: str = "07", decision: str = "RECURSO CONHECIDO E PROVIDO.", **other: str
) -> str:
    """An entry of a Turma Recursal's minutes; `other` replaces whole lines by the first word of their label."""
    lines = {
        "classe": "Classe: Recurso Inominado Cível",
        "recorrente": "Recorrente: MARIA DAS DORES",
        "advogado": "Advogado(a): JOSE PEREIRA, OAB nº RO1234A",
        "recorrido": "Recorrido(a): LOJAS REUNIDAS LTDA.",
        "defensor": "Advogado(a): DEFENSORIA PÚBLICA DE RONDÔNIA",
        "relator": "Relator: Juiz de Direito FULANO DE TAL",
        "distribuicao": "Distribuição: 31/01/2025",
        "decisao": f"DECISÃO: {decision}",
    }
    lines |= other
    return "\n".join([f"{ordinal} - {number or case_number(1)}", *(line for line in lines.values() if line)]) + "\n"
