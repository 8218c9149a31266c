-- What one reader's extraction could not read, likewise.
INSERT INTO unread_rows BY NAME
SELECT
    $extraction::VARCHAR AS extraction,
    $diario_id::VARCHAR AS diario_id,
    unnest(from_json($page, '["INTEGER"]')) AS page,
    unnest(from_json($span, '[["INTEGER"]]')) AS span,
    unnest(from_json($text, '["VARCHAR"]')) AS text,
    unnest(from_json($reason, '["VARCHAR"]')) AS reason
