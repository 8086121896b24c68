-- Providers' bills, their lines, and what people must decide about them.
-- class: own
CREATE TABLE bill (
  provider TEXT NOT NULL,
  day TEXT NOT NULL,
  state TEXT NOT NULL,
  first_line BYTEA NOT NULL,
  lines BIGINT NOT NULL,
  read_at BIGINT NOT NULL,
  matched_at BIGINT,
  PRIMARY KEY (provider, day)
)
WITHOUT ROWID -- sqlite
;

-- class: own
CREATE TABLE bill_line (
  id BYTEA NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  day TEXT NOT NULL,
  out_trade_no TEXT,
  request_no TEXT,
  trade_no TEXT,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  at BIGINT NOT NULL,
  state TEXT NOT NULL,
  said TEXT NOT NULL
)
WITHOUT ROWID -- sqlite
;
-- What names one line comes first: few providers share all the lines, and a search by provider reads them all.
CREATE UNIQUE INDEX bill_line_name ON bill_line (number, provider, kind);
CREATE INDEX bill_line_ours ON bill_line (out_trade_no, provider) WHERE out_trade_no IS NOT NULL;
CREATE INDEX bill_line_refund ON bill_line (request_no) WHERE request_no IS NOT NULL;

-- class: own
CREATE TABLE reconciliation_item (
  id BYTEA NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  day TEXT NOT NULL,
  kind TEXT NOT NULL,
  about TEXT NOT NULL,
  out_trade_no TEXT,
  request_no TEXT,
  number TEXT,
  ours BIGINT,
  theirs BIGINT,
  currency TEXT NOT NULL,
  opened_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  closed_at BIGINT,
  closed_by BYTEA,
  action TEXT,
  reason TEXT
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX reconciliation_open ON reconciliation_item (opened_at) WHERE state = 'open';

-- What a notice about nobody's payment names, so that the bill can tell whose it is.
ALTER TABLE notice ADD COLUMN out_trade_no TEXT;
CREATE INDEX notice_unmatched ON notice (provider, out_trade_no) WHERE state = 'unmatched';
