-- The judgements of one reader's extraction, as packed_readings.py has them. Row by row this takes 25 times as long, and
-- everybody else waits. VALUES keeps the optimizer from parsing the text itself, value by value, as a constant. What is not
-- among the names below is dropped without a word: a test compares rows with readings.
INSERT INTO decision_rows BY NAME
SELECT
    $extraction::VARCHAR AS extraction,
    $diario_id::VARCHAR AS diario_id,
    unnest(COLUMNS(entries.*)),
    $extractor::VARCHAR AS extractor,
    $extractor_version::VARCHAR AS extractor_version
FROM (
    SELECT unnest(from_json(decisions, '{
        "page": ["INTEGER"],
        "ordinal": ["VARCHAR"],
        "numero_processo": ["VARCHAR"],
        "numero_valido": ["BOOLEAN"],
        "classe": ["VARCHAR"],
        "polo_ativo": [["VARCHAR"]],
        "polo_passivo": [["VARCHAR"]],
        "advogados_polo_ativo": [[{"nome": "VARCHAR", "oab": "VARCHAR"}]],
        "advogados_polo_passivo": [[{"nome": "VARCHAR", "oab": "VARCHAR"}]],
        "relator": ["VARCHAR"],
        "decisao": ["VARCHAR"],
        "resultado": ["VARCHAR"],
        "segredo": ["BOOLEAN"],
        "span": [["INTEGER"]]
    }'))
    FROM (VALUES ($decisions)) AS packed (decisions)
) AS entries
