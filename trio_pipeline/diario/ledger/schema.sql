-- Append-only: no primary keys, no indexes, no updates. What holds is what was said last, and last is by seq, which the
-- database gives out as rows come in: clocks jump. Times are UTC, durations seconds.

CREATE SEQUENCE IF NOT EXISTS seq;

CREATE TABLE IF NOT EXISTS gazettes (
    seq       BIGINT DEFAULT nextval('seq'),
    id        VARCHAR NOT NULL,
    tribunal  VARCHAR NOT NULL,
    date      DATE NOT NULL,
    number    INTEGER NOT NULL,
    suffix    VARCHAR NOT NULL,
    url       VARCHAR NOT NULL,
    file_name VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS events (
    seq         BIGINT DEFAULT nextval('seq'),
    happened_at TIMESTAMP NOT NULL,
    run_id      VARCHAR NOT NULL,
    diario_id   VARCHAR NOT NULL,
    stage       VARCHAR NOT NULL,
    target      VARCHAR,             -- the archive, where the stage is archive or confirm
    outcome     VARCHAR NOT NULL,
    attempt     INTEGER,
    elapsed     DOUBLE,
    not_before  TIMESTAMP,
    detail      JSON
);

CREATE TABLE IF NOT EXISTS run_starts (
    seq        BIGINT DEFAULT nextval('seq'),
    run_id     VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    archive    VARCHAR,              -- the archive of this run, NULL if it had none
    config     JSON NOT NULL
);

CREATE TABLE IF NOT EXISTS run_ends (
    run_id   VARCHAR NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    ended_by VARCHAR NOT NULL,
    counts   JSON NOT NULL
);

-- Rows of every extraction ever made; an event with outcome "extracted" names the extraction that holds from then on.
CREATE TABLE IF NOT EXISTS decision_rows (
    extraction              VARCHAR NOT NULL,
    diario_id               VARCHAR NOT NULL,
    page                    INTEGER NOT NULL,
    ordinal                 VARCHAR,
    numero_processo         VARCHAR NOT NULL,
    numero_valido           BOOLEAN NOT NULL,
    classe                  VARCHAR,
    polo_ativo              VARCHAR[] NOT NULL,
    polo_passivo            VARCHAR[] NOT NULL,
    advogados_polo_ativo    STRUCT(nome VARCHAR, oab VARCHAR)[] NOT NULL,
    advogados_polo_passivo  STRUCT(nome VARCHAR, oab VARCHAR)[] NOT NULL,
    relator                 VARCHAR,
    decisao                 VARCHAR,
    resultado               VARCHAR,
    segredo                 BOOLEAN NOT NULL,
    span                    INTEGER[] NOT NULL,
    extractor               VARCHAR NOT NULL,
    extractor_version       VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS unread_rows (
    extraction VARCHAR NOT NULL,
    diario_id  VARCHAR NOT NULL,
    page       INTEGER NOT NULL,
    span       INTEGER[] NOT NULL,
    text       VARCHAR NOT NULL,
    reason     VARCHAR NOT NULL
);

-- What the search of an archive has found that may be copies; the items of the last search hold.
CREATE TABLE IF NOT EXISTS searches (
    seq         BIGINT DEFAULT nextval('seq'),
    search      VARCHAR NOT NULL,
    archive     VARCHAR NOT NULL,
    searched_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS found_items (
    search VARCHAR NOT NULL,
    item   VARCHAR NOT NULL,
    url    VARCHAR NOT NULL,
    date   VARCHAR NOT NULL
);

-- What pacing learned about a group of hosts; the last row of each holds.
CREATE TABLE IF NOT EXISTS paces (
    seq     BIGINT DEFAULT nextval('seq'),
    hosts   VARCHAR NOT NULL,
    learned JSON NOT NULL
);

-- What each host's robots.txt said whenever it could be read; empty where there was none. The last row of each holds.
CREATE TABLE IF NOT EXISTS robots (
    seq     BIGINT DEFAULT nextval('seq'),
    host    VARCHAR NOT NULL,
    read_at TIMESTAMP NOT NULL,
    status  INTEGER NOT NULL,
    text    VARCHAR NOT NULL
);

-- Every reading of the court's listing: what came of it, and how many gazettes it had. The gazettes are above.
CREATE TABLE IF NOT EXISTS listings (
    seq      BIGINT DEFAULT nextval('seq'),
    tribunal VARCHAR NOT NULL,
    year     INTEGER NOT NULL,
    read_at  TIMESTAMP NOT NULL,
    outcome  VARCHAR NOT NULL,       -- read, put_off or failed
    rows     INTEGER,                -- NULL where it could not be read to its end
    newest   DATE,
    reason   VARCHAR
);

-- Every request to a language model, recorded before it is sent, with the most tokens that it may cost.
CREATE TABLE IF NOT EXISTS model_requests (
    seq       BIGINT DEFAULT nextval('seq'),
    request   VARCHAR NOT NULL,
    asked_at  TIMESTAMP NOT NULL,
    model     VARCHAR NOT NULL,
    prompt    VARCHAR NOT NULL,          -- its version
    text_hash VARCHAR NOT NULL,          -- SHA-256 of the text that was asked about
    reserved  INTEGER NOT NULL
);

-- How each of them ended, once that is known. One that ended without an answer cost nothing.
CREATE TABLE IF NOT EXISTS model_answers (
    seq           BIGINT DEFAULT nextval('seq'),
    request       VARCHAR NOT NULL,
    ended_at      TIMESTAMP NOT NULL,
    ended_with    VARCHAR,               -- complete or unusable; NULL without an answer
    reason        VARCHAR,               -- the provider's word for that
    text          VARCHAR,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
);
