-- What another operator holds of our money, paid ahead, as it reported last: one row. Below least it is low.
-- class: own
CREATE TABLE upstream_float (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  currency TEXT,
  amount BIGINT,
  reported_at BIGINT,
  least BIGINT,
  low_since BIGINT,
  set_at BIGINT,
  set_by TEXT
);
INSERT INTO upstream_float (id, version, asked_at) VALUES ('one', 0, 0);
-- The last report of each day of the operator's zone, counted from 1970-01-01.
-- class: own
CREATE TABLE upstream_float_day (
  day BIGINT NOT NULL PRIMARY KEY,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL
);
