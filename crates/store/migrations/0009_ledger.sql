-- Ledger accounts for what is outside orders: the bank, fees, vouchers, promotions, disputes, losses; and transfers that
-- belong to no order.
ALTER TABLE account ADD COLUMN bank BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN psp_fees BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN voucher_receivable BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN promotion_cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN dispute_receivable BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN write_off BIGINT NOT NULL DEFAULT 0;
ALTER TABLE transfer ALTER COLUMN order_id DROP NOT NULL; -- postgres
ALTER TABLE transfer RENAME TO transfer_before; -- sqlite
-- class: customer-append
CREATE TABLE transfer ( -- sqlite
  id BYTEA NOT NULL, -- sqlite
  customer_id BYTEA NOT NULL, -- sqlite
  posting_id BYTEA NOT NULL, -- sqlite
  template TEXT NOT NULL, -- sqlite
  order_id BYTEA, -- sqlite
  cause_id BYTEA NOT NULL, -- sqlite
  debit BIGINT NOT NULL, -- sqlite
  credit BIGINT NOT NULL, -- sqlite
  amount BIGINT NOT NULL CHECK (amount > 0), -- sqlite
  posted_at BIGINT NOT NULL, -- sqlite
  PRIMARY KEY (id, customer_id) -- sqlite
) WITHOUT ROWID; -- sqlite
INSERT INTO transfer SELECT * FROM transfer_before; -- sqlite
DROP TABLE transfer_before; -- sqlite

-- What belongs to one order or line is found without reading everything its customer has: a fleet has a million lines.
CREATE INDEX orders_line ON orders (customer_id, line_id, id);
CREATE INDEX attempt_order ON attempt (customer_id, order_id);
CREATE INDEX refund_order ON refund (customer_id, order_id);
-- Most customers have one line, so an ANALYZE finds about as many customers as rows, and the planner looks up a row by its
-- customer alone: of a fleet, every row. Told that customers have many rows, it uses the whole key. SQLite guesses without
-- statistics; these say the same.
ALTER TABLE line ALTER COLUMN customer_id SET (n_distinct = -0.01); -- postgres
ALTER TABLE allowance ALTER COLUMN customer_id SET (n_distinct = -0.01); -- postgres
ALTER TABLE orders ALTER COLUMN customer_id SET (n_distinct = -0.01); -- postgres
ALTER TABLE attempt ALTER COLUMN customer_id SET (n_distinct = -0.01); -- postgres
ALTER TABLE refund ALTER COLUMN customer_id SET (n_distinct = -0.01); -- postgres
ANALYZE sqlite_schema; -- sqlite
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES -- sqlite
  ('line', 'line', '1000000 1000 1'), ('allowance', 'allowance', '1000000 1000 1'), -- sqlite
  ('orders', 'orders', '1000000 1000 1'), ('orders', 'orders_line', '1000000 1000 10 1'), -- sqlite
  ('attempt', 'attempt', '1000000 1000 1'), ('attempt', 'attempt_order', '1000000 1000 2'), -- sqlite
  ('refund', 'refund', '1000000 1000 1'), ('refund', 'refund_order', '1000000 1000 2'); -- sqlite
ANALYZE sqlite_schema; -- sqlite
