WITH asked AS (
    SELECT list_transform($words::VARCHAR[], lambda word: strip_accents(lower(word))) AS words
), shown AS (
    -- As in decisions.sql.
    SELECT unread_rows.* EXCLUDE (extraction)
    FROM unread_rows JOIN extractions USING (diario_id, extraction)
    WHERE unread_rows.rowid NOT IN (SELECT unnest($places::BIGINT[]))
    UNION ALL BY NAME
    SELECT unnest($masked::STRUCT(
        diario_id VARCHAR, page INTEGER, span INTEGER[], text VARCHAR, reason VARCHAR
    )[], max_depth := 2)
)
SELECT shown.*, diarios.date, diarios.url
FROM shown JOIN diarios ON diarios.id = shown.diario_id, asked
WHERE len(list_filter(words, lambda word: NOT contains(
        strip_accents(lower(concat_ws(' ', diario_id, reason, text))), word))) = 0
    AND ($number::VARCHAR IS NULL OR contains(regexp_replace(text, '[^0-9]', '', 'g'), $number))
    AND ($since::DATE IS NULL OR diarios.date >= $since) AND ($until::DATE IS NULL OR diarios.date <= $until)
ORDER BY diarios.date DESC, diario_id, span[1]
LIMIT $limit
