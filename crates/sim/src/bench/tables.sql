-- The tables of renewals.sql: one attempt, order and line for each of :n customers, and four tables that only grow.
DROP TABLE IF EXISTS pb_attempt, pb_order, pb_line, pb_transfer, pb_allowance, pb_receipt, pb_job;
CREATE TABLE pb_line (customer bigint NOT NULL, id bigint NOT NULL, msisdn text NOT NULL, state bigint NOT NULL, until_us bigint, version bigint NOT NULL, PRIMARY KEY (customer, id)) WITH (fillfactor = 80);
CREATE TABLE pb_order (customer bigint NOT NULL, id bigint NOT NULL, line bigint NOT NULL, state bigint NOT NULL, price bigint NOT NULL, paid_us bigint, PRIMARY KEY (customer, id)) WITH (fillfactor = 80);
CREATE TABLE pb_attempt (customer bigint NOT NULL, id bigint NOT NULL, order_id bigint NOT NULL, state bigint NOT NULL, amount bigint NOT NULL, trade_no text, paid_us bigint, PRIMARY KEY (customer, id)) WITH (fillfactor = 80);
CREATE TABLE pb_transfer (id bigserial, customer bigint NOT NULL, order_id bigint NOT NULL, debit bigint NOT NULL, credit bigint NOT NULL, amount bigint NOT NULL, posted_us bigint NOT NULL);
CREATE TABLE pb_allowance (id bigserial, customer bigint NOT NULL, line bigint NOT NULL, octets bigint NOT NULL, used bigint NOT NULL, from_us bigint NOT NULL, until_us bigint NOT NULL);
CREATE TABLE pb_job (id bigserial, customer bigint NOT NULL, kind text NOT NULL, due_us bigint NOT NULL, payload text NOT NULL);
INSERT INTO pb_line SELECT n, n, '172' || lpad(n::text, 10, '0'), 1, 0, 0 FROM generate_series(1, :n) n;
INSERT INTO pb_order SELECT n, n, n, 1, 19000000, NULL FROM generate_series(1, :n) n;
INSERT INTO pb_attempt SELECT n, n, n, 1, 19000000, NULL, NULL FROM generate_series(1, :n) n;
ALTER TABLE pb_transfer ADD PRIMARY KEY (id, customer);
ALTER TABLE pb_allowance ADD PRIMARY KEY (id, customer);
ALTER TABLE pb_job ADD PRIMARY KEY (id);
VACUUM ANALYZE pb_line, pb_order, pb_attempt;
CHECKPOINT;
