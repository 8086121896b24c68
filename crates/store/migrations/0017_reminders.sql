-- Of what the owner of a line wants to be reminded, where that is not the brand's choice; whether the owner is told beside the
-- line's contact persons; and the counts of used data that a forecast is computed from. The id follows from the line's; the
-- timer has it too.
-- class: customer
CREATE TABLE line_reminders (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  own BIGINT NOT NULL,
  days TEXT NOT NULL,
  percents TEXT NOT NULL,
  forecast BIGINT NOT NULL,
  quiet_from BIGINT,
  quiet_until BIGINT,
  tell_owner BIGINT NOT NULL,
  usage_basis BIGINT NOT NULL,
  usage_counts TEXT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- Each reminder that was told: why, about what, and when. What became of it stands with its messages.
-- class: customer-append
CREATE TABLE reminder (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  cause TEXT NOT NULL,
  cycle_at BIGINT NOT NULL,
  step BIGINT NOT NULL,
  runs_out_at BIGINT,
  at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX reminder_line ON reminder (customer_id, line_id, at);

-- Who is told about a line beside its owner: proved by a code that was sent there. They own nothing.
-- class: customer
CREATE TABLE line_contact (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  language TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX line_contact_address ON line_contact (customer_id, line_id, channel, address);

-- Messages to others than the owner: to a contact person, or to the line's own number.
ALTER TABLE message ADD COLUMN beside TEXT;
ALTER TABLE message ADD COLUMN contact_id BYTEA;

-- Renewal by itself before the end is near: when little data is left, or a forecast says so; and the data for which it was.
ALTER TABLE auto_renew ADD COLUMN left_percent BIGINT;
ALTER TABLE auto_renew ADD COLUMN by_forecast BIGINT NOT NULL DEFAULT 0;
ALTER TABLE auto_renew ADD COLUMN early_at BIGINT;
ALTER TABLE renewal_consent ADD COLUMN left_percent BIGINT;
ALTER TABLE renewal_consent ADD COLUMN by_forecast BIGINT NOT NULL DEFAULT 0;
