-- Who customers are: what they said of themselves, sealed, and who proved it. The state stands with the customer.
-- class: customer
CREATE TABLE identity (
  customer_id BYTEA NOT NULL PRIMARY KEY,
  document_kind TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  document_hash BYTEA NOT NULL,
  said_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by TEXT
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX identity_document ON identity (document_hash);

-- Corrections of what was verified: one field, proved by the verifier, or decided by people.
-- class: customer
CREATE TABLE identity_correction (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  field TEXT NOT NULL,
  document_kind TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  document_hash BYTEA NOT NULL,
  reason TEXT,
  state TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by TEXT,
  note TEXT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX identity_correction_open ON identity_correction (customer_id) WHERE state IN ('checking', 'waiting');
CREATE INDEX identity_correction_waiting ON identity_correction (asked_at) WHERE state = 'waiting';

-- What customers agreed to, and took back.
-- class: customer-append
CREATE TABLE consent (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  given BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX consent_customer ON consent (customer_id, id);
