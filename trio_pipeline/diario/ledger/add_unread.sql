-- What one reader's extraction could not read, likewise.
INSERT INTO unread_rows BY NAME
SELECT
    $extraction::VARCHAR AS extraction,
    $diario_id::VARCHAR AS diario_id,
    unnest(COLUMNS(entries.*))
FROM (
    SELECT unnest(from_json(missed, '{
        "page": ["INTEGER"],
        "span": [["INTEGER"]],
        "text": ["VARCHAR"],
        "reason": ["VARCHAR"]
    }'))
    FROM (VALUES ($missed)) AS packed (missed)
) AS entries
