-- Query and rows are made plain by the same functions, so that whatever is printed is found as it is printed.
WITH sought AS (
    SELECT list_transform($words::VARCHAR[], lambda word: strip_accents(lower(word))) AS words
), found AS (
    SELECT
        decisions.*,
        diarios.date,
        strip_accents(lower(concat_ws(
            ' ', diario_id, numero_processo, regexp_replace(numero_processo, '[^0-9]', '', 'g'), classe, relator,
            decisao, resultado, array_to_string(polo_ativo, ' '), array_to_string(polo_passivo, ' '),
            array_to_string(list_transform(
                list_concat(advogados_polo_ativo, advogados_polo_passivo),
                lambda advogado: concat_ws(' ', advogado.nome, advogado.oab)
            ), ' ')
        ))) AS haystack
    FROM decisions JOIN diarios ON diarios.id = decisions.diario_id
)
SELECT found.* EXCLUDE (haystack)
FROM found, sought
WHERE len(list_filter(words, lambda word: NOT contains(haystack, word))) = 0
ORDER BY date DESC, diario_id, span[1]
LIMIT $limit
