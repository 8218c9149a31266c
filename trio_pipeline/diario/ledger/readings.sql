-- What was read, by year and by who read it; entries of gazettes, whatever became of them since.
SELECT
    year(diarios.date) AS year,
    coalesce(lives.reading ->> 'extractor', '') AS extractor,
    coalesce(lives.reading ->> 'extractor_version', '') AS version,
    count(*) AS gazettes,
    count_if(entries_read + entries_unread = 0) AS without_entries,
    sum(entries_read)::BIGINT AS entries_read,
    sum(entries_unread)::BIGINT AS entries_unread
FROM lives JOIN diarios ON diarios.id = lives.diario_id
WHERE lives.life = 'extract' AND lives.reading IS NOT NULL
GROUP BY ALL
ORDER BY ALL
