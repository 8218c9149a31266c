"""Collaboration tests: whole gazettes in the forms that the court prints, read from pages to judgements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_texts import HEADER, case_number, entry

from trio_pipeline.diario.judgements import READER_VERSION, read_judgements
from trio_pipeline.diario.masking import mask_personal_numbers
from trio_pipeline.diario.model import RESULTADOS, Advogado, Judgement

ONE, TWO, THREE = case_number(1), case_number(2), case_number(3)
PLENO = f"""01. Embargos de Declaração em Mandado de Segurança n. {ONE}
Embargante/Impetrante: Maria das Dores
Advogados (as): José Pereira (OAB/RO 1.234), Ana Souza (OAB/RO 5.678-S) e Rui da
Silva (OAB/RO 9.012)
Embargado: Estado de Rondônia
Procurador (a): Fulano de Tal (OAB/RO 7.139)
Impetrado: Presidente do Tribunal
Relator Originário: Desembargador Beltrano de Tal
Relator p/ Acórdão: Desembargador Sicrano de Tal
Impedido: Desembargador Outro de Tal
Distribuído por sorteio em 27.06.2024 e opostos em 31.10.2024
Objeto do Mandamus: Anular o que se decidiu na ação n. {TWO}.
Decisão: “REJEITADA A PRELIMINAR, À UNANIMIDADE. NO MÉRITO, EMBARGOS
REJEITADOS NOS TERMOS DO VOTO DO RELATOR.”
Observação: Falou o advogado José Pereira (OAB/RO 1.234).
"""


def one(*pages: str) -> Judgement:
    reading = read_judgements(pages)
    assert reading.unread == ()
    (judgement,) = reading.judgements
    return judgement


def test_minutes_of_a_turma_recursal_are_read():
    judgement = one(entry(ONE))

    assert judgement.page == 1
    assert judgement.ordinal == "07"
    assert judgement.numero_processo == ONE
    assert judgement.numero_valido
    assert judgement.classe == "Recurso Inominado Cível"
    assert judgement.polo_ativo == ("MARIA DAS DORES",)
    assert judgement.polo_passivo == ("LOJAS REUNIDAS LTDA",)
    assert judgement.advogados_polo_ativo == (Advogado("JOSE PEREIRA", "RO1234A"),)
    assert judgement.advogados_polo_passivo == (Advogado("DEFENSORIA PÚBLICA DE RONDÔNIA", None),)
    assert judgement.relator == "FULANO DE TAL"
    assert judgement.decisao == "RECURSO CONHECIDO E PROVIDO."
    assert judgement.resultado == "provido"
    assert not judgement.segredo


def test_minutes_of_the_pleno_are_read():
    judgement = one(PLENO)

    assert judgement.classe == "Embargos de Declaração em Mandado de Segurança"
    assert judgement.polo_ativo == ("Maria das Dores",)
    assert judgement.polo_passivo == ("Estado de Rondônia", "Presidente do Tribunal")
    assert [lawyer.oab for lawyer in judgement.advogados_polo_ativo] == ["RO1234", "RO5678S", "RO9012"]
    assert judgement.advogados_polo_ativo[2].nome == "Rui da Silva"
    assert judgement.advogados_polo_passivo == (Advogado("Fulano de Tal", "RO7139"),)
    assert judgement.relator == "Beltrano de Tal"
    assert judgement.decisao is not None
    assert judgement.decisao.startswith("REJEITADA A PRELIMINAR")
    assert "”" not in judgement.decisao
    assert judgement.resultado == "rejeitado"


def test_labels_in_capitals_read_alike():
    labels = {"classe": "CLASSE: RECURSO INOMINADO CÍVEL", "recorrido": "RECORRIDOS : LOJAS REUNIDAS LTDA."}

    assert one(entry(ONE, **labels)).polo_passivo == one(entry(ONE)).polo_passivo


def test_label_without_colon_is_read():
    assert one(entry(ONE, defensor="ADVOGADO SEM ADVOGADO(S)")).advogados_polo_passivo == ()
    assert one(entry(ONE, defensor="ADVOGADO SEM ADVOGADO(S)")).polo_passivo == ("LOJAS REUNIDAS LTDA",)


def test_both_sides_may_appeal():
    judgement = one(entry(ONE, recorrente="RECORRENTE/RECORRIDO: A B", recorrido="RECORRIDO/RECORRENTE: C D"))

    assert (judgement.polo_ativo, judgement.polo_passivo) == (("A B",), ("C D",))


def test_side_printed_first_is_active():
    judgement = one(entry(ONE, recorrente="RECORRIDO/RECORRENTE: A B", recorrido="RECORRENTE/RECORRIDO: C D"))

    assert (judgement.polo_ativo, judgement.polo_passivo) == (("A B",), ("C D",))


def test_groups_of_defendants_have_counsel_each():
    text = (
        f"02. Ação Penal Originária n. {ONE}\nAutor: Ministério Público\nRéu: H. C. S.\nAdvogado (a): A B (OAB/RO 1)\n"
        "Réus: W.C.G. e M. da C.C\nDefensor (a) Público (a): C D (OAB/RO 2)\nRelator: Juiz X\nDecisão: “EXTINTO.”\n"
    )
    judgement = one(text)

    assert judgement.polo_passivo == ("H. C. S", "W.C.G", "M. da C.C")
    assert judgement.advogados_polo_ativo == ()
    assert judgement.advogados_polo_passivo == (Advogado("A B", "RO1"), Advogado("C D", "RO2"))


def test_interested_party_stands_on_its_side_of_the_case():
    interested = "Interessado (Ativo): Estado\nProcurador (a): A B (OAB/RO 1)"

    in_first = one(entry(ONE, recorrente=f"Requerente: Prefeito\n{interested}", recorrido="Requerido: Câmara"))
    on_appeal = one(
        entry(ONE, recorrente="Embargante/Requerido: Câmara", recorrido=f"Embargado/Requerente: Prefeito\n{interested}")
    )

    assert in_first.polo_ativo == ("Prefeito", "Estado")
    assert on_appeal.polo_passivo == ("Prefeito", "Estado")


def test_amicus_curiae_is_on_neither_side():
    amicus = "Amicus Curiae: Associação\nAdvogado (a): A B (OAB/RO 1)"
    judgement = one(entry(ONE, defensor=amicus))

    assert judgement.polo_passivo == ("LOJAS REUNIDAS LTDA",)
    assert judgement.advogados_polo_passivo == ()


def test_page_header_cuts_through_an_entry():
    for line in range(1, 9):
        lines = entry(ONE).splitlines()
        pages = ["\n".join(lines[:line]), "\n".join(lines[line:])]
        whole = one(entry(ONE))

        cut = one(*(HEADER.format(page=page) + text for page, text in enumerate(pages, start=1)))

        assert (cut.polo_ativo, cut.polo_passivo, cut.relator) == (whole.polo_ativo, whole.polo_passivo, whole.relator)
        assert cut.decisao == whole.decisao


def test_broken_word_is_joined():
    assert one(entry(ONE, recorrente="Recorrente: MARIA FERNAN\ufffeDES")).polo_ativo == ("MARIA FERNANDES",)


def test_remark_stands_for_a_missing_decision():
    judgement = one(entry(ONE, decisao="Observação: Julgamento adiado a pedido do relator."))

    assert (judgement.decisao, judgement.resultado) == ("Julgamento adiado a pedido do relator.", "adiado")


def test_line_after_the_decision_is_no_part_of_it():
    judgement = one(entry(ONE, decision="RETIRADO DE PAUTA") + "IMPEDIMENTO: JUIZ DE DIREITO FULANO\n")

    assert judgement.decisao == "RETIRADO DE PAUTA"


def test_entries_come_in_the_order_of_the_document():
    reading = read_judgements([entry(TWO, ordinal="01") + entry(ONE, ordinal="02"), entry(THREE, ordinal="01")])

    assert [judgement.numero_processo for judgement in reading.judgements] == [TWO, ONE, THREE]
    assert [judgement.page for judgement in reading.judgements] == [1, 1, 2]


def test_wrong_check_digits_are_told():
    number = f"{ONE[:8]}{(int(ONE[8:10]) + 1) % 97:02d}{ONE[10:]}"

    assert not one(entry(number)).numero_valido


@pytest.mark.parametrize("name", ["C. R. D. S.", "M. da C.C", "SEGREDO DE JUSTIÇA"])
def test_secret_case_is_told(name):
    assert one(entry(ONE, recorrido=f"Recorrido(a): {name}")).segredo


def test_person_behind_initials_is_not_named():
    judgement = one(entry(ONE, recorrente="RECORRENTE: A. C. D. C. REPRESENTADO POR FULANA DE TAL"))

    assert (judgement.polo_ativo, judgement.segredo) == (("A. C. D. C",), True)


def test_masked_text_reads_alike():
    text = entry(ONE, recorrido=f"Recorrido(a): LOJAS REUNIDAS LTDA., CPF {'0' * 11}")

    assert one(mask_personal_numbers(text)).span == one(text).span
    assert one(mask_personal_numbers(text)).polo_ativo == one(text).polo_ativo


def test_same_entry_printed_twice_is_one():
    assert len(read_judgements([entry(ONE) + entry(ONE)]).judgements) == 1


def test_case_judged_twice_is_two():
    reading = read_judgements([entry(ONE) + entry(ONE, decision="EMBARGOS REJEITADOS.")])

    assert [judgement.resultado for judgement in reading.judgements] == ["provido", "rejeitado"]


def test_entry_without_decision_is_unread():
    text = entry(ONE, decisao="") + entry(TWO)
    reading = read_judgements([text])

    (unread,) = reading.unread
    assert [judgement.numero_processo for judgement in reading.judgements] == [TWO]
    assert (unread.page, text[slice(*unread.span)].strip()) == (1, unread.text)
    assert "no decision" in unread.reason


def test_entry_without_parties_is_unread():
    reading = read_judgements([f"07 - {ONE}\nClasse: Recurso\nDECISÃO: PROVIDO.\n"])

    assert reading.judgements == ()
    assert "parties" in reading.unread[0].reason


def test_list_of_cases_to_be_judged_is_nothing():
    reading = read_judgements(["PAUTA DE JULGAMENTO\n" + entry(ONE, decisao="") + entry(TWO, decisao="")])

    assert (reading.judgements, reading.unread) == ((), ())


def test_pages_without_judgements_are_nothing():
    notary = (
        f"EDITAL DE PROCLAMAS\nFaço saber que pretendem casar-se: FULANO e FULANA.\nProtocolo: 1\nDevedor: X {ONE}\n"
    )
    contract = f"Extrato de Contrato\n2 - PROCESSO: {case_number(5, 8000)}\n3 - OBJETO: Inscrição de servidores\n"

    assert read_judgements([notary, contract, ""]).judgements == ()
    assert read_judgements([]).judgements == ()


def test_version_is_a_word():
    assert READER_VERSION.strip()


entries = st.builds(
    lambda sequence, decision, name, cut: entry(
        case_number(sequence), decision=decision, recorrente=f"Recorrente: {name}"
    ).replace("\n", "\n" + cut, 1),
    st.integers(1, 9_999_999),
    st.sampled_from(["RECURSO PROVIDO.", "RETIRADO DE PAUTA", "EMBARGOS REJEITADOS."]),
    st.sampled_from(["MARIA DAS DORES", "A. B. C.", "X LTDA., Y S.A."]),
    st.sampled_from(["", "\n", " \n"]),
)


@given(st.lists(st.lists(entries, max_size=3).map("".join), max_size=4))
def test_spans_point_at_the_entries(pages):
    text = "\f".join(pages)
    judgements = read_judgements(pages).judgements

    end = 0
    for judgement in judgements:
        assert end <= judgement.span[0] < judgement.span[1] <= len(text)
        end = judgement.span[1]
        assert judgement.numero_processo in text[slice(*judgement.span)]
        assert text[: judgement.span[0]].count("\f") + 1 == judgement.page


HEADINGS = (f"07 - {ONE}\n", f"Mandado de Segurança n. {TWO}\n", f"Origem: {THREE}\n", "PAUTA\n")
LABELS = (
    "Classe: A\n",
    "Recorrente: B, C. D.",
    "\nRecorrido(a): E\n",
    "Relator: Juiz G\n",
    "DECISÃO: ",
    "Observação: ",
)
COUNSEL = ("Advogado(a): F, OAB nº RO1", "OAB ", "SEM ADVOGADO(S)")
WORDS = ("NO MÉRITO, ", "PRELIMINAR ", "NÃO PROVIDO.", "adiado.", "RETIRADO DE PAUTA", "“", "”", ",")
BREAKS = ("\n", " ", "\ufffe", "\r\n", "\f")
pieces = st.sampled_from(HEADINGS + LABELS + COUNSEL + WORDS + BREAKS)


@given(st.lists(st.text() | st.lists(pieces).map("".join), max_size=6))
def test_any_text_is_read(pages):
    text = "\f".join(pages)
    reading = read_judgements(pages)

    for judgement in reading.judgements:
        assert judgement.numero_processo in text[slice(*judgement.span)]
        assert judgement.resultado in RESULTADOS
    for unread in reading.unread:
        assert unread.reason
        assert text[slice(*unread.span)]


def test_entry_may_lack_its_judge_or_its_parties():
    assert one(entry(ONE, relator="")).relator is None
    assert one(entry(ONE, recorrente="", recorrido="")).polo_ativo == ()


def test_class_may_be_missing():
    assert one(entry(ONE, classe="")).classe is None


def test_span_ends_with_the_decision():
    text = "Ata da sessão\n" + entry(ONE) + "À tarde, a sessão foi encerrada.\n"
    start, end = one(text).span

    assert text[start:end].startswith("07 - ")
    assert text[start:end].endswith("PROVIDO.")


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("Embargantes/Impetrante", ("Ana Lima", "Rui Melo")),
        ("Embargante/Impetrantes", ("Ana Lima e Rui Melo",)),
    ],
)
def test_first_role_says_whether_they_are_several(label, names):
    assert one(entry(ONE, recorrente=f"{label}: Ana Lima e Rui Melo")).polo_ativo == names


def test_interested_party_of_a_side_without_others_is_on_it():
    judgement = one(entry(ONE, recorrido="Interessado (Polo Passivo): LOJAS REUNIDAS LTDA."))

    assert judgement.polo_passivo == ("LOJAS REUNIDAS LTDA",)


def test_last_of_two_decisions_counts():
    judgement = one(entry(ONE, decisao="Decisão parcial: RECURSO CONHECIDO.\nDecisão: RECURSO NÃO PROVIDO."))

    assert judgement.decisao == "RECURSO NÃO PROVIDO."


def test_remark_may_say_that_the_case_was_withdrawn():
    assert one(entry(ONE, decisao="Observação: Retirado de pauta.")).resultado == "retirado_de_pauta"


def test_decision_loses_its_quotation_marks():
    assert one(entry(ONE, decision="'RECURSO PROVIDO.'")).decisao == "RECURSO PROVIDO."


def test_decision_keeps_its_last_letter():
    assert one(entry(ONE, decision="PROVIDO, NOS TERMOS DO ANEXO XX")).decisao == "PROVIDO, NOS TERMOS DO ANEXO XX"
