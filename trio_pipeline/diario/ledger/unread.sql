WITH asked AS (
    SELECT list_transform($words::VARCHAR[], lambda word: strip_accents(lower(word))) AS words
)
SELECT unread.*, diarios.date, diarios.url
FROM unread JOIN diarios ON diarios.id = unread.diario_id, asked
WHERE len(list_filter(words, lambda word: NOT contains(
        strip_accents(lower(concat_ws(' ', diario_id, reason, text))), word))) = 0
    AND ($number::VARCHAR IS NULL OR contains(regexp_replace(text, '[^0-9]', '', 'g'), $number))
    AND ($since::DATE IS NULL OR diarios.date >= $since) AND ($until::DATE IS NULL OR diarios.date <= $until)
ORDER BY diarios.date DESC, diario_id, span[1]
LIMIT $limit
