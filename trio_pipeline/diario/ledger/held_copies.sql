-- Every copy that was handed over to an archive or seen there, with what its bytes must be; newest gazette first.
WITH known AS (
    SELECT id, arg_max(struct_pack(tribunal, date, number, suffix, url, file_name), seq) AS gazette
    FROM gazettes GROUP BY id
)
SELECT
    known.id,
    known.gazette.tribunal AS tribunal,
    known.gazette.date AS date,
    known.gazette.number AS number,
    known.gazette.suffix AS suffix,
    known.gazette.url AS url,
    known.gazette.file_name AS file_name,
    copies.target AS archive,
    copies.state,
    CASE WHEN copies.has_copy THEN copies.url END AS copy_url,
    (downloads.done_detail ->> 'size')::BIGINT AS size,
    downloads.done_detail ->> 'sha256' AS sha256,
    downloads.done_detail ->> 'md5' AS md5,
    copies.submitted_at,
    coalesce(copies.acknowledged, false) AS acknowledged
FROM lives AS copies
JOIN known ON known.id = copies.diario_id
JOIN lives AS downloads ON downloads.diario_id = copies.diario_id AND downloads.life = 'download'
WHERE copies.life = 'archive'
    AND copies.state IN ('submitted', 'confirmed')
    AND downloads.done_detail IS NOT NULL
    AND (len($ids::VARCHAR[]) = 0 OR list_contains($ids::VARCHAR[], copies.diario_id))
    AND ($archive::VARCHAR IS NULL OR copies.target = $archive::VARCHAR)
ORDER BY known.gazette.date DESC, known.id, copies.target
LIMIT $limit
