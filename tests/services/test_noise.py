"""Whatever stands around the entries of a gazette, the same is read of them (collaboration)."""

from __future__ import annotations

import dataclasses
import datetime
import random

from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.services.entries import case_number, person
from trio_pipeline.services.plenary_entries import plenary_entry
from trio_pipeline.services.turma_entries import turma_entry
from trio_pipeline.services.varied_entries import varied_entry

DAYS = (datetime.date(2025, 6, 23), datetime.date(2008, 6, 23))
SECTION = ("PODER JUDICIÁRIO DO ESTADO DE RONDÔNIA", "ATA DE JULGAMENTO")
END = "Nada mais havendo, foi encerrada a sessão."


def acts(rng, day):
    yield f"Ato N. {rng.randrange(900)}/{day.year}-TJRO"
    yield f"CONSIDERANDO o Processo SEI n. {case_number(rng, day.year, origin=8000)}, RESOLVE:"
    yield f"Art. 1º Designar {person(rng)} para atuar no período de 5 dias."


def notices(rng, day):
    digit = str(rng.randrange(10))
    yield f"Protocolo: {rng.randrange(1_000_000, 2_000_000)}"
    yield f"Devedor: {person(rng).upper()} - CPF/CNPJ:{digit * 3}.{digit * 3}.{digit * 3}-{digit * 2}"
    yield "____________________________________________"


def tables(rng, day):
    yield "Processo Valor"
    for row in range(rng.randrange(1, 12)):
        yield rng.choice((f"{row} {case_number(rng, day.year)} 1.234,56", case_number(rng, day.year), "12.345 67-8 9"))


def administrative(rng, day):
    yield f"1 - PROCESSO: {case_number(rng, day.year, origin=8000)}"
    yield "2 - OBJETO: Inscrição de servidores em curso."


def citing(rng, day):
    yield f"Faço saber que nos autos n. {case_number(rng, day.year)} e {case_number(rng, day.year)}, em que é autor"
    yield f"{person(rng)}, e nos de n."
    yield f"{case_number(rng, day.year)}, por sentença, se declarou o que segue"


def furniture(rng, day):
    yield f"Folha {rng.randrange(900)} de 900"
    yield "TRIBUNAL DE JUSTIÇA"
    yield f"ANO XLIII NÚMERO {rng.randrange(1, 300)} DIARIO DA JUSTIÇA"


def blanks(rng, day):
    yield from rng.choices(("", " ", "\t", "\u00a0"), k=rng.randrange(1, 9))


KINDS = (acts, notices, tables, administrative, citing, furniture, blanks)
ENTRIES = (
    lambda rng, day: turma_entry(rng, day, rng.randrange(1, 90), capitals=rng.random() < 0.5),
    lambda rng, day: plenary_entry(rng, day, rng.randrange(1, 90)),
    lambda rng, day: varied_entry(rng, day, rng.randrange(1, 90)),
)
# What no line of a list begins with, whatever stands behind: a label, a heading or a number would be one.
strange = st.text(st.characters(exclude_categories=("Cs", "N"), exclude_characters=":\f\n\r"), max_size=60)
noise = st.lists(st.tuples(st.sampled_from(KINDS), st.integers()) | strange, max_size=6)


def lines_of(made, day):
    for one in made:
        if isinstance(one, str):
            yield one
        else:
            kind, seed = one
            yield from kind(random.Random(seed), day)


def read(pages):
    reading = read_judgements(pages)
    return [dataclasses.replace(one, page=0, span=(0, 0)) for one in reading.judgements], reading.unread


@given(
    st.tuples(st.integers(), st.sampled_from(DAYS), st.booleans()),
    st.lists(st.sampled_from(ENTRIES), max_size=4),
    noise,
    noise,
    noise,
)
def test_noise_around_a_list_changes_nothing(drawn, kinds, before, between, behind):
    seed, day, framed = drawn
    rng = random.Random(seed)
    begin, end = (SECTION, (END,)) if framed else ((), ())
    lists = [[kind(rng, day) for kind in kinds] for _ in range(2)]
    printed = [[*begin, *(text for entry in entries for text in entry.paragraphs), *end] for entries in lists]
    noisy = [
        *lines_of(before, day),
        *printed[0],
        *lines_of(between, day),
        *printed[1],
        *lines_of(behind, day),
    ]
    truth = list(dict.fromkeys(entry.truth for entries in lists for entry in entries))
    assert read(["\n".join([*printed[0], *printed[1]])]) == (truth, ())
    assert read(["\n".join(noisy)]) == (truth, ())


@given(st.integers(), st.sampled_from(DAYS), st.sampled_from(ENTRIES), noise, noise, st.integers(1, 8))
def test_pages_of_noise_change_nothing(seed, day, kind, before, behind, count):
    rng = random.Random(seed)
    entry = kind(rng, day)
    text = "\n".join([*SECTION, *entry.paragraphs, END])
    pages = ["\n".join(lines_of(before, day))] * count + [text] + ["\n".join(lines_of(behind, day))] * count
    assert read(pages) == ([entry.truth], ())


@given(st.integers(), st.sampled_from(DAYS), st.sampled_from(ENTRIES), st.data())
def test_headers_and_footers_change_nothing(seed, day, kind, data):
    rng = random.Random(seed)
    entry = kind(rng, day)
    cut = data.draw(st.integers(1, len(entry.paragraphs) - 1))
    texts = [entry.paragraphs[:cut], entry.paragraphs[cut:], ["x"], ["y"]]
    pages = [
        "\n".join([f"Gazeta de Lugar Nenhum, n. {number}", "Caderno Judicial", *lines, f"{number} de 4"])
        for number, lines in enumerate(texts)
    ]
    assert read(pages) == ([entry.truth], ())
