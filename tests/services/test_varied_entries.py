"""Entries in forms that the real gazette lacks, as the rules read them (collaboration)."""

from __future__ import annotations

import dataclasses
import datetime
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_texts import pages_of

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.services.editions import editions
from trio_pipeline.services.gazettes import make_gazette
from trio_pipeline.services.pauta_entries import pauta_entry
from trio_pipeline.services.varied_entries import varied_entry

DAYS = (datetime.date(2025, 6, 23), datetime.date(2008, 6, 23))
FORMS = (
    r"^\d{1,3} - [\d.-]{25} - Recurso Inominado",
    r"[\d-] \(Apelação Cível\)$",
    r"^(\d{1,3}.{1,3})?Processo: \d",
    r"^(\d{1,3}.{1,3})?Autos n\. \d",
    r"^APELANTES? [A-Z]",
    r"^ADVOGADOS? [A-Z]",
    r"^DECISÃO [A-Z]",
    r"^Relator Originário: ",
    r"^Relator p/ Acórdão: ",
    r"^Interessado \(Parte Ativa\): ",
    r"^Amicus Curiae: ",
    r"^Terceiro Interessado: ",
    r"^Procurador de Justiça: ",
    r"^Réus?: ",
    r"^Autores: ",
    r"^Embargantes?/Impetrante: ",
    r"^Observação: Falou",
    r"^Observação: Retirado de pauta",
    r"^IMPEDIMENTO: ",
    r" e outros",
    r" E OUTR",
    r"representado por",
    r"S\.A\.[A-Z]",
    r"LTDA\.[A-Z]",
    r"CRÉDITO, FINANCIAMENTO E",
    r"^\w+: [A-Z]\. [A-Z]\. ",
    r"SEGREDO DE JUSTIÇA",
    r"segredo de justiça",
    r"OAB/[A-Z]{2} \d+ (e|E) OAB/",
    r"OAB \d+/RO",
    r"^Decisão: “REJEITADA A PRELIMINAR",
    r"NOS AUTOS N\. \d",
)


@pytest.fixture(scope="module")
def printed():
    return [text for seed in range(400) for text in varied_entry(random.Random(seed), DAYS[0], seed or None).paragraphs]


@pytest.mark.parametrize("form", FORMS)
def test_form_occurs(printed, form):
    assert any(re.search(form, text) for text in printed)


def test_some_check_digits_are_wrong():
    valid = [varied_entry(random.Random(seed), DAYS[0], 1).truth.numero_valido for seed in range(200)]
    assert 2 < valid.count(False) < 50


@given(st.integers(), st.sampled_from(DAYS), st.none() | st.integers(1, 300))
def test_varied_entry_is_read_exactly(seed, day, ordinal):
    entry = varied_entry(random.Random(seed), day, ordinal)
    reading = read_judgements(["\n".join(entry.paragraphs)])
    (read,) = reading.judgements
    assert dataclasses.replace(read, page=0, span=(0, 0)) == entry.truth
    assert reading.unread == ()


@given(st.integers(), st.sampled_from(DAYS), st.none() | st.integers(1, 300))
def test_nothing_is_read_of_a_pauta(seed, day, ordinal):
    printed = "\n".join(pauta_entry(random.Random(seed), day, ordinal))
    reading = read_judgements([f"PAUTA DE JULGAMENTO\n{printed}"])
    assert (reading.judgements, reading.unread) == ((), ())
    assert read_judgements([printed]).unread


@given(st.integers(), st.sampled_from(DAYS), st.integers(1, 2), st.integers(0, 3))
def test_every_form_is_read_exactly_in_every_layout(seed, day, columns, prose):
    (edition,) = editions(1, day, seed=seed)
    made = make_gazette(edition, seed=seed, judgements=8, prose=prose, varied=8, columns=columns)
    reading = read_judgements(pages_of(made.content()))
    assert [dataclasses.replace(read, span=(0, 0)) for read in reading.judgements] == list(made.truth[prose:])
    assert [entry.page for entry in reading.unread] == [truth.page for truth in made.truth[:prose]]


def test_as_many_as_asked_for_are_made():
    (edition,) = editions(1, DAYS[0], seed=1)
    assert len(make_gazette(edition, judgements=0, varied=5).truth) == 5
