-- Query and rows are made plain by the same functions, so that whatever is printed is found as it is printed.
WITH asked AS (
    SELECT
        list_transform($words::VARCHAR[], lambda word: strip_accents(lower(word))) AS words,
        list_transform($party::VARCHAR[], lambda word: strip_accents(lower(word))) AS party,
        list_transform($lawyer::VARCHAR[], lambda word: strip_accents(lower(word))) AS lawyer,
        list_transform($class::VARCHAR[], lambda word: strip_accents(lower(word))) AS class,
        list_transform($judge::VARCHAR[], lambda word: strip_accents(lower(word))) AS judge
), shown AS (
    -- A list of names and numbers changes rows before anything is searched in them: what it hides is not found.
    SELECT decision_rows.* EXCLUDE (extraction)
    FROM decision_rows JOIN extractions USING (diario_id, extraction)
    WHERE decision_rows.rowid NOT IN (SELECT unnest($places::BIGINT[]))
    UNION ALL BY NAME
    SELECT unnest($masked::STRUCT(
        diario_id VARCHAR, page INTEGER, ordinal VARCHAR, numero_processo VARCHAR, numero_valido BOOLEAN,
        classe VARCHAR, polo_ativo VARCHAR[], polo_passivo VARCHAR[],
        advogados_polo_ativo STRUCT(nome VARCHAR, oab VARCHAR)[],
        advogados_polo_passivo STRUCT(nome VARCHAR, oab VARCHAR)[],
        relator VARCHAR, decisao VARCHAR, resultado VARCHAR, segredo BOOLEAN, span INTEGER[],
        extractor VARCHAR, extractor_version VARCHAR
    )[], max_depth := 2)
), told AS (
    SELECT
        shown.*,
        diarios.date,
        diarios.url,
        regexp_replace(numero_processo, '[^0-9]', '', 'g') AS digits,
        list_concat(advogados_polo_ativo, advogados_polo_passivo) AS counsel
    FROM shown JOIN diarios ON diarios.id = shown.diario_id
    WHERE ($since::DATE IS NULL OR diarios.date >= $since) AND ($until::DATE IS NULL OR diarios.date <= $until)
        AND ($result::VARCHAR IS NULL OR resultado = $result)
), plain AS (
    SELECT
        told.*,
        list_transform(list_concat(polo_ativo, polo_passivo), lambda name: strip_accents(lower(name))) AS names,
        list_transform(counsel, lambda advogado: strip_accents(lower(advogado.nome))) AS counsel_names,
        strip_accents(lower(concat_ws(
            ' ', diario_id, numero_processo, digits, classe, relator, decisao, resultado,
            array_to_string(polo_ativo, ' '), array_to_string(polo_passivo, ' '),
            array_to_string(list_transform(counsel, lambda one: concat_ws(' ', one.nome, one.oab)), ' ')
        ))) AS haystack
    FROM told
)
SELECT plain.* EXCLUDE (digits, counsel, names, counsel_names, haystack)
FROM plain, asked
WHERE len(list_filter(words, lambda word: NOT contains(haystack, word))) = 0
    AND ($number::VARCHAR IS NULL OR contains(digits, $number))
    -- The words of a name must all be in the same name.
    AND (len(party) = 0 OR len(list_filter(names, lambda name:
        len(list_filter(party, lambda word: NOT contains(name, word))) = 0)) > 0)
    AND (len(lawyer) = 0 OR len(list_filter(counsel_names, lambda name:
        len(list_filter(lawyer, lambda word: NOT contains(name, word))) = 0)) > 0)
    AND ($oab::VARCHAR IS NULL OR len(list_filter(counsel, lambda one:
        CASE WHEN $oab_state::VARCHAR IS NULL THEN regexp_replace(one.oab, '^[A-Z]{2}', '') = $oab
        ELSE one.oab = concat($oab_state, $oab) END)) > 0)
    AND len(list_filter(class, lambda word: NOT contains(coalesce(strip_accents(lower(classe)), ''), word))) = 0
    AND len(list_filter(judge, lambda word: NOT contains(coalesce(strip_accents(lower(relator)), ''), word))) = 0
ORDER BY date DESC, diario_id, span[1]
LIMIT $limit
