-- The judgements of one reader's extraction, as packed_readings.py has them. Row by row this takes 25 times as long, and
-- everybody else waits.
INSERT INTO decision_rows BY NAME
SELECT
    $extraction::VARCHAR AS extraction,
    $diario_id::VARCHAR AS diario_id,
    unnest(from_json($page, '["INTEGER"]')) AS page,
    unnest(from_json($ordinal, '["VARCHAR"]')) AS ordinal,
    unnest(from_json($numero_processo, '["VARCHAR"]')) AS numero_processo,
    unnest(from_json($numero_valido, '["BOOLEAN"]')) AS numero_valido,
    unnest(from_json($classe, '["VARCHAR"]')) AS classe,
    unnest(from_json($polo_ativo, '[["VARCHAR"]]')) AS polo_ativo,
    unnest(from_json($polo_passivo, '[["VARCHAR"]]')) AS polo_passivo,
    unnest(from_json($advogados_polo_ativo, '[[{"nome": "VARCHAR", "oab": "VARCHAR"}]]')) AS advogados_polo_ativo,
    unnest(from_json($advogados_polo_passivo, '[[{"nome": "VARCHAR", "oab": "VARCHAR"}]]')) AS advogados_polo_passivo,
    unnest(from_json($relator, '["VARCHAR"]')) AS relator,
    unnest(from_json($decisao, '["VARCHAR"]')) AS decisao,
    unnest(from_json($resultado, '["VARCHAR"]')) AS resultado,
    unnest(from_json($segredo, '["BOOLEAN"]')) AS segredo,
    unnest(from_json($span, '[["INTEGER"]]')) AS span,
    $extractor::VARCHAR AS extractor,
    $extractor_version::VARCHAR AS extractor_version
