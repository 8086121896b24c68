-- What customers write under an offering: reviews, questions, answers; and what staff answer. The text of one that its
-- author took back is gone. An author who was erased is nobody: no customer, no line, no name.
-- class: own
CREATE TABLE contribution (
  id BYTEA NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  offering_code TEXT NOT NULL,
  question_id BYTEA,
  customer_id BYTEA,
  line_id BYTEA,
  staff_id BYTEA,
  author TEXT NOT NULL,
  stars BIGINT,
  words TEXT NOT NULL,
  device TEXT,
  region TEXT,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  reports BIGINT NOT NULL,
  written_at BIGINT NOT NULL,
  answered_at BIGINT,
  settled_at BIGINT,
  settled_by BYTEA,
  reason TEXT
)
WITHOUT ROWID -- sqlite
;
-- One review of an offering by a customer.
CREATE UNIQUE INDEX contribution_review ON contribution (customer_id, offering_code) WHERE kind = 'review';
CREATE INDEX contribution_customer ON contribution (customer_id, written_at);
CREATE INDEX contribution_shown ON contribution (offering_code, kind, id) WHERE state IN ('published', 'reported');
CREATE INDEX contribution_answer ON contribution (question_id, id) WHERE question_id IS NOT NULL;
-- What waits for staff.
CREATE INDEX contribution_open ON contribution (written_at) WHERE state IN ('waiting', 'reported');
CREATE INDEX contribution_unanswered ON contribution (written_at) WHERE kind = 'question' AND state = 'published' AND answered_at IS NULL;

-- Who said that a contribution should not be there: each customer once.
-- class: customer
CREATE TABLE contribution_report (
  customer_id BYTEA NOT NULL,
  contribution_id BYTEA NOT NULL,
  reported_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, contribution_id)
)
WITHOUT ROWID -- sqlite
;
