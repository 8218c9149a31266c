SELECT id, date, number, error_stage, error, attempts, download_state, archive_state, extract_state, updated_at, url
FROM diarios
WHERE error IS NOT NULL
ORDER BY date DESC, id
LIMIT $limit
