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
