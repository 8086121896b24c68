-- Signed-in browsers: what their owner knows one by, and how and when the owner was last proved.
ALTER TABLE login_session ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE login_session ADD COLUMN proved_by TEXT NOT NULL DEFAULT 'code';
ALTER TABLE login_session ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX login_session_principal ON login_session (principal, principal_id);

-- How a customer signs in beside codes: the password as an Argon2id hash, and whether a second factor is asked for.
-- class: customer
CREATE TABLE credential (
  customer_id BYTEA NOT NULL PRIMARY KEY,
  password_hash TEXT,
  password_set_at BIGINT,
  second_factor BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- Passkeys: the public half, as its library writes it, and what its owner calls it.
-- class: customer
CREATE TABLE passkey (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  credential_id BYTEA NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX passkey_credential ON passkey (customer_id, credential_id);

-- A step of signing in that waits for the next one; whose it is, and what the next one needs. Only the keyed hash of its
-- secret is kept.
-- class: own
CREATE TABLE login_step (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  principal_id BYTEA,
  state TEXT NOT NULL,
  expires_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- What happened to a customer's account, and when its owner was told. Of a change of the contact number, the former one.
-- class: customer-append
CREATE TABLE account_event (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  device TEXT NOT NULL,
  former TEXT,
  at BIGINT NOT NULL,
  told_at BIGINT,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX account_event_customer ON account_event (customer_id, id);

-- When a line's Sim was last replaced by another.
ALTER TABLE line ADD COLUMN sim_replaced_at BIGINT;

-- Requests to be let in by people, where no code arrives: to which new number, and in whose words. Decided by staff, not
-- before a time in which the owner can stop it.
-- class: customer
CREATE TABLE recovery_request (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  contact TEXT NOT NULL,
  reason TEXT,
  state TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by BYTEA,
  note TEXT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX recovery_request_open ON recovery_request (due_at) WHERE state IN ('waiting', 'ready');
