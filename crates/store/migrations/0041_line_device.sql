-- The number (IMEI) of the device that a line sits in, as its owner says it: the desk finds the line by it.
-- class: customer
CREATE TABLE line_device (
  customer_id BYTEA NOT NULL,
  line_id BYTEA NOT NULL,
  imei TEXT NOT NULL,
  PRIMARY KEY (customer_id, line_id)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX line_device_imei ON line_device (imei);
