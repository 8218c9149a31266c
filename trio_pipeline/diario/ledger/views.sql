-- The state of everything, computed from what was recorded.

-- The state that each outcome leads to: diario/lifecycle.py says the same, and a test compares the two.
CREATE OR REPLACE VIEW states AS
SELECT * FROM (VALUES
    ('download', 'asked', 'pending'), ('download', 'downloaded', 'downloaded'), ('download', 'restored', 'downloaded'),
    ('download', 'put_off', 'pending'),
    ('download', 'failed', 'failed'), ('download', 'rejected', 'rejected'), ('download', 'reset', 'pending'),
    ('archive', 'asked', 'pending'), ('archive', 'started', 'submitted'), ('archive', 'submitted', 'submitted'),
    ('archive', 'confirmed', 'confirmed'), ('archive', 'put_off', 'pending'), ('archive', 'failed', 'failed'),
    ('archive', 'rejected', 'rejected'), ('archive', 'reset', 'pending'),
    ('confirm', 'confirmed', 'confirmed'), ('confirm', 'put_off', 'submitted'), ('confirm', 'absent', 'submitted'),
    ('confirm', 'lost', 'pending'), ('confirm', 'failed', 'failed'), ('confirm', 'rejected', 'rejected'),
    ('extract', 'asked', 'pending'), ('extract', 'read', 'pending'), ('extract', 'extracted', 'extracted'),
    ('extract', 'put_off', 'pending'), ('extract', 'failed', 'failed'), ('extract', 'rejected', 'rejected'),
    ('extract', 'reset', 'pending'),
    ('model', 'extracted', 'extracted'), ('model', 'put_off', 'pending'), ('model', 'failed', 'failed'),
    ('model', 'rejected', 'rejected')
) AS states(stage, outcome, state);

-- The life that the events of each stage belong to.
CREATE OR REPLACE VIEW stage_lives AS
SELECT * FROM (VALUES
    ('download', 'download'), ('archive', 'archive'), ('confirm', 'archive'), ('extract', 'extract'),
    ('model', 'extract')
) AS stage_lives(stage, life);

-- One row for each life of each gazette, and for each archive.
CREATE OR REPLACE VIEW lives AS
WITH told AS (
    SELECT events.*, states.state, stage_lives.life
    FROM events JOIN states USING (stage, outcome) JOIN stage_lives USING (stage)
)
SELECT
    diario_id,
    life,
    target,
    arg_max(state, seq) AS state,
    max(seq) AS seq,
    arg_max(happened_at, seq) AS updated_at,
    -- A life that was put off waits; any later word ends the waiting, save that an upload is looked for when it is due.
    arg_max(struct_pack(until := not_before), seq).until AS not_before,
    arg_max(struct_pack(outcome := outcome), seq).outcome AS outcome,
    arg_max(happened_at, seq) FILTER (WHERE outcome IN ('started', 'submitted')) AS submitted_at,
    arg_max(outcome = 'submitted' AND coalesce(detail ->> 'acknowledged', 'true') = 'true', seq)
        FILTER (WHERE outcome IN ('started', 'submitted')) AS acknowledged,
    arg_max(detail, seq) FILTER (WHERE outcome IN ('downloaded', 'confirmed', 'extracted')) AS done_detail,
    -- What was read, also while the rest is left to a model.
    arg_max(detail, seq) FILTER (WHERE detail ->> 'extraction' IS NOT NULL) AS reading,
    arg_max(outcome, seq) FILTER (WHERE outcome IN ('reset', 'read', 'extracted')) = 'read' AS awaits_model,
    arg_max(detail ->> 'url', seq) FILTER (WHERE detail ->> 'url' IS NOT NULL) AS url,
    arg_max(detail ->> 'size', seq) FILTER (WHERE detail ->> 'size' IS NOT NULL) AS size,
    -- Whether a copy is said to be there; a reset says nothing about that.
    coalesce(
        arg_max(outcome IN ('submitted', 'confirmed'), seq) FILTER (
            WHERE outcome IN ('submitted', 'confirmed')
                OR (stage = 'confirm' AND outcome IN ('lost', 'failed', 'rejected'))
        ), false
    ) AS has_copy,
    max(seq) FILTER (
        WHERE outcome IN (
            'downloaded', 'restored', 'started', 'submitted', 'confirmed', 'absent', 'read', 'extracted'
        )
    ) AS progress_seq,
    arg_max(coalesce(detail ->> 'reason', outcome), seq) FILTER (
        WHERE outcome IN ('put_off', 'failed', 'rejected', 'lost')
    ) AS error,
    max(seq) FILTER (WHERE outcome IN ('put_off', 'failed', 'rejected', 'lost')) AS error_seq,
    arg_max(stage, seq) FILTER (WHERE outcome IN ('put_off', 'failed', 'rejected', 'lost')) AS error_stage,
    count(attempt) AS attempts
