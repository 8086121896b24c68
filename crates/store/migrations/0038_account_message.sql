-- What was told about an account, by which way, and what became of it: such messages are about no line.
-- class: customer-append
CREATE TABLE account_message (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  template TEXT NOT NULL,
  channel TEXT NOT NULL,
  fate TEXT NOT NULL,
  reason TEXT,
  sent_at BIGINT NOT NULL,
  fate_at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX account_message_sent ON account_message (customer_id, sent_at, id);
