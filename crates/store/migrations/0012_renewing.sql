-- Renewal by itself: one setting a line, with the last consent of its owner. The id follows from the line's; the timer has it too.
-- class: customer
CREATE TABLE auto_renew (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  offering_code TEXT NOT NULL,
  offering_version BIGINT NOT NULL,
  currency TEXT NOT NULL,
  price BIGINT NOT NULL CHECK (price > 0),
  methods TEXT NOT NULL,
  month_cap BIGINT NOT NULL CHECK (month_cap >= price),
  lead_days BIGINT NOT NULL,
  terms_version TEXT NOT NULL,
  consented_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  cycle_at BIGINT,
  debit_at BIGINT,
  step BIGINT,
  asked BIGINT,
  why TEXT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- Each consent to renewal by itself, and each time it was taken back.
-- class: customer-append
CREATE TABLE renewal_consent (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  given BIGINT NOT NULL,
  offering_code TEXT NOT NULL,
  offering_version BIGINT NOT NULL,
  currency TEXT NOT NULL,
  price BIGINT NOT NULL,
  methods TEXT NOT NULL,
  month_cap BIGINT NOT NULL,
  lead_days BIGINT NOT NULL,
  terms_version TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;

CREATE INDEX renewal_consent_line ON renewal_consent (customer_id, line_id, at);

-- Methods that a customer saved. The token is the provider's name for one; nobody but us can use it. The keyed hash of the
-- provider's fingerprint tells that two are the same card.
-- class: customer
CREATE TABLE payment_method (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  token TEXT NOT NULL,
  holder TEXT NOT NULL,
  label TEXT NOT NULL,
  good_until BIGINT NOT NULL,
  fingerprint_hash BYTEA,
  state TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  removed_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;

-- The provider's name for a customer for whom methods were saved.
-- class: customer
CREATE TABLE provider_customer (
  customer_id BYTEA NOT NULL,
  provider TEXT NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (customer_id, provider)
)
WITHOUT ROWID -- sqlite
;

-- A payer asks the bank for the money back.
-- class: customer
CREATE TABLE dispute (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  attempt_id BYTEA NOT NULL,
  order_id BYTEA NOT NULL,
  reference TEXT NOT NULL,
  reason TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  state TEXT NOT NULL,
  frozen_credit BIGINT NOT NULL CHECK (frozen_credit >= 0),
  frozen_deferred BIGINT NOT NULL CHECK (frozen_deferred >= 0),
  from_refunds BIGINT NOT NULL CHECK (from_refunds >= 0),
  opened_at BIGINT NOT NULL,
  due_by_at BIGINT,
  closed_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX dispute_open ON dispute (due_by_at) WHERE state IN ('inquiry', 'open');
