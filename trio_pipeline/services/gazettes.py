"""Gazettes made from a seed: PDFs laid out as the real court's, each with the judgements that can be read in it.

They also hold what must not be taken for a judgement: administrative files, cases cited, notaries' notices. This file
does not know how a PDF is written.
"""

from __future__ import annotations

import dataclasses
import datetime
import random
from collections.abc import Iterator, Sequence

from trio_pipeline.diario.model import Gazette, Judgement
from trio_pipeline.services.editions import editions
from trio_pipeline.services.entries import Entry, case_number, person
from trio_pipeline.services.extras import demo_module
from trio_pipeline.services.pauta_entries import pauta_entry
from trio_pipeline.services.plenary_entries import plenary_entry
from trio_pipeline.services.prose_entries import prose_entry
from trio_pipeline.services.publications import Publication
from trio_pipeline.services.turma_entries import turma_entry
from trio_pipeline.services.varied_entries import varied_entry

__all__ = ["make_gazette", "make_gazettes"]

_WEEKDAYS = ("SEGUNDA-FEIRA", "TERÇA-FEIRA", "QUARTA-FEIRA", "QUINTA-FEIRA", "SEXTA-FEIRA", "SÁBADO", "DOMINGO")
_ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def make_gazettes(count: int, *, newest: datetime.date, seed: int = 0) -> tuple[Publication, ...]:
    """The last `count` gazettes up to a date, newest first.

    Each takes some 20 ms. Which they are and what stands in them follows from the arguments alone.

    Args:
        count: How many.
        newest: The day of the newest, or the next working day before it.
        seed: Chooses everything else.

    Raises:
        ExtraMissing: The extra `demo` is not installed.
    """
    return tuple(make_gazette(gazette, seed=seed) for gazette in editions(count, newest, seed=seed))


def make_gazette(
    gazette: Gazette,
    *,
    seed: int = 0,
    judgements: int | None = None,
    prose: int = 0,
    varied: int = 0,
    columns: int = 1,
) -> Publication:
    """The PDF of a gazette.

    Args:
        gazette: Which one.
        seed: Chooses, with the gazette's id, what stands in it.
        judgements: About how many; None for some 20 to 40. With 0 it is a single short page.
        prose: How many besides that stand in running text, which rules do not read.
        varied: How many besides that stand in forms which the real gazette at hand lacks, behind a *pauta*.
        columns: How many a page has; old gazettes had two.

    Raises:
        ExtraMissing: The extra `demo` is not installed.
    """
    rng = random.Random(f"{seed} {gazette.id}")
    parts = list(_parts(rng, gazette, rng.randrange(20, 41) if judgements is None else judgements, prose, varied))
    paragraphs = [text for part in parts for text in ((part,) if isinstance(part, str) else part.paragraphs)]
    typeset = demo_module("trio_pipeline.services.typesetting").typeset
    set_pages = typeset(paragraphs, lambda page: _header(gazette, page), title=gazette.id, rng=rng, columns=columns)
    content: bytes = set_pages.content
    return Publication(gazette, len(content), lambda: content, _truth(parts, set_pages.pages))


def _truth(parts: Sequence[str | Entry], pages: Sequence[int]) -> tuple[Judgement, ...]:
    found = []
    position = 0
    for part in parts:
        if isinstance(part, Entry):
            found.append(dataclasses.replace(part.truth, page=pages[position]))
            position += len(part.paragraphs)
        else:
            position += 1
    return tuple(found)


def _parts(rng: random.Random, gazette: Gazette, judgements: int, prose: int, varied: int) -> Iterator[str | Entry]:
    yield from _acts(rng, gazette.date)
    if prose:
        yield "PUBLICAÇÃO DE ACÓRDÃOS"
        for _ in range(prose):
            yield prose_entry(rng, gazette.date)
    if varied:
        yield from _varied(rng, gazette.date, varied)
    if judgements:
        plenary = judgements // 5
        panel = (judgements - plenary) // 2
        yield from _plenary(rng, gazette.date, plenary)
        yield from _panel(rng, gazette.date, panel, "1ª TURMA RECURSAL", capitals=False)
        yield from _panel(rng, gazette.date, judgements - plenary - panel, "2ª TURMA RECURSAL", capitals=True)
        yield from _notices(rng)


