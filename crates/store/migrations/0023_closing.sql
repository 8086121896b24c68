-- Accounts that their owners close: where what was paid in and not spent goes, sealed, and under which id the bank paid it.
-- class: customer
CREATE TABLE closing_request (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  sealed BYTEA,
  state TEXT NOT NULL,
  paid_out BIGINT NOT NULL,
  lapsed BIGINT NOT NULL,
  bank_id TEXT,
  asked_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by TEXT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX closing_request_open ON closing_request (customer_id) WHERE state IN ('asked', 'paid_out');
CREATE INDEX closing_request_queue ON closing_request (asked_at) WHERE state IN ('asked', 'paid_out');
