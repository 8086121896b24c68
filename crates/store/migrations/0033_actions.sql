-- Credit that staff gave or corrected: who, how much, why, and who else decided. The money itself is in transfer.
-- class: customer
CREATE TABLE credit_change (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  reason TEXT,
  asked_by BYTEA NOT NULL,
  asked_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  decided_by BYTEA,
  decided_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX credit_change_newest ON credit_change (customer_id, asked_at, id);
CREATE INDEX credit_change_waiting ON credit_change (asked_at) WHERE state = 'requested';

-- Links to pay that staff sent for a line. What the message said is kept nowhere; the link follows from the row.
-- class: customer
CREATE TABLE pay_link (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  offering_code TEXT NOT NULL,
  offering_version BIGINT NOT NULL,
  order_id BYTEA,
  contact_id BYTEA,
  made_by BYTEA NOT NULL,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX pay_link_line ON pay_link (customer_id, line_id, made_at);

-- Until when whoever runs a job has it; nothing while nobody does. A job that somebody has is not run by another who asks.
ALTER TABLE job ADD COLUMN leased_until BIGINT;
