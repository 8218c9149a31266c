"""Any text at all is read in time that grows with its length alone.

What is counted is calls, so that the same text always gives the same number. What a regular expression does within
one call is not seen by that, and is kept in bounds by its form.
"""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest
from counted_calls import calls_of
from hypothesis import given, settings
from hypothesis import strategies as st
from judgement_texts import case_number

import trio_pipeline.diario.judgements
from trio_pipeline.diario import cnj, masking, old_numbers
from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.masking import mask_personal_numbers

ONE = case_number(1)
BEGINNING = f"07 - {ONE}\nClasse: A\nRecorrente: B\n"
END = "\nRelator: Juiz C\nDECISÃO: PROVIDO.\n"
# What stands around a repetition: nothing, or an entry of which it is a field.
PLACES = {
    "alone": ("", ""),
    "heading": ("", f" {ONE}\nClasse: A{END}"),
    "behind the number": (f"07 - {ONE}", f"\nClasse: A{END}"),
    "class": (f"07 - {ONE}\nClasse: ", END),
    "parties": (f"{BEGINNING}Recorridos: ", END),
    "counsel": (f"{BEGINNING}Advogado(a): ", END),
    "judge": (f"{BEGINNING}Relator: ", "\nDECISÃO: PROVIDO.\n"),
    "decision": (f"{BEGINNING}DECISÃO: ", "\n"),
    "quotation": (f"{BEGINNING}Decisão: “", "”\n"),
}
SIGNS = (" ", "  ", ",", ", ", ".", ". ", "-", " - ", "/", "(", ")", "“", "”", ":", "\ufffe", "\u0301", "º", "*")
DIGITS = ("0", "12 ", "000.", "0000000-", "0000000-00.", f"{ONE} ", f"{ONE}-", "001.2006.001234-5 ", "00000000000 ")
MARKS = ("OAB", "OAB nº ", "OAB/RO 1.234, ", "OAB RO - ", "OAB 1/", "CPF ", "000.000.000-00 ", "00.000.000/0000-00 ")
NAMES = ("A. ", "A.", "e. ", "da ", " e ", "a, e b, ", "e outros ", "S.A.", "S.A.ABC", "LTDA BANCO ", "ME, ", "para, ")
WORDS = ("representado por ", "neste ato ", "assistido ", "COMÉRCIO, ", "SEGREDO DE ", "sem advogado ", "des. ", "o a ")
LABELS = (
    "Classe: ",
    "Recorrente: ",
    "ADVOGADO A ",
    "Relator p/ ",
    "DECISÃO: ",
    "Observação: ",
    "1º Apelante/",
    "PAUTA ",
)
PROSE = ("Vistos, relatados ", "acordam relator ", "NO MÉRITO, ", "PRELIMINAR. ", "NÃO ", "PROVIDO, ", "vencido para ")
HEADINGS = (
    f"07 - {ONE}",
    f"Embargos n. {ONE}",
    "Processo: ",
    "Mandado de Segurança n. ",
    "ATA DE ",
    "Este diário foi ",
)
PIECES = (*SIGNS, *DIGITS, *MARKS, *NAMES, *WORDS, *LABELS, *PROSE, *HEADINGS)
BREAKS = ("\n", " \n", "\f", "-\n", "\ufffe\n")
SHORT, LONG = 1_000, 4_000


def work(text):
    """How many functions are called to mask and read a text."""
    return calls_of(lambda: read_judgements(mask_personal_numbers(text).split("\f")))


def assert_linear(before, unit, behind):
    short, long = (work(before + (unit * (length // len(unit) + 1))[:length] + behind) for length in (SHORT, LONG))
    assert long < 5 * short + 1000


@pytest.mark.parametrize("place", PLACES)
def test_line_of_repetitions_is_read_in_linear_time(place):
    for piece in PIECES:
        assert_linear(PLACES[place][0], piece, PLACES[place][1])


@pytest.mark.parametrize("place", ["alone", "parties", "decision", "quotation"])
def test_repeated_lines_are_read_in_linear_time(place):
    for piece in PIECES:
        assert_linear(PLACES[place][0], f"{piece}\n", PLACES[place][1])


@given(st.sampled_from(sorted(PLACES)), st.lists(st.sampled_from(PIECES + BREAKS), min_size=1, max_size=5))
@settings(max_examples=50)
def test_any_repetition_is_read_in_linear_time(place, pieces):
    before, behind = PLACES[place]
    assert_linear(before, "".join(pieces), behind)


@given(st.text(min_size=1, max_size=30), st.sampled_from(sorted(PLACES)))
@settings(max_examples=50)
def test_any_text_over_and_over_is_read_in_linear_time(unit, place):
    before, behind = PLACES[place]
    assert_linear(before, unit, behind)


def test_many_different_labels_are_read_in_linear_time():
    roles = ("apelante", "apelado", "autor", "réu", "impetrante", "impetrado")
    labels = [
        f"{one}º {role} {two}/{other}: A\n"
        for one in range(1, 99)
        for two in range(9)
        for role in roles
        for other in roles
    ]
    few, many = (work(f"{BEGINNING}{''.join(labels[:count])}{END}") for count in (500, 2000))
    assert many < 5 * few


def patterns():
    """Every regular expression of the modules that read a text."""
    package = trio_pipeline.diario.judgements
    names = [f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__)]
    for module in (*map(importlib.import_module, names), cnj, masking, old_numbers):
        for name, value in vars(module).items():
            found = [value] if isinstance(value, re.Pattern) else _within(value)
            yield from (pytest.param(pattern, id=f"{module.__name__.rpartition('.')[2]}.{name}") for pattern in found)


def _within(value):
    if isinstance(value, dict):
        value = tuple(value.values())
    if not isinstance(value, tuple):
        return []
    items = [item for one in value for item in (one if isinstance(one, tuple) else (one,))]
    return [item for item in items if isinstance(item, re.Pattern)]


@pytest.mark.parametrize("pattern", list(patterns()))
def test_no_repetition_without_bound_stands_in_another(pattern):
    assert deepest(re._parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)) <= 1


def deepest(tree):
    """How many repetitions without a bound stand in each other."""
    depth = 0
    for operation, argument in tree:
        unbounded = operation in REPEATS and argument[1] == re._parser.MAXREPEAT
        inner = max((deepest(one) for one in _subtrees(argument)), default=0)
        depth = max(depth, inner + unbounded)
    return depth


REPEATS = (re._constants.MAX_REPEAT, re._constants.MIN_REPEAT, re._constants.POSSESSIVE_REPEAT)


def _subtrees(argument):
    if isinstance(argument, re._parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for one in argument:
            yield from _subtrees(one)


def test_repetitions_in_each_other_are_seen():
    assert deepest(re._parser.parse("(?:a+|b)*")) == 2
    assert deepest(re._parser.parse("(?:a{1,3}b+){1,9}c*")) == 1
