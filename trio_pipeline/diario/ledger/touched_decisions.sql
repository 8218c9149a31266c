-- The decisions that a list of names and numbers may touch. What suppression.folded makes of a text is the same as here
-- where all characters are of the set named below; a text with others is given back for it to judge.
WITH told AS (
    SELECT
        decision_rows.rowid AS place,
        decision_rows.* EXCLUDE (extraction),
        concat_ws(
            ' ', numero_processo, ordinal, classe, relator, decisao,
            array_to_string(polo_ativo, ' '), array_to_string(polo_passivo, ' '),
            array_to_string(list_transform(
                list_concat(advogados_polo_ativo, advogados_polo_passivo),
                lambda one: concat_ws(' ', one.nome, one.oab)
            ), ' ')
        ) AS told
    FROM decision_rows JOIN extractions USING (diario_id, extraction)
)
SELECT * EXCLUDE (told)
FROM told
WHERE regexp_matches(told, '[^\x00-\x{B1}´¶·¸º»¿-ÅÇ-ÏÑ-×Ù-Ýà-åç-ïñ-÷ù-ýÿ\x{2010}-\x{2027}\x{FFFE}]')
    OR regexp_matches(
        regexp_replace(strip_accents(lower(translate(told, 'ºª', 'oa'))), '[^a-z0-9]', '', 'g'), $keys
    )
