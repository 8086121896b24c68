-- The whole life of a line: when its state ends by itself, whatever the state, and what its states were.
ALTER TABLE line RENAME COLUMN grace_until TO state_until;

-- Changes of a line's state, as people are shown them.
-- class: customer-append
CREATE TABLE line_event (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX line_event_line ON line_event (customer_id, line_id, id);