FROM told
GROUP BY ALL;

-- In how many runs a life has failed since it last succeeded or was reset.
CREATE OR REPLACE VIEW failed_runs AS
WITH told AS (
    SELECT * FROM events JOIN stage_lives USING (stage)
), resets AS (
    SELECT diario_id, life, target, max(seq) AS seq FROM told
    WHERE outcome IN ('reset', 'downloaded', 'restored', 'confirmed', 'extracted') GROUP BY ALL
)
SELECT told.diario_id, told.life, told.target, count(DISTINCT told.run_id) AS runs
FROM told LEFT JOIN resets
    ON resets.diario_id = told.diario_id AND resets.life = told.life AND resets.target IS NOT DISTINCT FROM told.target
WHERE told.outcome = 'failed' AND told.seq > coalesce(resets.seq, 0)
GROUP BY ALL;

CREATE OR REPLACE VIEW copies AS
SELECT
    lives.diario_id,
    lives.target AS archive,
    lives.state,
    CASE WHEN lives.has_copy THEN lives.url END AS url,
    CASE WHEN lives.has_copy THEN downloads.done_detail ->> 'md5' END AS md5,
    lives.updated_at
FROM lives
LEFT JOIN lives AS downloads ON downloads.diario_id = lives.diario_id AND downloads.life = 'download'
WHERE lives.life = 'archive';

CREATE OR REPLACE VIEW diarios AS
WITH known AS (
    SELECT
        id,
        arg_max(tribunal, seq) AS tribunal,
        arg_max(date, seq) AS date,
        arg_max(number, seq) AS number,
        arg_max(suffix, seq) AS suffix,
        arg_max(url, seq) AS url,
        arg_max(file_name, seq) AS file_name
    FROM gazettes GROUP BY id
), last_archive AS (
    SELECT arg_max(archive, seq) AS archive FROM run_starts WHERE archive IS NOT NULL
), current_lives AS (
    SELECT * FROM lives WHERE life <> 'archive' OR target = (SELECT archive FROM last_archive)
), download AS (SELECT * FROM current_lives WHERE life = 'download'),
archive AS (SELECT * FROM current_lives WHERE life = 'archive'),
extract AS (SELECT * FROM current_lives WHERE life = 'extract'),
trouble AS (
    SELECT diario_id, arg_max(error, error_seq) AS error, arg_max(error_stage, error_seq) AS error_stage
    FROM current_lives
    WHERE error_seq > coalesce(progress_seq, 0)
    GROUP BY diario_id
), touched AS (
    SELECT diario_id, arg_max(updated_at, seq) AS updated_at, sum(attempts)::BIGINT AS attempts
    FROM current_lives GROUP BY diario_id
)
SELECT
    known.id,
    known.tribunal,
    known.date,
    known.number,
    known.suffix,
    known.url,
    known.file_name,
    coalesce(download.state, 'not_asked') AS download_state,
    coalesce(archive.state, 'not_asked') AS archive_state,
    coalesce(extract.state, 'not_asked') AS extract_state,
    (download.done_detail ->> 'size')::BIGINT AS size,
    download.done_detail ->> 'sha256' AS sha256,
    download.done_detail ->> 'md5' AS md5,
    (download.done_detail ->> 'pages')::INTEGER AS pages,
    CASE WHEN archive.has_copy THEN archive.url END AS archive_url,
    (extract.reading ->> 'entries_read')::INTEGER AS entries_read,
    (extract.reading ->> 'entries_unread')::INTEGER AS entries_unread,
    coalesce(touched.attempts, 0) AS attempts,
    trouble.error,
    trouble.error_stage,
    touched.updated_at
FROM known
LEFT JOIN download ON download.diario_id = known.id
LEFT JOIN archive ON archive.diario_id = known.id
LEFT JOIN extract ON extract.diario_id = known.id
LEFT JOIN trouble ON trouble.diario_id = known.id
LEFT JOIN touched ON touched.diario_id = known.id;

-- The extraction that holds for each gazette.
CREATE OR REPLACE VIEW extractions AS
SELECT diario_id, arg_max(detail ->> 'extraction', seq) AS extraction
FROM events WHERE detail ->> 'extraction' IS NOT NULL GROUP BY diario_id;

CREATE OR REPLACE VIEW decisions AS
SELECT decision_rows.* EXCLUDE (extraction)
FROM decision_rows JOIN extractions USING (diario_id, extraction);

CREATE OR REPLACE VIEW unread AS
SELECT unread_rows.* EXCLUDE (extraction)
FROM unread_rows JOIN extractions USING (diario_id, extraction);

CREATE OR REPLACE VIEW runs AS
SELECT run_starts.run_id, started_at, ended_at, ended_by, config, counts
FROM run_starts LEFT JOIN run_ends USING (run_id)
ORDER BY run_starts.seq;
