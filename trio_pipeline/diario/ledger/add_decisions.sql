-- The judgements of one extraction. Row by row this takes 25 times as long, and everybody else waits.
INSERT INTO decision_rows BY NAME
SELECT
    unnest(?::VARCHAR[]) AS extraction,
    unnest(?::VARCHAR[]) AS diario_id,
    unnest(?::INTEGER[]) AS page,
    unnest(?::VARCHAR[]) AS ordinal,
    unnest(?::VARCHAR[]) AS numero_processo,
    unnest(?::BOOLEAN[]) AS numero_valido,
    unnest(?::VARCHAR[]) AS classe,
    unnest(?::VARCHAR[][]) AS polo_ativo,
    unnest(?::VARCHAR[][]) AS polo_passivo,
    unnest(?::STRUCT(nome VARCHAR, oab VARCHAR)[][]) AS advogados_polo_ativo,
    unnest(?::STRUCT(nome VARCHAR, oab VARCHAR)[][]) AS advogados_polo_passivo,
    unnest(?::VARCHAR[]) AS relator,
    unnest(?::VARCHAR[]) AS decisao,
    unnest(?::VARCHAR[]) AS resultado,
    unnest(?::BOOLEAN[]) AS segredo,
    unnest(?::INTEGER[][]) AS span,
    unnest(?::VARCHAR[]) AS extractor,
    unnest(?::VARCHAR[]) AS extractor_version
