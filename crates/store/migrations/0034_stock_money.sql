-- The day at which each transfer counts, the sums of each day that is over, and what the staff see and do of the stock.

-- Up to which instant of business time days are closed: one row. Nothing is booked before it any more.
-- class: own
CREATE TABLE ledger_horizon (
  id TEXT NOT NULL PRIMARY KEY,
  open_from BIGINT NOT NULL
);
INSERT INTO ledger_horizon (id, open_from) VALUES ('one', 0);

-- When a transfer counts: when it was posted, or, if days were closed beyond that, when the first open one began. The statement
-- that adds one says it; of a writer of another version, which does not, the engine fills it in.
ALTER TABLE transfer ADD COLUMN booked_at BIGINT;
UPDATE transfer SET booked_at = posted_at;
CREATE FUNCTION transfer_books() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.booked_at := GREATEST(NEW.posted_at, (SELECT open_from FROM ledger_horizon WHERE id = 'one')); RETURN NEW; END $$; -- postgres
CREATE TRIGGER transfer_books BEFORE INSERT ON transfer FOR EACH ROW WHEN (NEW.booked_at IS NULL) EXECUTE FUNCTION transfer_books(); -- postgres
CREATE TRIGGER transfer_books AFTER INSERT ON transfer WHEN NEW.booked_at IS NULL BEGIN UPDATE transfer SET booked_at = MAX(NEW.posted_at, (SELECT open_from FROM ledger_horizon WHERE id = 'one')) WHERE id = NEW.id AND customer_id = NEW.customer_id; END; -- sqlite
CREATE INDEX transfer_booked ON transfer (template, booked_at, id) WHERE booked_at IS NOT NULL;
-- What stands in suspense: which accounts, and what moved it.
CREATE INDEX account_suspense ON account (customer_id) WHERE suspense <> 0;
CREATE INDEX transfer_suspense ON transfer (customer_id, posted_at, id) WHERE debit = 6 OR credit = 6;

-- A day of the operator's zone that is over, counted from 1970-01-01. Its rows are written once, with its sums.
-- class: own
CREATE TABLE ledger_day (
  day BIGINT NOT NULL PRIMARY KEY,
  began_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  transfers BIGINT NOT NULL,
  closed_at BIGINT NOT NULL
);
-- class: own
CREATE TABLE ledger_day_template (
  day BIGINT NOT NULL,
  template TEXT NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  transfers BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (day, template, debit, credit)
)
WITHOUT ROWID -- sqlite
;
-- class: own
CREATE TABLE ledger_day_account (
  day BIGINT NOT NULL,
  account BIGINT NOT NULL,
  debits BIGINT NOT NULL,
  credits BIGINT NOT NULL,
  closing BIGINT NOT NULL,
  PRIMARY KEY (day, account)
)
WITHOUT ROWID -- sqlite
;
-- What each method of payment brought and took back.
-- class: own
CREATE TABLE ledger_day_method (
  day BIGINT NOT NULL,
  template TEXT NOT NULL,
  method TEXT NOT NULL,
  transfers BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (day, template, method)
)
WITHOUT ROWID -- sqlite
;

-- Why a batch of Sims, or a Sim, was set aside, and until when it was.
-- class: own
CREATE TABLE stock_hold (
  id BYTEA NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  reason TEXT NOT NULL,
  put_at BIGINT NOT NULL,
  put_by TEXT NOT NULL,
  ended_at BIGINT,
  ended_by TEXT
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX stock_hold_open ON stock_hold (kind, name) WHERE ended_at IS NULL;
ALTER TABLE import_batch ADD COLUMN hold_id BYTEA;
-- A Sim that is set aside is quarantined without a line.
ALTER TABLE sim ADD COLUMN hold_id BYTEA;
CREATE INDEX sim_hold ON sim (hold_id, iccid) WHERE hold_id IS NOT NULL;
-- Counting the stock reads this and no row.
CREATE INDEX sim_stock ON sim (batch, kind, state, msisdn);
CREATE INDEX voucher_stock ON voucher (batch_name, redeemed_at);
-- Numbers that rest, the next to be free first; profiles that wait for money.
CREATE INDEX line_resting ON line (COALESCE(state_until, 9223372036854775807), id) WHERE state = 'quarantined';
CREATE INDEX line_reserved ON line (id) WHERE state = 'reserved';
CREATE INDEX import_batch_began ON import_batch (began_at, kind, name);

-- How many there were of each kind, batch and state when they were last counted.
-- class: own
CREATE TABLE stock_count (
  kind TEXT NOT NULL,
  batch TEXT NOT NULL,
  state TEXT NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (kind, batch, state)
)
WITHOUT ROWID -- sqlite
;
-- Below how many the desk says that a kind is low; family: how the names of batches begin.
-- class: own
CREATE TABLE stock_threshold (
  kind TEXT NOT NULL,
  family TEXT NOT NULL,
  least BIGINT NOT NULL CHECK (least > 0),
  version BIGINT NOT NULL,
  set_at BIGINT NOT NULL,
  set_by TEXT NOT NULL,
  amount BIGINT,
  low_since BIGINT,
  PRIMARY KEY (kind, family)
)
WITHOUT ROWID -- sqlite
;
INSERT INTO setting (name, value) VALUES ('stock_counted_at', '0') ON CONFLICT (name) DO NOTHING;
CREATE INDEX voucher_batch_made ON voucher_batch (made_at, name);
CREATE INDEX stock_hold_put ON stock_hold (put_at, id);
