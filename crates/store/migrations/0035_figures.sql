-- What was counted of a day: sums as JSON, nothing about a person. Counting it again replaces it.
-- class: own
CREATE TABLE figure (
  kind TEXT NOT NULL,
  day BIGINT NOT NULL,
  counted_at BIGINT NOT NULL,
  took_us BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, day)
)
WITHOUT ROWID -- sqlite
;

-- What one at a time does, on whichever node: whose turn it is, and until when.
-- class: own
CREATE TABLE turn (
  name TEXT NOT NULL PRIMARY KEY,
  run BIGINT NOT NULL,
  until_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
INSERT INTO turn (name, run, until_at) VALUES ('figures', 0, 0), ('test_message', 0, 0);

-- How often in a row a job failed, apart from how often it ran. The indexes hold nothing but what
-- people are to look at.
ALTER TABLE job ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
CREATE INDEX job_dead ON job (state, id) WHERE state = 'dead';
CREATE INDEX job_failing ON job (state, id) WHERE failures >= 12;

-- Test messages of the staff: what was sent by which way, and what became of it. Of the address, enough to know it again and a
-- keyed hash.
-- class: own
CREATE TABLE test_message (
  id BYTEA NOT NULL PRIMARY KEY,
  staff_id BYTEA NOT NULL,
  channel TEXT NOT NULL,
  template TEXT NOT NULL,
  language TEXT NOT NULL,
  masked TEXT NOT NULL,
  address_hash BYTEA NOT NULL,
  fate TEXT NOT NULL,
  reason TEXT,
  reference TEXT,
  sent_at BIGINT NOT NULL,
  fate_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
