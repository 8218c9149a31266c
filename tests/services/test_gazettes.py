"""Made-up gazettes, as PDFium and the rules read them (collaboration)."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_texts import pages_of

from trio_pipeline.diario import cnj
from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.model import RESULTADOS
from trio_pipeline.services.editions import editions
from trio_pipeline.services.entries import case_number
from trio_pipeline.services.gazettes import make_gazette, make_gazettes
from trio_pipeline.services.plenary_entries import plenary_entry
from trio_pipeline.services.turma_entries import turma_entry
from trio_pipeline.services.typesetting import typeset

NEWEST = datetime.date(2025, 6, 23)


@pytest.fixture(scope="module")
def made():
    """Some gazettes with their pages."""
    gazettes = make_gazettes(12, newest=NEWEST, seed=3)
    return [(one, pages_of(one.content())) for one in gazettes]


class TestDeterminism:
    def test_same_seed_same_bytes(self):
        first = make_gazettes(3, newest=NEWEST, seed=5)
        second = make_gazettes(3, newest=NEWEST, seed=5)
        assert [(one.gazette, one.content(), one.truth) for one in first] == [
            (one.gazette, one.content(), one.truth) for one in second
        ]

    def test_other_seed_other_bytes(self):
        assert make_gazettes(1, newest=NEWEST, seed=5)[0].content() != (
            make_gazettes(1, newest=NEWEST, seed=6)[0].content()
        )

    def test_a_gazette_does_not_depend_on_how_many_are_made(self):
        (alone,) = make_gazettes(1, newest=NEWEST, seed=5)
        assert alone.content() == make_gazettes(4, newest=NEWEST, seed=5)[0].content()

    def test_all_differ(self, made):
        assert len({one.content() for one, _ in made}) == len(made)

    def test_length_is_announced(self, made):
        assert all(one.length == len(one.content()) for one, _ in made)


class TestTruth:
    def test_entries_stand_on_their_pages(self, made):
        for one, pages in made:
            for judgement in one.truth:
                assert judgement.numero_processo in pages[judgement.page - 1]

    def test_order_is_that_of_the_document(self, made):
        for one, pages in made:
            text = "\f".join(pages)
            places = [text.index(judgement.numero_processo) for judgement in one.truth]
            assert places == sorted(places)

    def test_rules_read_exactly_this(self, made):
        for one, pages in made:
            reading = read_judgements(pages)
            assert [dataclasses.replace(read, span=(0, 0)) for read in reading.judgements] == list(one.truth)
            assert reading.unread == ()

    def test_numbers_are_valid_and_no_administrative_ones(self, made):
        numbers = [judgement.numero_processo for one, _ in made for judgement in one.truth]
        assert all(cnj.is_valid(number) for number in numbers)
        assert not any(cnj.is_administrative(number) for number in numbers)
        assert len(set(numbers)) == len(numbers)

    def test_results_are_those_of_the_model(self, made):
        results = {judgement.resultado for one, _ in made for judgement in one.truth}
        assert results <= set(RESULTADOS)
        assert len(results) > 8


class TestVariety:
    """What makes a reader's life hard is there: a demo that is too easy shows nothing."""

    def test_page_headers_cut_through_entries(self, made):
        cut = [
            judgement
            for one, pages in made
            for judgement, following in zip(one.truth, one.truth[1:], strict=False)
            if following.page > judgement.page and pages[following.page - 1].index(following.numero_processo) > 400
        ]
        assert len(cut) > 10

    @pytest.mark.parametrize(
        "form",
        [
            r"OAB nº [A-Z]{2}\d+A",
            r"OAB Nº [A-Z]{2}\d+",
            r"\(OAB/[A-Z]{2} \d+\.\d{3}\)",
            r"\(OAB/[A-Z]{2} \d+-S\)",
            r"Advogados \(as\): ",
            r"ADVOGADO ?: ?",
            r"Recorrido\(a\)",
            r"(Recorrentes|Recorridos|RECORRENTES|RECORRIDOS) ?:",
            r"/RECORRENTE|/Recorrente",
            r"Classe:\S",
            r"Classe : ",
            r"SEM ADVOGADO\(S\)",
            r"IMPEDIMENTO: ",
            r"Origem: \d{7}-",
            r"autos n\. \d{7}-",
            r"SEI n\. \d{7}-\d\d\.\d{4}\.8\.22\.8000",
            r"Observação: Julgamento adiado",
            "\ufffe",
        ],
    )
    def test_form_occurs(self, made, form):
        assert any(re.search(form, page) for _, pages in made for page in pages)

    def test_some_entries_have_no_ordinal_and_some_are_secret(self, made):
        truth = [judgement for one, _ in made for judgement in one.truth]
        assert any(judgement.ordinal is None for judgement in truth)
        assert any(judgement.segredo for judgement in truth)
        assert any(lawyer.oab is None for judgement in truth for lawyer in judgement.advogados_polo_passivo)

    def test_ordinals_start_again(self, made):
        for one, _ in made:
            ordinals = collections.Counter(judgement.ordinal for judgement in one.truth)
            assert ordinals["02"] > 1

    def test_notices_hold_numbers_that_are_nobodys(self, made):
        found = re.findall(r"\d{3}\.\d{3}\.\d{3}-\d{2}", "".join(page for _, pages in made for page in pages))
        assert found
        assert all(len(set(re.sub(r"\D", "", number))) == 1 for number in found)


