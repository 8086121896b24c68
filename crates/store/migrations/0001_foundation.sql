-- The first schema. Portable types only: BIGINT (money in millionths, microseconds since 1970, booleans 0/1),
-- BYTEA (ids, sixteen bytes), TEXT. A line that ends in the name of an engine is cut for the other one.
--
-- Every table states its class; a test holds it to that:
--   reference       settings and offerings, read by everybody
--   customer        mutable rows of one customer: the primary key begins with customer_id
--   customer-append rows of one customer that are only added: the primary key is (id, customer_id), ids time first
--   own             keyed by its own id; may be written in a customer's transaction

-- class: reference
CREATE TABLE setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- class: reference
CREATE TABLE offering (
  code TEXT NOT NULL,
  version BIGINT NOT NULL,
  sale TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (code, version)
)
WITHOUT ROWID -- sqlite
;

-- class: customer
CREATE TABLE customer (
  customer_id BYTEA NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  contact TEXT,
  language TEXT NOT NULL,
  identity TEXT NOT NULL,
  created_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- Balances in millionths, each on the side on which its ledger account grows. What we owe never goes below zero.
-- class: customer
CREATE TABLE account (
  customer_id BYTEA NOT NULL PRIMARY KEY,
  currency TEXT NOT NULL,
  version BIGINT NOT NULL,
  psp_receivable BIGINT NOT NULL DEFAULT 0,
  paid_credit BIGINT NOT NULL DEFAULT 0 CHECK (paid_credit >= 0),
  promo_credit BIGINT NOT NULL DEFAULT 0 CHECK (promo_credit >= 0),
  order_funds BIGINT NOT NULL DEFAULT 0 CHECK (order_funds >= 0),
  deferred_revenue BIGINT NOT NULL DEFAULT 0 CHECK (deferred_revenue >= 0),
  suspense BIGINT NOT NULL DEFAULT 0 CHECK (suspense >= 0),
  refund_in_flight BIGINT NOT NULL DEFAULT 0 CHECK (refund_in_flight >= 0),
  revenue BIGINT NOT NULL DEFAULT 0 CHECK (revenue >= 0)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- class: customer
CREATE TABLE line (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  msisdn TEXT NOT NULL,
  name TEXT NOT NULL,
  device TEXT NOT NULL,
  family TEXT NOT NULL,
  network TEXT NOT NULL,
  state TEXT NOT NULL,
  state_since BIGINT NOT NULL,
  grace_until BIGINT,
  service_until BIGINT,
  guest_renewal BIGINT NOT NULL,
  main_balance_consent BIGINT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- Buckets and sessions of one balance owner (a line, later a pool); the body is core's.
-- class: customer
CREATE TABLE allowance (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  version BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 70) -- postgres
;

-- class: customer
CREATE TABLE orders (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  number TEXT NOT NULL,
  offering_code TEXT NOT NULL,
  offering_version BIGINT NOT NULL,
  currency TEXT NOT NULL,
  price BIGINT NOT NULL CHECK (price > 0),
  funds BIGINT NOT NULL CHECK (funds >= 0),
  state TEXT NOT NULL,
  placed_by TEXT NOT NULL,
  terms_version TEXT NOT NULL,
  placed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  paid_at BIGINT,
  delivered_at BIGINT,
  in_effect_at BIGINT,
  closed_at BIGINT,
  starts_at BIGINT,
  ends_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- class: customer
CREATE TABLE attempt (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  order_id BYTEA NOT NULL,
  method TEXT NOT NULL,
  out_trade_no TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  state TEXT NOT NULL,
  pay_url TEXT,
  trade_no TEXT,
  received BIGINT NOT NULL CHECK (received >= 0),
  settlement TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  paid_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- class: customer
CREATE TABLE refund (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  attempt_id BYTEA NOT NULL,
  order_id BYTEA NOT NULL,
  out_request_no TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  settled_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;

-- class: customer
CREATE TABLE support_case (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  order_id BYTEA,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;

-- class: customer-append
CREATE TABLE transfer (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  posting_id BYTEA NOT NULL,
  template TEXT NOT NULL,
  order_id BYTEA NOT NULL,
  cause_id BYTEA NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  posted_at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;

-- class: customer-append
CREATE TABLE receipt (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  order_id BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;

-- class: customer-append
CREATE TABLE message (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  order_id BYTEA,
  kind TEXT NOT NULL,
  sent_at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;

-- Usage that no bucket could take: recorded, never a negative balance.
-- class: customer-append
CREATE TABLE usage (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  unit TEXT NOT NULL,
  charged BIGINT NOT NULL CHECK (charged >= 0),
  overrun BIGINT NOT NULL CHECK (overrun >= 0),
  used_at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;

-- Every name that leads to a customer's row: msisdn, imsi, iccid, login, order number, out_trade_no, trade_no, session.
-- class: own
CREATE TABLE directory (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  customer_id BYTEA NOT NULL,
  subject_id BYTEA NOT NULL,
  PRIMARY KEY (kind, name)
)
WITHOUT ROWID -- sqlite
;

-- Cards and profiles in stock and in use.
-- class: own
CREATE TABLE sim (
  iccid TEXT NOT NULL PRIMARY KEY,
  imsi TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  eid TEXT,
  line_id BYTEA,
  customer_id BYTEA,
  role TEXT
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX sim_line ON sim (line_id) WHERE line_id IS NOT NULL;

-- What providers told us, as it arrived.
-- class: own
CREATE TABLE notice (
  provider TEXT NOT NULL,
  name TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (provider, name)
);

-- Work for later: leased by moving due_at, deleted when done.
-- class: own
CREATE TABLE job (
  id BYTEA NOT NULL PRIMARY KEY,
  customer_id BYTEA NOT NULL,
  ordered_by BYTEA,
  payload TEXT NOT NULL,
  state TEXT NOT NULL,
  queued_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  runs BIGINT NOT NULL,
  last_error TEXT
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX job_due ON job (due_at) WHERE state = 'ready';
CREATE INDEX job_order ON job (ordered_by, queued_at, id) WHERE ordered_by IS NOT NULL;

-- The next instant of business time at which something happens to its subject by itself.
-- class: own
CREATE TABLE timer (
  id BYTEA NOT NULL PRIMARY KEY,
  customer_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  due_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX timer_due ON timer (due_at);

-- class: own
CREATE TABLE receipt_unnumbered (
  id BYTEA NOT NULL PRIMARY KEY,
  customer_id BYTEA NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- class: own
CREATE TABLE receipt_number (
  number BIGINT NOT NULL PRIMARY KEY,
  receipt_id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX receipt_number_of ON receipt_number (receipt_id);

-- Keys of requests, bound to the request and to what it made, so that a repeated request makes the same.
-- class: own
CREATE TABLE idempotency (
  scope TEXT NOT NULL PRIMARY KEY,
  request_hash BYTEA NOT NULL,
  made TEXT NOT NULL,
  created_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- One-time codes: keyed hashes, bound to the request that asked for them.
-- class: own
CREATE TABLE login_code (
  id BYTEA NOT NULL PRIMARY KEY,
  contact TEXT NOT NULL,
  code_hash BYTEA NOT NULL,
  tries BIGINT NOT NULL,
  used BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX login_code_contact ON login_code (contact, created_at);

-- Signed-in browsers, customers' and staff's: only the hash of the token is kept.
-- class: own
CREATE TABLE login_session (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  principal TEXT NOT NULL,
  principal_id BYTEA NOT NULL,
  csrf BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- class: own
CREATE TABLE staff (
  id BYTEA NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL
)
WITHOUT ROWID -- sqlite
;
