-- Refunds that staff asked for: who, how much, why, and who else decided. The money itself is in refund and transfer.
-- class: customer
CREATE TABLE refund_request (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  order_id BYTEA NOT NULL,
  asked_by BYTEA NOT NULL,
  asked_at BIGINT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  keeps BIGINT NOT NULL,
  reason TEXT,
  state TEXT NOT NULL,
  decided_by BYTEA,
  decided_at BIGINT,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX refund_request_order ON refund_request (customer_id, order_id);
CREATE INDEX refund_request_waiting ON refund_request (asked_at) WHERE state = 'requested';

-- A provider's notice names a refund by its number alone.
CREATE INDEX refund_out_request_no ON refund (out_request_no);

-- How many orders and payments somebody began in an hour or a day: a keyed hash says who, for what and when.
-- class: own
CREATE TABLE velocity_count (
  name BYTEA NOT NULL PRIMARY KEY,
  count BIGINT NOT NULL,
  ends_at BIGINT NOT NULL
)
WITHOUT ROWID -- sqlite
;
