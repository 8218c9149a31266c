-- What one search has found.
INSERT INTO found_items BY NAME
SELECT
    ?::VARCHAR AS search,
    unnest(?::VARCHAR[]) AS item,
    unnest(?::VARCHAR[]) AS url,
    unnest(?::VARCHAR[]) AS date
