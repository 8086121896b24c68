-- Whom receipts named before the brand was called otherwise: those issued before this time.
-- class: reference
CREATE TABLE former_payee (
  until_at BIGINT NOT NULL PRIMARY KEY,
  legal_name TEXT NOT NULL,
  credit_code TEXT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- The card that served the line when its receipt was numbered, masked: later another may.
ALTER TABLE receipt_number ADD COLUMN iccid TEXT;

-- What was asked for and what became of it, once an order. Its receipt follows from the order.
-- class: customer
CREATE TABLE invoice_request (
  customer_id BYTEA NOT NULL,
  order_id BYTEA NOT NULL,
  buyer TEXT NOT NULL,
  title TEXT NOT NULL,
  tax_number TEXT,
  email TEXT,
  state TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by BYTEA,
  number TEXT,
  link TEXT,
  reason TEXT,
  PRIMARY KEY (customer_id, order_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX invoice_request_waiting ON invoice_request (asked_at) WHERE state = 'requested';
