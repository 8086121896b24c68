-- Lines get owners, and other owners.

-- Credit on its way from one customer to another with a line.
ALTER TABLE account ADD COLUMN in_transit BIGINT NOT NULL DEFAULT 0;

-- Lines that are handed over, by their new record: what left the giver, until the taker has it. A transaction touches one
-- customer, so it is written with the giver's and taken with the taker's.
-- class: own
CREATE TABLE hand_over (
  line_id BYTEA NOT NULL PRIMARY KEY,
  customer_id BYTEA NOT NULL,
  from_customer BYTEA NOT NULL,
  from_line BYTEA NOT NULL,
  along TEXT NOT NULL,
  state TEXT NOT NULL,
  state_since BIGINT NOT NULL,
  state_until BIGINT,
  service_until BIGINT,
  allowance BYTEA,
  paid_credit BIGINT NOT NULL,
  promo_credit BIGINT NOT NULL,
  handed_at BIGINT NOT NULL,
  taken_at BIGINT
)
WITHOUT ROWID -- sqlite
;

-- Lines that their owners offer to somebody else, at whose number; open until it is taken, refused, withdrawn or too late.
-- class: customer
CREATE TABLE ownership_change (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  contact TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  settled_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE UNIQUE INDEX ownership_change_open ON ownership_change (customer_id, line_id) WHERE state = 'offered';
