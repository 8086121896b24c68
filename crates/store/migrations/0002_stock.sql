-- What an operator loads: Sims, activation codes, and the lines of a business that moves in.

-- A batch is loaded whole or not at all. What it holds counts only once it is complete.
-- class: own
CREATE TABLE import_batch (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  named BIGINT NOT NULL,
  state TEXT NOT NULL,
  loaded BIGINT NOT NULL,
  began_at BIGINT NOT NULL,
  completed_at BIGINT,
  PRIMARY KEY (kind, name)
)
WITHOUT ROWID -- sqlite
;

-- Activation codes of profiles, sealed; the keyed hash finds a code that is here already.
-- class: own
CREATE TABLE activation_code (
  iccid TEXT NOT NULL PRIMARY KEY,
  batch TEXT NOT NULL,
  code BYTEA NOT NULL,
  code_hash BYTEA NOT NULL,
  source_hash BYTEA NOT NULL
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX activation_code_hash ON activation_code (code_hash);

-- The number that a Sim bears; a companion bears none of its own.
ALTER TABLE sim ADD COLUMN msisdn TEXT;
-- The batch of Sims that brought it, and the batch of lines that took it into use.
ALTER TABLE sim ADD COLUMN batch TEXT;
ALTER TABLE sim ADD COLUMN line_batch TEXT;
-- Keyed hashes of the imported rows: the same row again changes nothing.
ALTER TABLE sim ADD COLUMN source_hash BYTEA;
ALTER TABLE sim ADD COLUMN line_hash BYTEA;
-- Secrets of the card, sealed.
ALTER TABLE sim ADD COLUMN pin1 BYTEA;
ALTER TABLE sim ADD COLUMN puk1 BYTEA;
ALTER TABLE sim ADD COLUMN pin2 BYTEA;
ALTER TABLE sim ADD COLUMN puk2 BYTEA;
ALTER TABLE sim ADD COLUMN registration_code BYTEA;
-- Keyed hashes by which somebody who holds the card can prove it.
ALTER TABLE sim ADD COLUMN puk_hash BYTEA;
ALTER TABLE sim ADD COLUMN registration_hash BYTEA;
UPDATE sim SET msisdn = (SELECT l.msisdn FROM line l WHERE l.customer_id = sim.customer_id AND l.id = sim.line_id) WHERE role = 'primary';
CREATE UNIQUE INDEX sim_imsi ON sim (imsi);
CREATE UNIQUE INDEX sim_msisdn ON sim (msisdn) WHERE msisdn IS NOT NULL;
CREATE INDEX sim_registration ON sim (registration_hash) WHERE registration_hash IS NOT NULL;

-- The key that the operator gave the owner; the directory leads from it to the customer.
ALTER TABLE customer ADD COLUMN owner_key TEXT;
