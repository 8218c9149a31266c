-- Where every gazette stands in the lives that a run with archive $archive looks after, and where copies of it are.
WITH known AS (
    SELECT id, arg_max(struct_pack(tribunal, date, number, suffix, url, file_name), seq) AS gazette
    FROM gazettes GROUP BY id
), current_lives AS (
    SELECT lives.*, coalesce(failed_runs.runs, 0) AS failed_runs
    FROM lives LEFT JOIN failed_runs
        ON failed_runs.diario_id = lives.diario_id AND failed_runs.life = lives.life
        AND failed_runs.target IS NOT DISTINCT FROM lives.target
    WHERE lives.life <> 'archive' OR lives.target = $archive
), by_gazette AS (
    SELECT
        diario_id,
        list(struct_pack(
            life, state, not_before, submitted_at, acknowledged, failed_runs, reading, awaits_model
        )) AS lives,
        any_value(done_detail) FILTER (WHERE life = 'download') AS download,
        max(size) FILTER (WHERE life = 'download') AS size
    FROM current_lives GROUP BY diario_id
), held AS (
    SELECT diario_id, list(struct_pack(target, url) ORDER BY target) AS archives
    FROM lives WHERE life = 'archive' AND has_copy GROUP BY diario_id
)
SELECT
    known.id,
    known.gazette.tribunal,
    known.gazette.date,
    known.gazette.number,
    known.gazette.suffix,
    known.gazette.url,
    known.gazette.file_name,
    by_gazette.lives,
    (by_gazette.download ->> 'size')::BIGINT,
    by_gazette.download ->> 'sha256',
    by_gazette.download ->> 'md5',
    by_gazette.size::BIGINT,
    coalesce(held.archives, [])
FROM known
LEFT JOIN by_gazette ON by_gazette.diario_id = known.id
LEFT JOIN held ON held.diario_id = known.id
ORDER BY known.gazette.date DESC, known.id
