-- A renewal in seven statements between BEGIN and COMMIT: lock and read, three updates, three inserts of two rows or one.
\set who random(1, :lines)
\set at random(1790000000000000, 1799999999999999)
BEGIN;
SELECT t.state, t.amount, o.price, l.until_us, l.version FROM pb_attempt t JOIN pb_order o ON o.customer = t.customer AND o.id = t.order_id JOIN pb_line l ON l.customer = o.customer AND l.id = o.line WHERE t.customer = :who AND t.id = :who FOR UPDATE OF t, o, l;
UPDATE pb_attempt SET state = 2, trade_no = '2026112222001400000000000000', paid_us = :at WHERE customer = :who AND id = :who;
UPDATE pb_order SET state = 2, paid_us = :at WHERE customer = :who AND id = :who;
UPDATE pb_line SET state = 1, until_us = :at, version = version + 1 WHERE customer = :who AND id = :who;
INSERT INTO pb_transfer (customer, order_id, debit, credit, amount, posted_us) VALUES (:who, :who, 1, 4, 19000000, :at), (:who, :who, 4, 5, 19000000, :at);
INSERT INTO pb_allowance (customer, line, octets, used, from_us, until_us) VALUES (:who, :who, 10000000000, 0, :at, :at);
INSERT INTO pb_job (customer, kind, due_us, payload) VALUES (:who, 'send_message', :at, '{}'), (:who, 'number', :at, '{}');
COMMIT;
