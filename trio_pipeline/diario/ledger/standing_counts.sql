SELECT stage, state, count(*) AS gazettes, sum(size)::BIGINT AS size
FROM (
    SELECT 'download' AS stage, 1 AS place, download_state AS state, size FROM diarios
    UNION ALL SELECT 'archive', 2, archive_state, size FROM diarios
    UNION ALL SELECT 'extract', 3, extract_state, size FROM diarios
)
GROUP BY stage, place, state
ORDER BY place, state
