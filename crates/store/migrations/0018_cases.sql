-- What a line used on a day of the brand's calendar: the sum of its usage rows, kept in their transactions, so that a page
-- reads a few rows however often a device reports. Days are counted from 1970-01-01.
-- class: customer
CREATE TABLE usage_day (
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  day BIGINT NOT NULL,
  unit TEXT NOT NULL,
  charged BIGINT NOT NULL CHECK (charged >= 0),
  overrun BIGINT NOT NULL CHECK (overrun >= 0),
  PRIMARY KEY (customer_id, line_id, day, unit)
)
WITHOUT ROWID -- sqlite
WITH (fillfactor = 80) -- postgres
;

-- A customer's orders in the order in which they were placed: ids are chosen before, and some follow from other rows.
CREATE INDEX orders_placed ON orders (customer_id, placed_at, id);
-- What moves a customer's money, in order: paid and promotional credit, funds of orders, suspense, refunds in flight.
CREATE INDEX transfer_statement ON transfer (customer_id, posted_at, id)
  WHERE debit IN (2, 3, 4, 6, 7) OR credit IN (2, 3, 4, 6, 7);
-- As in 0009: customers have many rows, so that a line's, order's or case's are looked up by the whole key.
ALTER TABLE usage_day ALTER COLUMN customer_id SET (n_distinct = -0.001); -- postgres
ANALYZE sqlite_schema; -- sqlite
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES -- sqlite
  ('usage_day', 'usage_day', '10000000 10000 100 2 1'), -- sqlite
  ('orders', 'orders_placed', '1000000 1000 2 1'), -- sqlite
  ('transfer', 'transfer_statement', '10000000 10000 2 1'); -- sqlite
ANALYZE sqlite_schema; -- sqlite

-- Cases that people open, and what is written in them. Who reads a case beside the staff: nobody, the owner, or whoever has
-- the secret link of its order. The context is what was known when it was opened.
ALTER TABLE support_case ADD COLUMN for_whom TEXT NOT NULL DEFAULT 'staff';
ALTER TABLE support_case ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE support_case ADD COLUMN line_id BYTEA;
ALTER TABLE support_case ADD COLUMN attempt_id BYTEA;
ALTER TABLE support_case ADD COLUMN step TEXT;
ALTER TABLE support_case ADD COLUMN side TEXT;
ALTER TABLE support_case ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE support_case ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE support_case ADD COLUMN solved_at BIGINT;
UPDATE support_case SET changed_at = opened_at;
CREATE INDEX support_case_state ON support_case (state, changed_at);
CREATE INDEX support_case_order ON support_case (customer_id, order_id);

-- class: customer-append
CREATE TABLE case_entry (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  case_id BYTEA NOT NULL,
  kind TEXT NOT NULL,
  staff_id BYTEA,
  text TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX case_entry_case ON case_entry (customer_id, case_id, id);

-- Files sent with an entry. Known by their content; only ever sent out as downloads.
-- class: customer-append
CREATE TABLE case_attachment (
  id BYTEA NOT NULL,
  customer_id BYTEA NOT NULL,
  case_id BYTEA NOT NULL,
  entry_id BYTEA NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  octets BIGINT NOT NULL CHECK (octets > 0),
  content BYTEA NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id, customer_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX case_attachment_case ON case_attachment (customer_id, case_id, id);
