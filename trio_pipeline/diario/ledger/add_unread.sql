-- What one extraction could not read.
INSERT INTO unread_rows BY NAME
SELECT
    unnest(?::VARCHAR[]) AS extraction,
    unnest(?::VARCHAR[]) AS diario_id,
    unnest(?::INTEGER[]) AS page,
    unnest(?::INTEGER[][]) AS span,
    unnest(?::VARCHAR[]) AS text,
    unnest(?::VARCHAR[]) AS reason