def _acts(rng: random.Random, date: datetime.date) -> Iterator[str]:
    yield "TRIBUNAL DE JUSTIÇA"
    yield "PRESIDÊNCIA"
    yield "ATOS DO PRESIDENTE"
    for number in range(1, rng.randrange(2, 5)):
        yield f"Ato N. {number}/{date.year}-TJRO"
        yield (
            "O PRESIDENTE DO TRIBUNAL DE JUSTIÇA DO ESTADO DE RONDÔNIA, no uso de suas atribuições legais e "
            f"regimentais, CONSIDERANDO o Processo SEI n. {case_number(rng, date.year, origin=8000)}, RESOLVE: "
            f"Art. 1º Designar {person(rng)} para atuar no período de {rng.randrange(2, 28)} dias."
        )


def _varied(rng: random.Random, date: datetime.date, count: int) -> Iterator[str | Entry]:
    yield "CÂMARAS REUNIDAS"
    yield "PAUTA DE JULGAMENTO"
    for ordinal in range(1, rng.randrange(2, 5)):
        yield from pauta_entry(rng, date, ordinal)
    yield "ATA DE JULGAMENTO"
    for ordinal in range(1, count + 1):
        yield varied_entry(rng, date, None if rng.random() < 0.2 else ordinal)


def _plenary(rng: random.Random, date: datetime.date, count: int) -> Iterator[str | Entry]:
    yield "SECRETARIA JUDICIÁRIA"
    yield "PUBLICAÇÃO DE ATAS"
    yield "TRIBUNAL PLENO"
    yield "Ata de Julgamento"
    yield f"Ausente, justificadamente, {person(rng)} (SEI n. {case_number(rng, date.year, origin=8000)})."
    for ordinal in range(1, count + 1):
        yield plenary_entry(rng, date, None if rng.random() < 0.2 else ordinal)


def _panel(rng: random.Random, date: datetime.date, count: int, name: str, *, capitals: bool) -> Iterator[str | Entry]:
    yield "PODER JUDICIÁRIO DO ESTADO DE RONDÔNIA"
    yield name
    yield "ATA DE JULGAMENTO"
    yield f"SESSÃO ELETRÔNICA Nº {rng.randrange(1, 200):03d}/{date.year}"
    for ordinal in range(1, count + 1):
        yield turma_entry(rng, date, None if rng.random() < 0.05 else ordinal, capitals=capitals)
    yield "Nada mais havendo, foi encerrada a sessão."


def _notices(rng: random.Random) -> Iterator[str]:
    yield "TABELIONATO DE PROTESTO DE TÍTULOS"
    yield "EDITAL DE INTIMAÇÃO"
    for _ in range(rng.randrange(5, 15)):
        # One digit over and over: the form of a number that belongs to a person, and never anybody's.
        digit = str(rng.randrange(10))
        yield f"Protocolo: {rng.randrange(1_000_000, 2_000_000)}"
        yield f"Devedor: {person(rng).upper()} - CPF/CNPJ:{digit * 3}.{digit * 3}.{digit * 3}-{digit * 2}"
        yield f"(Motivo: {rng.choice(('AUSENTE', 'MUDOU-SE', 'DESCONHECIDO NO ENDEREÇO'))})"
        yield "____________________________________________"


def _header(gazette: Gazette, page: int) -> tuple[str, ...]:
    date = gazette.date
    day = f"{_WEEKDAYS[date.weekday()]}, {date:%d-%m-%Y}"
    return (
        (
            "Este diário foi assinado digitalmente consoante a Lei 11.419/06. O documento eletrônico pode ser "
            "encontrado no sítio do Tribunal de Justiça do Estado de"
        ),
        "Rondônia, endereço: http://www.tjro.jus.br/novodiario/",
        f"ANO {_roman(date.year - 1982)} NÚMERO {gazette.number:03d} DIARIO DA JUSTIÇA {day} {page}",
    )


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        text += letters * times
    return text
