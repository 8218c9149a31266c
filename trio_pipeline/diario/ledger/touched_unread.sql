-- As touched_decisions.sql, for what could not be read.
SELECT unread_rows.rowid AS place, unread_rows.* EXCLUDE (extraction)
FROM unread_rows JOIN extractions USING (diario_id, extraction)
WHERE regexp_matches(text, '[^\x00-\x{B1}´¶·¸º»¿-ÅÇ-ÏÑ-×Ù-Ýà-åç-ïñ-÷ù-ýÿ\x{2010}-\x{2027}\x{FFFE}]')
    OR regexp_matches(
        regexp_replace(strip_accents(lower(translate(text, 'ºª', 'oa'))), '[^a-z0-9]', '', 'g'), $keys
    )
