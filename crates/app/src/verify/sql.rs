//! The statements of `verify`: pages in key order, with the rows they must agree with joined in.
//!
//! Words and bodies are read as they are stored, because a wrong one is a finding and not an error. `$3` and `$4` of the
//! statements about orders are the first and last value of the last byte of an order's id: one part of the orders.

everline_store::queries! { ALL;
    pub(super) OFFERINGS = "SELECT code, version, body FROM offering ORDER BY code, version";
    pub(super) CONTRIBUTIONS = "SELECT c.id, c.kind, c.offering_code, c.question_id, c.customer_id, c.staff_id, c.stars, c.words, c.state, \
        c.reports, c.settled_at, q.kind, q.offering_code, q.answered_at, \
        (SELECT COUNT(*) FROM offering o WHERE o.code = c.offering_code) \
        FROM contribution c LEFT JOIN contribution q ON q.id = c.question_id WHERE c.id > $1 ORDER BY c.id LIMIT $2";
    pub(super) ERASED = "SELECT COUNT(*) FROM customer WHERE customer_id = $1 AND restricted_at IS NOT NULL";
    pub(super) ORDER_COUNT = "SELECT COUNT(*) FROM orders";
    pub(super) COUNTER = "SELECT value FROM setting WHERE name = 'receipt_number'";

    pub(super) CUSTOMERS = "SELECT c.customer_id, a.currency, a.psp_receivable, a.paid_credit, a.promo_credit, a.order_funds, a.deferred_revenue, \
        a.suspense, a.refund_in_flight, a.revenue, a.bank, a.psp_fees, a.voucher_receivable, a.promotion_cost, \
        a.dispute_receivable, a.write_off, a.in_transit \
        FROM customer c LEFT JOIN account a ON a.customer_id = c.customer_id \
        WHERE c.customer_id > $1 ORDER BY c.customer_id LIMIT $2";
    pub(super) ACCOUNTS_ALONE = "SELECT a.customer_id FROM account a LEFT JOIN customer c ON c.customer_id = a.customer_id \
        WHERE c.customer_id IS NULL AND a.customer_id > $1 ORDER BY a.customer_id LIMIT $2";
    pub(super) TRANSFERS_OF_CUSTOMERS = "SELECT id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at, booked_at \
        FROM transfer WHERE (id, customer_id) > ($1, $2) AND customer_id > $3 AND customer_id <= $4 \
        ORDER BY id, customer_id LIMIT $5";

    pub(super) ORDERS = "SELECT o.customer_id, o.id, o.line_id, o.offering_code, o.offering_version, o.currency, o.price, o.funds, o.state, o.placed_by, \
        o.placed_at, o.expires_at, o.paid_at, o.delivered_at, o.in_effect_at, o.closed_at, o.starts_at, o.ends_at, \
        d.customer_id, d.subject_id, l.id, m.due_at, m.kind, n.due_at \
        FROM orders o \
        LEFT JOIN directory d ON d.kind = 'order_number' AND d.name = o.number \
        LEFT JOIN line l ON l.customer_id = o.customer_id AND l.id = o.line_id \
        LEFT JOIN timer m ON m.id = o.id \
        LEFT JOIN timer n ON n.id = o.line_id \
        WHERE (o.customer_id, o.id) > ($1, $2) AND substr(o.id, 16, 1) BETWEEN $3 AND $4 \
        ORDER BY o.customer_id, o.id LIMIT $5";
    pub(super) ATTEMPTS = "SELECT t.customer_id, t.id, t.order_id, t.method, t.currency, t.amount, t.state, t.trade_no, t.received, \
        t.settlement, t.paid_at, d.customer_id, d.subject_id, e.customer_id, e.subject_id \
        FROM attempt t \
        LEFT JOIN directory d ON d.kind = 'out_trade_no' AND d.name = t.out_trade_no \
        LEFT JOIN directory e ON e.kind IN ('alipay_trade_no', 'wechat_trade_no', 'stripe_trade_no', 'bank_trade_no') AND e.name = t.trade_no AND e.subject_id = t.id \
        WHERE (t.customer_id, t.id) > ($1, $2) AND substr(t.order_id, 16, 1) BETWEEN $3 AND $4 \
        ORDER BY t.customer_id, t.id LIMIT $5";
    pub(super) REFUNDS = "SELECT customer_id, id, attempt_id, order_id, out_request_no, currency, amount, reason, state, settled_at FROM refund \
        WHERE (customer_id, id) > ($1, $2) AND substr(order_id, 16, 1) BETWEEN $3 AND $4 ORDER BY customer_id, id LIMIT $5";
    pub(super) REFUND_REQUESTS = "SELECT customer_id, id, order_id, asked_by, asked_at, currency, amount, state, decided_by, decided_at FROM refund_request \
        WHERE (customer_id, id) > ($1, $2) AND substr(order_id, 16, 1) BETWEEN $3 AND $4 ORDER BY customer_id, id LIMIT $5";
    pub(super) TRANSFERS_OF_ORDERS = "SELECT id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at \
        FROM transfer WHERE (id, customer_id) > ($1, $2) AND substr(order_id, 16, 1) BETWEEN $3 AND $4 \
        ORDER BY id, customer_id LIMIT $5";
    pub(super) RECEIPTS = "SELECT r.id, r.customer_id, r.order_id, r.issued_at, n.number, u.customer_id FROM receipt r \
        LEFT JOIN receipt_number n ON n.receipt_id = r.id \
        LEFT JOIN receipt_unnumbered u ON u.id = r.id \
        WHERE (r.id, r.customer_id) > ($1, $2) AND substr(r.order_id, 16, 1) BETWEEN $3 AND $4 \
        ORDER BY r.id, r.customer_id LIMIT $5";
    pub(super) CASES = "SELECT customer_id, id, order_id, reason, state FROM support_case \
        WHERE (customer_id, id) > ($1, $2) AND order_id IS NOT NULL AND reason <> 'asked' AND substr(order_id, 16, 1) BETWEEN $3 AND $4 \
        ORDER BY customer_id, id LIMIT $5";
    pub(super) INVOICES = "SELECT customer_id, order_id, buyer, tax_number, email, state, asked_at, settled_at, settled_by, number, link, reason \
        FROM invoice_request WHERE (customer_id, order_id) > ($1, $2) AND substr(order_id, 16, 1) BETWEEN $3 AND $4 \
        ORDER BY customer_id, order_id LIMIT $5";
    pub(super) USAGES = "SELECT id, customer_id, line_id, unit, charged, overrun, used_at FROM usage \
        WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    pub(super) USAGE_DAYS = "SELECT customer_id, line_id, day, unit, charged, overrun FROM usage_day \
        WHERE (customer_id, line_id, day, unit) > ($1, $2, $3, $4) ORDER BY customer_id, line_id, day, unit LIMIT $5";
    pub(super) USAGE_DAY = "SELECT charged, overrun FROM usage_day WHERE customer_id = $1 AND line_id = $2 AND day = $3 AND unit = $4";
    pub(super) CASES_WHOLE = "SELECT c.customer_id, c.id, c.reason, c.for_whom, c.state, c.solved_at, c.order_id, o.id, c.line_id, l.id, \
        c.step, c.number, c.merged_into, m.merged_into FROM support_case c \
        LEFT JOIN support_case m ON m.customer_id = c.customer_id AND m.id = c.merged_into \
        LEFT JOIN orders o ON o.customer_id = c.customer_id AND o.id = c.order_id \
        LEFT JOIN line l ON l.customer_id = c.customer_id AND l.id = c.line_id \
        WHERE (c.customer_id, c.id) > ($1, $2) ORDER BY c.customer_id, c.id LIMIT $3";
    pub(super) CASE_ENTRIES = "SELECT e.id, e.customer_id, e.case_id, c.id, CAST(0 AS BIGINT), CAST(0 AS BIGINT) FROM case_entry e \
        LEFT JOIN support_case c ON c.customer_id = e.customer_id AND c.id = e.case_id \
        WHERE (e.id, e.customer_id) > ($1, $2) ORDER BY e.id, e.customer_id LIMIT $3";
    pub(super) CASE_FILES = "SELECT e.id, e.customer_id, e.case_id, c.id, e.octets, CAST(LENGTH(e.content) AS BIGINT) FROM case_attachment e \
        LEFT JOIN support_case c ON c.customer_id = e.customer_id AND c.id = e.case_id \
        WHERE (e.id, e.customer_id) > ($1, $2) ORDER BY e.id, e.customer_id LIMIT $3";
    pub(super) ALLOWANCES = "SELECT customer_id, id, body FROM allowance WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3";

    pub(super) LINES = "SELECT l.customer_id, l.id, l.state, l.state_until, l.service_until, \
        w.body, m.due_at, m.kind, d.customer_id, d.subject_id, c.customer_id, l.state_since, e.state, e.at, g.customer_id, s.iccid \
        FROM line l \
        LEFT JOIN allowance w ON w.customer_id = l.customer_id AND w.id = l.id \
        LEFT JOIN timer m ON m.id = l.id \
        LEFT JOIN directory d ON d.kind = 'msisdn' AND d.name = l.msisdn \
        LEFT JOIN customer c ON c.customer_id = l.customer_id \
        LEFT JOIN line_event e ON e.customer_id = l.customer_id AND e.id = (SELECT x.id FROM line_event x \
        WHERE x.customer_id = l.customer_id AND x.line_id = l.id ORDER BY x.id DESC LIMIT 1) \
        LEFT JOIN directory g ON g.kind = 'login' AND g.name = l.msisdn \
        LEFT JOIN sim s ON s.line_id = l.id AND s.role = 'primary' \
        WHERE (l.customer_id, l.id) > ($1, $2) ORDER BY l.customer_id, l.id LIMIT $3";
    pub(super) ALLOWANCES_ALONE = "SELECT w.customer_id, w.id FROM allowance w LEFT JOIN line l ON l.customer_id = w.customer_id AND l.id = w.id \
        WHERE l.id IS NULL AND (w.customer_id, w.id) > ($1, $2) ORDER BY w.customer_id, w.id LIMIT $3";

    pub(super) DIRECTORY = "SELECT d.kind, d.name, d.customer_id, d.subject_id, o.number, t.out_trade_no, t.trade_no, l.msisdn, l.state, c.customer_id, COALESCE(s.line_id, x.line_id), COALESCE(k.bank_id, g.bank_id) \
        FROM directory d \
        LEFT JOIN orders o ON d.kind IN ('order_number', 'order_token') AND o.customer_id = d.customer_id AND o.id = d.subject_id \
        LEFT JOIN attempt t ON d.kind IN ('out_trade_no', 'alipay_trade_no', 'wechat_trade_no', 'stripe_trade_no', 'bank_trade_no') AND t.customer_id = d.customer_id AND t.id = d.subject_id \
        LEFT JOIN line l ON d.kind IN ('msisdn', 'imsi', 'iccid', 'session') AND l.customer_id = d.customer_id AND l.id = d.subject_id \
        LEFT JOIN customer c ON d.kind IN ('login', 'owner') AND c.customer_id = d.customer_id AND c.customer_id = d.subject_id \
        LEFT JOIN sim s ON d.kind = 'iccid' AND s.iccid = d.name \
        LEFT JOIN sim x ON d.kind = 'imsi' AND x.imsi = d.name \
        LEFT JOIN bank_refund k ON d.kind = 'bank_refund' AND k.customer_id = d.customer_id AND k.refund_id = d.subject_id \
        LEFT JOIN closing_request g ON d.kind = 'payout' AND g.customer_id = d.customer_id AND g.id = d.subject_id \
        WHERE (d.kind, d.name) > ($1, $2) ORDER BY d.kind, d.name LIMIT $3";
    pub(super) LINE_IS_THERE = "SELECT id FROM line WHERE customer_id = $1 AND id = $2";
    pub(super) SIMS = "SELECT s.iccid, s.imsi, s.msisdn, s.kind, s.state, s.role, s.customer_id, s.line_id, s.batch, b.state, s.line_batch, m.state, \
        s.source_hash, s.line_hash, s.pin1, s.puk1, s.pin2, s.puk2, s.registration_code, s.puk_hash, s.registration_hash, \
        l.state, l.msisdn, d.customer_id, d.subject_id, e.customer_id, e.subject_id, f.customer_id, f.subject_id, \
        (SELECT COUNT(*) FROM sim x WHERE x.line_id = s.line_id AND x.role = 'primary'), s.hold_id, h.id \
        FROM sim s \
        LEFT JOIN stock_hold h ON h.id = s.hold_id \
        LEFT JOIN import_batch b ON b.kind = 'sims' AND b.name = s.batch \
        LEFT JOIN import_batch m ON m.kind = 'lines' AND m.name = s.line_batch \
        LEFT JOIN line l ON l.customer_id = s.customer_id AND l.id = s.line_id \
        LEFT JOIN directory d ON d.kind = 'iccid' AND d.name = s.iccid \
        LEFT JOIN directory e ON e.kind = 'imsi' AND e.name = s.imsi \
        LEFT JOIN directory f ON f.kind = 'msisdn' AND f.name = s.msisdn \
        WHERE s.iccid > $1 ORDER BY s.iccid LIMIT $2";
    pub(super) CODES = "SELECT a.iccid, a.batch, b.state, a.code, a.code_hash, a.source_hash FROM activation_code a \
        LEFT JOIN import_batch b ON b.kind = 'activation_codes' AND b.name = a.batch \
        WHERE a.iccid > $1 ORDER BY a.iccid LIMIT $2";
    pub(super) BATCHES = "SELECT kind, name, named, state, loaded, began_at, completed_at FROM import_batch \
        WHERE (kind, name) > ($1, $2) ORDER BY kind, name LIMIT $3";
    pub(super) BATCHES_HELD = "SELECT b.name FROM import_batch b LEFT JOIN stock_hold h ON h.id = b.hold_id AND h.kind = 'batch' AND h.name = b.name \
        AND h.ended_at IS NULL WHERE b.hold_id IS NOT NULL AND (h.id IS NULL OR b.kind <> 'sims')";
    pub(super) HOLDS_ALONE = "SELECT h.id FROM stock_hold h LEFT JOIN import_batch b ON b.kind = 'sims' AND b.name = h.name AND b.hold_id = h.id \
        WHERE h.ended_at IS NULL AND h.kind = 'batch' AND b.name IS NULL";
    pub(super) LEDGER_HORIZON = "SELECT open_from FROM ledger_horizon WHERE id = 'one'";
    pub(super) LEDGER_DAYS = "SELECT day, began_at, ended_at, transfers FROM ledger_day ORDER BY day";
    pub(super) LEDGER_DAY_TEMPLATES = "SELECT template, debit, credit, transfers, amount FROM ledger_day_template WHERE day = $1";
    pub(super) LEDGER_DAY_ACCOUNTS = "SELECT account, debits, credits, closing FROM ledger_day_account WHERE day = $1 ORDER BY account";
    pub(super) LEDGER_DAY_METHODS = "SELECT template, transfers, amount FROM ledger_day_method WHERE day = $1";
    pub(super) VOUCHER_BATCHES = "SELECT name, kind, currency, amount, vouchers, state, expires_at, made_at, stopped_at, stopped_by \
        FROM voucher_batch ORDER BY name";
    pub(super) VOUCHERS = "SELECT id, batch_name, customer_id, order_id, redeemed_at FROM voucher WHERE id > $1 ORDER BY id LIMIT $2";
    pub(super) VOUCHER_TRANSFERS = "SELECT t.id, t.customer_id, t.template, t.amount, t.posted_at, t.cause_id, v.batch_name, v.customer_id, v.redeemed_at \
        FROM transfer t LEFT JOIN voucher v ON v.id = t.cause_id \
        WHERE (t.id, t.customer_id) > ($1, $2) AND t.template IN ('VOUCHER', 'VOUCHER_PROMO') ORDER BY t.id, t.customer_id LIMIT $3";
    pub(super) CREDIT_CHANGES = "SELECT customer_id, id, kind, currency, amount, asked_by, asked_at, state, decided_by, decided_at FROM credit_change \
        WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3";
    pub(super) CREDIT_CHANGE_TRANSFERS = "SELECT t.id, t.customer_id, t.template, t.posted_at, q.kind, \
        CASE WHEN q.state = 'done' THEN q.asked_at WHEN q.state = 'approved' THEN q.decided_at END \
        FROM transfer t LEFT JOIN credit_change q ON q.customer_id = t.customer_id AND q.id = t.cause_id \
        WHERE (t.id, t.customer_id) > ($1, $2) AND t.template IN ('GOODWILL', 'CREDIT_RAISED', 'CREDIT_LOWERED', 'PROMO_LOWERED') \
        ORDER BY t.id, t.customer_id LIMIT $3";
    pub(super) HAND_OVERS = "SELECT h.line_id, h.customer_id, h.from_customer, h.from_line, h.paid_credit, h.promo_credit, h.taken_at, \
        CASE WHEN h.allowance IS NULL THEN 0 ELSE 1 END, f.state, n.customer_id FROM hand_over h \
        LEFT JOIN line f ON f.customer_id = h.from_customer AND f.id = h.from_line \
        LEFT JOIN line n ON n.customer_id = h.customer_id AND n.id = h.line_id \
        WHERE h.line_id > $1 ORDER BY h.line_id LIMIT $2";
    pub(super) IN_TRANSIT = "SELECT CAST(COALESCE(SUM(in_transit), 0) AS BIGINT) FROM account";
    pub(super) IDENTITIES = "SELECT i.customer_id, i.document_kind, i.sealed, i.document_hash, c.identity FROM identity i \
        LEFT JOIN customer c ON c.customer_id = i.customer_id WHERE i.customer_id > $1 ORDER BY i.customer_id LIMIT $2";
    pub(super) CORRECTIONS = "SELECT customer_id, id, document_kind, sealed, document_hash, state, settled_at, settled_by FROM identity_correction \
        WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3";
    pub(super) TRANSFER_IS_THERE = "SELECT amount FROM transfer WHERE id = $1 AND customer_id = $2";
    pub(super) VOUCHER_ORDER = "SELECT COUNT(*) FROM orders WHERE customer_id = $1 AND id = $2";
    pub(super) BANK_LINES = "SELECT b.bank_id, b.currency, b.amount, b.state, b.customer_id, b.attempt_id, t.method, t.trade_no, t.received, p.amount \
        FROM bank_line b LEFT JOIN attempt t ON t.customer_id = b.customer_id AND t.id = b.attempt_id \
        LEFT JOIN bill_line p ON p.id = b.bill_line_id AND p.kind = 'payout' AND p.currency = b.currency \
        WHERE b.bank_id > $1 ORDER BY b.bank_id LIMIT $2";
    pub(super) TRANSFERS_ALONE = "SELECT t.customer_id, t.id, b.attempt_id FROM attempt t LEFT JOIN bank_line b ON b.bank_id = t.trade_no \
        WHERE (t.customer_id, t.id) > ($1, $2) AND t.method = 'bank_transfer' AND t.trade_no IS NOT NULL \
        AND (b.attempt_id IS NULL OR b.attempt_id <> t.id) ORDER BY t.customer_id, t.id LIMIT $3";
    pub(super) BANK_REFUNDS_WRONG = "SELECT t.customer_id, r.id, b.bank_id FROM attempt t \
        JOIN refund r ON r.customer_id = t.customer_id AND r.attempt_id = t.id \
        LEFT JOIN bank_refund b ON b.customer_id = r.customer_id AND b.refund_id = r.id \
        WHERE (t.method = 'bank_transfer' AND r.reason <> 'not_needed' AND r.state = 'done' OR r.state = 'paid_out') = (b.bank_id IS NULL) \
        AND (r.customer_id, r.id) > ($1, $2) ORDER BY r.customer_id, r.id LIMIT $3";
    pub(super) BANK_REFUNDS_ALONE = "SELECT b.customer_id, b.refund_id FROM bank_refund b \
        LEFT JOIN refund r ON r.customer_id = b.customer_id AND r.id = b.refund_id \
        LEFT JOIN attempt t ON t.customer_id = r.customer_id AND t.id = r.attempt_id AND (t.method = 'bank_transfer' OR r.state = 'paid_out') \
        LEFT JOIN directory d ON d.kind = 'bank_refund' AND d.name = b.bank_id AND d.subject_id = b.refund_id \
        WHERE (t.id IS NULL OR d.name IS NULL) AND (b.customer_id, b.refund_id) > ($1, $2) ORDER BY b.customer_id, b.refund_id LIMIT $3";
    pub(super) RENEWALS = "SELECT r.customer_id, r.id, r.line_id, r.currency, r.price, r.methods, r.month_cap, r.lead_days, r.state, r.cycle_at, \
        r.debit_at, r.step, r.asked, r.why, l.id, m.kind, \
        (SELECT COUNT(*) FROM renewal_consent c WHERE c.customer_id = r.customer_id AND c.line_id = r.line_id AND c.at = r.consented_at \
        AND c.given = 1 AND c.price = r.price AND c.month_cap = r.month_cap AND c.methods = r.methods AND c.lead_days = r.lead_days \
        AND COALESCE(c.left_percent, 0) = COALESCE(r.left_percent, 0) AND c.by_forecast = r.by_forecast) \
        FROM auto_renew r \
        LEFT JOIN line l ON l.customer_id = r.customer_id AND l.id = r.line_id \
        LEFT JOIN timer m ON m.id = r.id \
        WHERE (r.customer_id, r.id) > ($1, $2) ORDER BY r.customer_id, r.id LIMIT $3";
    pub(super) RENEWAL_ORDER = "SELECT placed_by, state FROM orders WHERE customer_id = $1 AND id = $2";
    pub(super) RENEWALS_NOT_AGREED = "SELECT o.customer_id, o.id FROM orders o WHERE (o.customer_id, o.id) > ($1, $2) AND o.placed_by = 'auto_renew' \
        AND NOT EXISTS (SELECT 1 FROM renewal_consent c WHERE c.customer_id = o.customer_id AND c.line_id = o.line_id AND c.given = 1 \
        AND c.offering_code = o.offering_code AND c.price >= o.price AND c.at <= o.placed_at) \
        ORDER BY o.customer_id, o.id LIMIT $3";
    pub(super) DEBITS = "SELECT t.customer_id, t.id, t.order_id, o.placed_by FROM attempt t \
        LEFT JOIN orders o ON o.customer_id = t.customer_id AND o.id = t.order_id \
        WHERE (t.customer_id, t.id) > ($1, $2) AND t.method = 'saved_card' ORDER BY t.customer_id, t.id LIMIT $3";
    pub(super) METHOD_EXISTS = "SELECT COUNT(*) FROM payment_method WHERE customer_id = $1 AND id = $2";
    pub(super) DISPUTES = "SELECT customer_id, id, attempt_id, order_id, currency, amount, state, frozen_credit, frozen_deferred, from_refunds, closed_at FROM dispute \
        WHERE (customer_id, id) > ($1, $2) AND substr(order_id, 16, 1) BETWEEN $3 AND $4 ORDER BY customer_id, id LIMIT $5";
    pub(super) METHODS = "SELECT p.customer_id, p.id, p.provider, p.token, p.label, p.state, p.removed_at, c.customer_id FROM payment_method p \
        LEFT JOIN customer c ON c.customer_id = p.customer_id \
        WHERE (p.customer_id, p.id) > ($1, $2) ORDER BY p.customer_id, p.id LIMIT $3";
    pub(super) TIMERS = "SELECT m.id, m.customer_id, m.kind, m.due_at, o.id, COALESCE(l.id, r.id) FROM timer m \
        LEFT JOIN auto_renew r ON m.kind = 'auto_renew' AND r.customer_id = m.customer_id AND r.id = m.id \
        LEFT JOIN orders o ON m.kind = 'order' AND o.customer_id = m.customer_id AND o.id = m.id \
        LEFT JOIN line l ON m.kind = 'line' AND l.customer_id = m.customer_id AND l.id = m.id \
        WHERE m.id > $1 ORDER BY m.id LIMIT $2";
    pub(super) JOBS = "SELECT id, customer_id, payload, state, last_error FROM job WHERE id > $1 ORDER BY id LIMIT $2";
    pub(super) NUMBERS = "SELECT n.number, n.receipt_id, n.customer_id, r.customer_id, n.iccid FROM receipt_number n \
        LEFT JOIN receipt r ON r.id = n.receipt_id WHERE n.number > $1 ORDER BY n.number LIMIT $2";
    pub(super) FORMER_PAYEES = "SELECT until_at, legal_name FROM former_payee ORDER BY until_at";
    pub(super) UNNUMBERED_ALONE = "SELECT u.id FROM receipt_unnumbered u LEFT JOIN receipt r ON r.id = u.id \
        WHERE r.id IS NULL AND u.id > $1 ORDER BY u.id LIMIT $2";

    pub(super) BILLS = "SELECT provider, day, state, lines, matched_at FROM bill ORDER BY provider, day";
    pub(super) LINES_BY_DAY = "SELECT provider, day, COUNT(*) FROM bill_line GROUP BY provider, day";
    pub(super) STRANGE_LINES = "SELECT id, kind, state, provider FROM bill_line WHERE kind NOT IN ('payment', 'refund', 'fee', 'payout', 'other') \
        OR state NOT IN ('new', 'agreed', 'queued', 'settled') OR provider NOT IN ('alipay', 'wechat', 'stripe') ORDER BY id LIMIT $1";
    pub(super) STRANGE_ITEMS = "SELECT id, kind, about, state, COALESCE(action, '') FROM reconciliation_item WHERE kind NOT IN ('ours_only', 'theirs_only', \
        'amount_differs', 'number_differs', 'state_differs', 'doubled', 'line_changed', 'line_gone', 'not_understood', 'came_after_all') \
        OR about NOT IN ('payment', 'refund', 'fee', 'payout', 'other') OR provider NOT IN ('alipay', 'wechat', 'stripe') \
        OR NOT ((state = 'open' AND closed_at IS NULL AND closed_by IS NULL AND action IS NULL AND reason IS NULL) \
        OR (state = 'closed' AND closed_at IS NOT NULL AND reason IS NOT NULL \
        AND ((action = 'agreed' AND closed_by IS NULL) OR (action IN ('accept', 'write_off', 'suspense') AND closed_by IS NOT NULL AND reason <> '')))) \
        ORDER BY id LIMIT $1";
    pub(super) POSTED = "SELECT COUNT(*) FROM transfer WHERE customer_id = $1 AND id = $2";
    pub(super) BILL_TRANSFERS = "SELECT id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at \
        FROM transfer WHERE id >= $1 AND id <= $2 AND template IN ('PSP_FEE', 'FEE_RETURNED', 'PAYOUT', 'PAYOUT_RETURNED', 'WRITE_OFF', 'BOOKED_TO_SUSPENSE') \
        ORDER BY id, customer_id";
    pub(super) BILL_TRANSFERS_ALONE = "SELECT t.id, t.customer_id, t.posting_id, t.template, t.order_id, t.cause_id, t.debit, t.credit, t.amount, t.posted_at \
        FROM transfer t \
        LEFT JOIN bill_line b ON b.id = t.cause_id AND t.template IN ('PSP_FEE', 'FEE_RETURNED', 'PAYOUT', 'PAYOUT_RETURNED') \
        LEFT JOIN reconciliation_item i ON i.id = t.cause_id AND t.template IN ('WRITE_OFF', 'BOOKED_TO_SUSPENSE') \
        WHERE t.template IN ('PSP_FEE', 'FEE_RETURNED', 'PAYOUT', 'PAYOUT_RETURNED', 'WRITE_OFF', 'BOOKED_TO_SUSPENSE') \
        AND b.id IS NULL AND i.id IS NULL ORDER BY t.id, t.customer_id LIMIT $1";
}
