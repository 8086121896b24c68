-- Messages have a fate, and ways other than by SMS. A row changes while it is young, beside the other young ones, so that the
-- time-first key stays the cheaper one.
ALTER TABLE message ADD COLUMN cause_id BYTEA;
ALTER TABLE message ADD COLUMN channel TEXT NOT NULL DEFAULT 'sms';
ALTER TABLE message ADD COLUMN fate TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE message ADD COLUMN reason TEXT;
ALTER TABLE message ADD COLUMN passed_on BIGINT NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN fate_at BIGINT;

-- What a provider calls a message, and what it reports of it: either may come first, and it may be a message of nobody's.
-- class: own
CREATE TABLE message_reference (
  name TEXT NOT NULL PRIMARY KEY,
  customer_id BYTEA,
  message_id BYTEA,
  reported TEXT,
  reason TEXT,
  at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;

-- Where a customer is told beside the number to sign in with: mailboxes, and browsers with their keys.
-- class: customer
CREATE TABLE contact_point (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX contact_point_address ON contact_point (customer_id, channel, address);
