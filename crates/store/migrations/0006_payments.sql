-- Several payment providers, and credit as a way to pay.
-- A provider's own name for an attempt, and until when the place to pay can be opened.
ALTER TABLE attempt ADD COLUMN reference TEXT;
ALTER TABLE attempt ADD COLUMN pay_url_until BIGINT;
-- Numbers of different providers may be equal.
UPDATE directory SET kind = 'alipay_trade_no' WHERE kind = 'trade_no';
