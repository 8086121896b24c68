-- What was said of the device that a profile was bought for: with the order, or with the companion Sim.
-- class: customer
CREATE TABLE device_check (
  customer_id BYTEA NOT NULL,
  id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  iccid TEXT NOT NULL,
  basis TEXT NOT NULL,
  model TEXT,
  sold TEXT,
  eid TEXT,
  checked_at BIGINT NOT NULL,
  PRIMARY KEY (customer_id, id)
)
WITHOUT ROWID -- sqlite
;

-- Profiles of the stock that somebody may get: for a line of their own, and beside a line's primary Sim.
CREATE INDEX sim_profiles ON sim (iccid) WHERE kind = 'esim' AND state = 'in_stock' AND msisdn IS NOT NULL;
CREATE INDEX sim_companions ON sim (iccid) WHERE kind = 'esim' AND state = 'in_stock' AND msisdn IS NULL;
