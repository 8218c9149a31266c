-- Rows that are new or changed, oldest first, so that the order of the catalog does not matter.
INSERT INTO gazettes (id, tribunal, date, number, suffix, url, file_name)
SELECT * FROM (
    SELECT
        unnest(?::VARCHAR[]) AS id,
        unnest(?::VARCHAR[]) AS tribunal,
        unnest(?::DATE[]) AS date,
        unnest(?::INTEGER[]) AS number,
        unnest(?::VARCHAR[]) AS suffix,
        unnest(?::VARCHAR[]) AS url,
        unnest(?::VARCHAR[]) AS file_name
    EXCEPT
    SELECT
        id,
        arg_max(tribunal, seq),
        arg_max(date, seq),
        arg_max(number, seq),
        arg_max(suffix, seq),
        arg_max(url, seq),
        arg_max(file_name, seq)
    FROM gazettes GROUP BY id
)
ORDER BY date, id
