-- Who works on a case, how soon, who changed it last and how; the case into which it went, or that it goes on from; the job
-- or item that opened it; the number that people read to each other.
ALTER TABLE support_case ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';
ALTER TABLE support_case ADD COLUMN owner_id BYTEA;
ALTER TABLE support_case ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE support_case ADD COLUMN changed_by BYTEA;
ALTER TABLE support_case ADD COLUMN changed_how TEXT NOT NULL DEFAULT 'opened';
ALTER TABLE support_case ADD COLUMN merged_into BYTEA;
ALTER TABLE support_case ADD COLUMN follows BYTEA;
ALTER TABLE support_case ADD COLUMN cause TEXT;
ALTER TABLE support_case ADD COLUMN cause_id BYTEA;
ALTER TABLE support_case ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
UPDATE support_case SET priority = 'high' WHERE reason IN
  ('amount_mismatch', 'merchant_mismatch', 'conflicting_evidence', 'refund_failed', 'disputed');
-- As core reckons it: a day, four hours where money waits, a week where the asker is waited for.
UPDATE support_case SET due_at = changed_at + CASE
  WHEN state = 'waiting' THEN 604800000000 WHEN priority = 'high' THEN 14400000000 ELSE 86400000000 END;
UPDATE support_case SET line_id = (SELECT o.line_id FROM orders o WHERE o.customer_id = support_case.customer_id AND o.id = support_case.order_id)
  WHERE line_id IS NULL AND order_id IS NOT NULL;

-- The queue: each way to look at it by an index of its own, in the order in which it is due.
DROP INDEX support_case_state;
CREATE INDEX support_case_due ON support_case (due_at, customer_id, id) WHERE solved_at IS NULL;
CREATE INDEX support_case_state ON support_case (state, due_at, customer_id, id) WHERE solved_at IS NULL;
CREATE INDEX support_case_owner ON support_case (owner_id, due_at, customer_id, id) WHERE solved_at IS NULL;
CREATE INDEX support_case_nobody ON support_case (due_at, customer_id, id) WHERE solved_at IS NULL AND owner_id IS NULL;
CREATE INDEX support_case_reason ON support_case (reason, due_at, customer_id, id) WHERE solved_at IS NULL;
CREATE INDEX support_case_priority ON support_case (priority, due_at, customer_id, id) WHERE solved_at IS NULL;
CREATE INDEX support_case_solved ON support_case (solved_at, customer_id, id) WHERE solved_at IS NOT NULL;
CREATE INDEX support_case_cause ON support_case (cause_id) WHERE cause_id IS NOT NULL;
CREATE INDEX support_case_number ON support_case (number, customer_id, id);
CREATE INDEX support_case_merged ON support_case (customer_id, merged_into) WHERE merged_into IS NOT NULL;
-- A customer's and a line's timeline.
CREATE INDEX support_case_opened ON support_case (customer_id, opened_at, id);
CREATE INDEX support_case_line ON support_case (customer_id, line_id, opened_at, id) WHERE line_id IS NOT NULL;

-- Prepared answers, in each language in which they were written.
-- class: own
CREATE TABLE prepared_answer (
  id BYTEA NOT NULL,
  language TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  version BIGINT NOT NULL,
  changed_by BYTEA NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (id, language)
)
WITHOUT ROWID -- sqlite
;
