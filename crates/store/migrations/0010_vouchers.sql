-- Vouchers and bank transfers.

-- Vouchers: codes that bring credit, once each. A batch is what they have in common.
-- class: own
CREATE TABLE voucher_batch (
  name TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  vouchers BIGINT NOT NULL CHECK (vouchers > 0),
  state TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  stopped_at BIGINT,
  stopped_by TEXT
)
WITHOUT ROWID -- sqlite
;

-- The id is the keyed hash of the code, which is kept nowhere.
-- class: own
CREATE TABLE voucher (
  id BYTEA NOT NULL PRIMARY KEY,
  batch_name TEXT NOT NULL,
  customer_id BYTEA,
  order_id BYTEA,
  redeemed_at BIGINT
)
WITHOUT ROWID -- sqlite
;

-- Wrong codes, counted by keyed hashes of who gave them.
-- class: own
CREATE TABLE voucher_guess (
  who BYTEA NOT NULL PRIMARY KEY,
  wrong BIGINT NOT NULL,
  last_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- Lines of the operator's bank statements, by the bank's own id, and what they became.
-- class: own
CREATE TABLE bank_line (
  bank_id TEXT NOT NULL PRIMARY KEY,
  booked_on TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  payer TEXT NOT NULL,
  remark TEXT NOT NULL,
  state TEXT NOT NULL,
  customer_id BYTEA,
  attempt_id BYTEA,
  matched_by TEXT,
  imported_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX bank_line_unmatched ON bank_line (bank_id) WHERE state = 'unmatched';

-- Refunds that people made from the bank account.
-- class: customer
CREATE TABLE bank_refund (
  customer_id BYTEA NOT NULL,
  refund_id BYTEA NOT NULL,
  bank_id TEXT NOT NULL,
  noted_at BIGINT NOT NULL,
  noted_by TEXT NOT NULL,
  PRIMARY KEY (customer_id, refund_id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX bank_refund_id ON bank_refund (customer_id, bank_id);
