-- A closing whose money is being sent: by whom since when. It is open then too.
ALTER TABLE closing_request ADD COLUMN taken_at BIGINT;
ALTER TABLE closing_request ADD COLUMN taken_by TEXT;
DROP INDEX closing_request_open;
DROP INDEX closing_request_queue;
CREATE UNIQUE INDEX closing_request_open ON closing_request (customer_id) WHERE state IN ('asked', 'sending', 'paid_out');
CREATE INDEX closing_request_queue ON closing_request (asked_at) WHERE state IN ('asked', 'sending', 'paid_out');
