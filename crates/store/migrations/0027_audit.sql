-- What the staff saw or did, and why: a chain. `hash` is SHA-256 over the other columns and the hash before it; the words of
-- a reason are not in it, their salted hash is, so that they can go when the customer is erased.
-- class: own
CREATE TABLE audit (
  seq BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  staff_id BYTEA,
  action TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  customer_id BYTEA,
  reason TEXT,
  reason_salt BYTEA,
  reason_hash BYTEA,
  details TEXT NOT NULL,
  previous BYTEA NOT NULL,
  hash BYTEA NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX audit_staff ON audit (staff_id, seq);
CREATE INDEX audit_subject ON audit (subject_kind, subject_id, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_customer ON audit (customer_id, seq) WHERE customer_id IS NOT NULL;
CREATE INDEX audit_at ON audit (at, seq);

-- Where the chain ends: how many entries there are, and the hash of the last. One row, locked by whoever appends.
-- class: own
CREATE TABLE audit_head (
  id BIGINT NOT NULL PRIMARY KEY,
  entries BIGINT NOT NULL,
  hash BYTEA
)
WITHOUT ROWID -- sqlite
;
INSERT INTO audit_head (id, entries) VALUES (1, 0);
