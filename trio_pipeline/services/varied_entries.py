"""Entries in forms that courts print and the real gazette at hand lacks, every part in one of several.

What names the parties is in `varied_parties`. Pure.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass

from trio_pipeline.diario.cnj import is_valid
from trio_pipeline.diario.model import Advogado, Judgement
from trio_pipeline.services.entries import Entry, case_number, earlier, person
from trio_pipeline.services.varied_parties import Labels, varied_counsel, varied_party
from trio_pipeline.services.vocabulary import ASSOCIATIONS, BODIES, JUDGES, PLENARY_KINDS, TURMA_KINDS, Kind

__all__ = ["varied_entry"]

_WRONG_CHECK = 0.1  # the share of numbers with wrong check digits
# What the two sides are called besides what their kind of case says.
_ROLES = (
    ("Autor", "Réu"),
    ("Exequente", "Executado"),
    ("Reclamante", "Reclamado"),
    ("Embargante/Impetrante", "Embargado/Impetrado"),
)
_COUNSEL = ("Advogado(a)", "Adv.", "Procurador(a)", "Patrono", "Defensor (a) Público (a)")
_POSTPONED = (
    ("Retirado de pauta a pedido do relator.", "retirado_de_pauta"),
    ("Processo retirado de pauta.", "retirado_de_pauta"),
    ("Julgamento adiado a pedido do relator.", "adiado"),
)


@dataclass(frozen=True, slots=True)
class _Heading:
    paragraph: str
    ordinal: str | None
    names_class: bool


def varied_entry(rng: random.Random, date: datetime.date, ordinal: int | None) -> Entry:
    """An entry in forms that the real gazette lacks.

    Args:
        rng: Makes every choice.
        date: Of the gazette.
        ordinal: The place in the list, or None for an entry without.
    """
    number = _number(rng, date.year)
    kind = rng.choice((*TURMA_KINDS, *PLENARY_KINDS))
    labels = Labels(rng)
    heading = _heading(rng, number, kind.classe, ordinal)
    sides = _Sides(rng, labels, kind)
    judge = rng.choice(JUDGES)
    outcome, decision, result = _outcome(rng, date.year, kind, labels)
    secret = rng.random() < 0.05
    paragraphs = [
        heading.paragraph,
        *([] if heading.names_class else [labels.line("Classe", kind.classe)]),
        *sides.paragraphs,
        *_judges(rng, labels, judge),
        f"Distribuído por sorteio em {earlier(rng, date):%d.%m.%Y}",
        *outcome,
        *(["Observação: O processo corre em segredo de justiça."] if secret else []),
        *_remarks(rng),
    ]
    truth = Judgement(
        page=0,
        ordinal=heading.ordinal,
        numero_processo=number,
        numero_valido=is_valid(number),
        classe=kind.classe if heading.names_class else labels.cased(kind.classe),
        polo_ativo=sides.names[0],
        polo_passivo=sides.names[1],
        advogados_polo_ativo=sides.counsel[0],
        advogados_polo_passivo=sides.counsel[1],
        relator=labels.cased(judge),
        decisao=decision,
        resultado=result,
        segredo=secret or sides.secret,
        span=(0, 0),
    )
    return Entry(tuple(paragraphs), truth)


def _number(rng: random.Random, year: int) -> str:
    number = case_number(rng, year)
    if not is_valid(number) or rng.random() >= _WRONG_CHECK:
        return number
    return f"{number[:8]}{(int(number[8:10]) + rng.randrange(1, 97)) % 97:02d}{number[10:]}"


def _heading(rng: random.Random, number: str, classe: str, ordinal: int | None) -> _Heading:
    form, names_class = rng.choice(
        (
            (f"{number} - {classe}", True),
            (f"{number} ({classe})", True),
            (f"{classe} nº {number}", True),
            (f"{classe.upper()} N. {number}", False),
            (f"Processo: {number}", False),
            (f"Número do processo: {number}", False),
            (f"PROCESSO Nº {number}", False),
            (f"Autos n. {number}", False),
            (f"Autos n° {number} (PJe)", False),
        )
    )
    if ordinal is None:
        return _Heading(form, None, names_class)
    printed = rng.choice((f"{ordinal}", f"{ordinal:02d}", f"{ordinal:03d}"))
    return _Heading(f"{printed}{rng.choice((' - ', '. ', ') ', ' – ', '.- '))}{form}", printed, names_class)


class _Sides:
    """Both sides of a case with their counsel, and who takes part besides them."""

    def __init__(self, rng: random.Random, labels: Labels, kind: Kind) -> None:
        self.paragraphs: list[str] = []
        self.names: list[tuple[str, ...]] = []
        self.counsel: list[tuple[Advogado, ...]] = []
        self.secret = False
        # Without a colon, only the most frequent words can be known for labels.
        own = (kind.ativo, kind.passivo)
        for label in own if labels.bare else rng.choice((own, own, *_ROLES)):
            party = varied_party(rng, labels)
            self.paragraphs.append(labels.line(_plural(label) if party.several else label, party.printed))
            self.names.append(party.names)
            self.counsel.append(self._counsel(rng, labels))
            self.secret = self.secret or party.secret
        self._add(rng, labels)

    def _counsel(self, rng: random.Random, labels: Labels) -> tuple[Advogado, ...]:
        printed, counsel = varied_counsel(rng, labels)
        label = "Advogados" if len(counsel) > 1 else "Advogado"
        label = label if labels.bare else rng.choice((label, label, *_COUNSEL))
        self.paragraphs.append(labels.line(label, printed))
        return counsel

    def _add(self, rng: random.Random, labels: Labels) -> None:
        body = rng.choice(BODIES)
        label, name, side = rng.choice(
            (
                ("Interessado (Parte Ativa)", body, 0),
                ("Interessada (Polo Passivo)", body, 1),
                ("Amicus Curiae", rng.choice(ASSOCIATIONS), None),
                ("Terceiro Interessado", body, None),
                ("", "", None),
                ("", "", None),
            )
        )
        if not label:
            return
        self.paragraphs.append(f"{label}: {name}")
        counsel = self._counsel(rng, labels)
        if side is not None:
            self.names[side] = tuple(dict.fromkeys((*self.names[side], name)))
            self.counsel[side] = tuple(dict.fromkeys((*self.counsel[side], *counsel)))


def _plural(label: str) -> str:
    """Of a label with two roles, the first alone is in the plural."""
    first, slash, second = label.partition("/")
    return f"{first}{'es' if first.endswith('r') else 's'}{slash}{second}"


def _judges(rng: random.Random, labels: Labels, judge: str) -> list[str]:
    if rng.random() < 0.3:
        return [
            f"Relator Originário: Desembargador {labels.cased(judge)}",
            f"Relator p/ Acórdão: Desembargador {rng.choice(JUDGES)}",
        ]
    if rng.random() < 0.1:
        return [labels.line("Relator", f"Desembargador {judge}"), f"Procurador de Justiça: {person(rng)}"]
    title = rng.choice(("Desembargador", "Juíza de Direito", "Des.", "Juiz Convocado"))
    return [labels.line("Relator", f"{title} {judge}")]


def _outcome(rng: random.Random, year: int, kind: Kind, labels: Labels) -> tuple[list[str], str, str]:
    """What is printed of a decision, its text and its result."""
    decision, result = rng.choice(kind.outcomes)
    match rng.randrange(6):
        case 0:
            decision, result = rng.choice(_POSTPONED)
            return [f"{rng.choice(('Observação', 'Decisão'))}: {decision}"], decision, result
        case 1:
            decision = f"{decision.rstrip('.')}, COMO SE DECIDIU NOS AUTOS N. {case_number(rng, year)}, DE IGUAL TEOR."
        case 2:
            decision = (
                f"REJEITADA A PRELIMINAR DE CERCEAMENTO DE DEFESA, À UNANIMIDADE. NO MÉRITO, {decision.rstrip('.')}. "
                f"VENCIDO O DESEMBARGADOR {rng.choice(JUDGES).upper()}, QUE JUNTARÁ SEU VOTO. FALOU PELA PARTE "
                f"{person(rng).upper()}."
            )
            return [f"Decisão: “{decision}”"], decision, result
        case 3:
            return [f"Decisão: “{decision}”"], decision, result
    return [labels.line("Decisão", decision)], decision, result


def _remarks(rng: random.Random) -> list[str]:
    return rng.choice(
        (
            [],
            [],
            [f"Observação: Falou {person(rng)} (OAB/RO {rng.randrange(200, 999)})."],
            [f"IMPEDIMENTO: {rng.choice(JUDGES).upper()}"],
            [f"Impedidos: Desembargadores {JUDGES[0]} e {JUDGES[1]}"],
        )
    )