class TestEntries:
    def test_number_belongs_to_its_origin(self):
        rng = random.Random(1)
        assert cnj.is_administrative(case_number(rng, 2025, origin=8000))
        assert case_number(rng, 2025, origin=0).endswith(".8.22.0000")

    def test_ordinal_is_printed_as_in_the_truth(self):
        entry = turma_entry(random.Random(1), NEWEST, 7, capitals=False)
        assert entry.paragraphs[0] == f"07 - {entry.truth.numero_processo}"
        assert entry.truth.ordinal == "07"

    def test_plenary_heads_by_class(self):
        entry = plenary_entry(random.Random(1), NEWEST, None)
        assert entry.paragraphs[0] == f"{entry.truth.classe} n. {entry.truth.numero_processo}"

    def test_capitals_are_the_class_as_printed(self):
        entry = turma_entry(random.Random(1), NEWEST, 1, capitals=True)
        assert entry.truth.classe == entry.truth.classe.upper()
        assert entry.paragraphs[1].startswith("CLASSE")


class TestTypesetting:
    def test_pages_of_paragraphs(self):
        made = typeset(["a"] * 200, lambda page: [f"page {page}"], title="t", rng=random.Random(1))
        pages = pages_of(made.content)
        assert [page.split()[:2] for page in pages] == [["page", str(number)] for number in range(1, len(pages) + 1)]
        assert collections.Counter(made.pages) == {number: page.count("a") - 1 for number, page in enumerate(pages, 1)}

    def test_long_paragraph_goes_on_over_pages(self):
        text = " ".join(f"w{number}" for number in range(5000))
        made = typeset([text, "end"], lambda page: [], title="t", rng=random.Random(1))
        assert made.pages[0] == 1
        assert made.pages[1] == len(pages_of(made.content)) > 1
        assert " ".join(" ".join(pages_of(made.content)).split()) == f"{text} end"

    def test_broken_words_can_be_put_together(self):
        words = " ".join(["um ADMINISTRATIVAMENTE"] * 400)
        made = typeset([words], lambda page: [], title="t", rng=random.Random(1))
        text = "\n".join(pages_of(made.content))
        assert "\ufffe" in text
        assert text.replace("\ufffe", "").split() == words.split()

    def test_nothing_to_set(self):
        made = typeset([], lambda page: [], title="t", rng=random.Random(1))
        assert made.pages == ()


class TestEntriesAlone:
    """Whatever the seed, an entry says what its truth says it does."""

    @given(st.integers(), st.booleans(), st.none() | st.integers(1, 300))
    def test_turma_entry_is_read_exactly(self, seed, capitals, ordinal):
        entry = turma_entry(random.Random(seed), NEWEST, ordinal, capitals=capitals)
        self.is_read_as_its_truth(entry)

    @given(st.integers(), st.none() | st.integers(1, 300))
    def test_plenary_entry_is_read_exactly(self, seed, ordinal):
        self.is_read_as_its_truth(plenary_entry(random.Random(seed), NEWEST, ordinal))

    def is_read_as_its_truth(self, entry):
        reading = read_judgements(["\r\n".join(entry.paragraphs)])
        (read,) = reading.judgements
        assert dataclasses.replace(read, page=0, span=(0, 0)) == entry.truth
        assert reading.unread == ()


@pytest.fixture(scope="module")
def old():
    """Gazettes of 2008, whose cases have the numbers of that time, with judgements in running text."""
    made = [
        make_gazette(gazette, seed=seed, prose=3)
        for seed in range(4)
        for gazette in editions(1, datetime.date(2008, 6, 23), seed=seed)
    ]
    return [(one, read_judgements(pages_of(one.content()))) for one in made]


class TestOldGazettes:
    def test_old_numbers_are_read_exactly(self, old):
        for one, reading in old:
            assert (
                tuple(dataclasses.replace(judgement, span=(0, 0)) for judgement in reading.judgements) == one.truth[3:]
            )
            assert any(re.fullmatch(r"\d{3}\.\d{4}\.\d{6}-\d", entry.numero_processo) for entry in one.truth)

    def test_judgements_in_running_text_are_unread_with_all_that_they_say(self, old):
        for one, reading in old:
            assert [entry.reason for entry in reading.unread] == ["a judgement in running text"] * 3
            for truth, entry in zip(one.truth, reading.unread, strict=False):
                said = " ".join(entry.text.split())
                assert entry.page == truth.page
                assert all(word in said for word in (truth.numero_processo, truth.relator, *truth.polo_ativo))
