-- A bank's id stands for one refund, whoever's it is.
INSERT INTO directory (kind, name, customer_id, subject_id)
  SELECT 'bank_refund', bank_id, customer_id, refund_id FROM bank_refund WHERE TRUE
  ON CONFLICT (kind, name) DO NOTHING;
DROP INDEX bank_refund_id;

-- A line of the bank's statement may be a provider's payout, which its bill told of: each payout arrives once.
ALTER TABLE bank_line ADD COLUMN bill_line_id BYTEA;
CREATE UNIQUE INDEX bank_line_payout ON bank_line (bill_line_id) WHERE bill_line_id IS NOT NULL;
CREATE INDEX bill_line_payouts ON bill_line (amount) WHERE kind = 'payout';
