//! Finding and removing records that are kept for some time only. Reading walks a table by its key, so that nothing needs
//! an index for it; removing names the keys, and looks at the time again.

use crate::{FromRow, Result, Row, Sql, Tx, Value, args};
use everline_core::retention::Record;
use everline_core::time::SystemTime;

crate::queries! { ALL;
    CODES = "SELECT id, expires_at FROM login_code WHERE id > $1 ORDER BY id LIMIT $2";
    CODE_REMOVE = "DELETE FROM login_code WHERE id = $1 AND expires_at < $2";
    SESSIONS = "SELECT token_hash, expires_at FROM login_session WHERE token_hash > $1 ORDER BY token_hash LIMIT $2";
    SESSION_REMOVE = "DELETE FROM login_session WHERE token_hash = $1 AND expires_at < $2";
    KEYS = "SELECT scope, created_at FROM idempotency WHERE scope > $1 ORDER BY scope LIMIT $2";
    KEY_REMOVE = "DELETE FROM idempotency WHERE scope = $1 AND created_at < $2";
    NOTICES = "SELECT provider, name, received_at FROM notice WHERE (provider, name) > ($1, $2) ORDER BY provider, name LIMIT $3";
    NOTICE_REMOVE = "DELETE FROM notice WHERE provider = $1 AND name = $2 AND received_at < $3";
    MESSAGES = "SELECT id, customer_id, sent_at FROM message WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    MESSAGE_REMOVE = "DELETE FROM message WHERE id = $1 AND customer_id = $2 AND sent_at < $3";
    ACCOUNT_MESSAGES = "SELECT id, customer_id, sent_at FROM account_message WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    ACCOUNT_MESSAGE_REMOVE = "DELETE FROM account_message WHERE id = $1 AND customer_id = $2 AND sent_at < $3";
    REMINDERS = "SELECT id, customer_id, at FROM reminder WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    REMINDER_REMOVE = "DELETE FROM reminder WHERE id = $1 AND customer_id = $2 AND at < $3";
    REFERENCES = "SELECT name, at FROM message_reference WHERE name > $1 ORDER BY name LIMIT $2";
    REFERENCE_REMOVE = "DELETE FROM message_reference WHERE name = $1 AND at < $2";
    TESTS = "SELECT id, sent_at FROM test_message WHERE id > $1 ORDER BY id LIMIT $2";
    TEST_REMOVE = "DELETE FROM test_message WHERE id = $1 AND sent_at < $2";
    USAGES = "SELECT id, customer_id, used_at FROM usage WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    USAGE_REMOVE = "DELETE FROM usage WHERE id = $1 AND customer_id = $2 AND used_at < $3";
    GUESSES = "SELECT who, last_at FROM voucher_guess WHERE who > $1 ORDER BY who LIMIT $2";
    GUESS_REMOVE = "DELETE FROM voucher_guess WHERE who = $1 AND last_at < $2";
    COUNTS = "SELECT name, ends_at FROM velocity_count WHERE name > $1 ORDER BY name LIMIT $2";
    COUNT_REMOVE = "DELETE FROM velocity_count WHERE name = $1 AND ends_at < $2";
    STEPS = "SELECT token_hash, expires_at FROM login_step WHERE token_hash > $1 ORDER BY token_hash LIMIT $2";
    STEP_REMOVE = "DELETE FROM login_step WHERE token_hash = $1 AND expires_at < $2";
    EVENTS = "SELECT id, customer_id, at FROM account_event WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
    STAFF_EVENTS = "SELECT id, at FROM staff_event WHERE id > $1 ORDER BY id LIMIT $2";
    STAFF_EVENT_REMOVE = "DELETE FROM staff_event WHERE id = $1 AND at < $2";
    EVENT_REMOVE = "DELETE FROM account_event WHERE id = $1 AND customer_id = $2 AND at < $3";
    RECOVERIES = "SELECT customer_id, id, settled_at FROM recovery_request WHERE (customer_id, id) > ($1, $2) AND settled_at IS NOT NULL \
        ORDER BY customer_id, id LIMIT $3";
    RECOVERY_REMOVE = "DELETE FROM recovery_request WHERE customer_id = $1 AND id = $2 AND settled_at < $3";
    USAGE_DAYS = "SELECT customer_id, line_id, day, unit, (day + 2) * 86400000000 FROM usage_day \
        WHERE (customer_id, line_id, day, unit) > ($1, $2, $3, $4) ORDER BY customer_id, line_id, day, unit LIMIT $5";
    USAGE_DAY_REMOVE = "DELETE FROM usage_day WHERE customer_id = $1 AND line_id = $2 AND day = $3 AND unit = $4 AND (day + 2) * 86400000000 < $5";
    CASE_ENTRIES = "SELECT e.id, e.customer_id, c.solved_at FROM case_entry e \
        JOIN support_case c ON c.customer_id = e.customer_id AND c.id = e.case_id \
        WHERE (e.id, e.customer_id) > ($1, $2) AND c.solved_at IS NOT NULL ORDER BY e.id, e.customer_id LIMIT $3";
    CASE_ENTRY_REMOVE = "DELETE FROM case_entry WHERE id = $1 AND customer_id = $2 AND EXISTS (SELECT 1 FROM support_case c \
        WHERE c.customer_id = $2 AND c.id = case_entry.case_id AND c.solved_at < $3)";
    CASE_FILES = "SELECT e.id, e.customer_id, c.solved_at FROM case_attachment e \
        JOIN support_case c ON c.customer_id = e.customer_id AND c.id = e.case_id \
        WHERE (e.id, e.customer_id) > ($1, $2) AND c.solved_at IS NOT NULL ORDER BY e.id, e.customer_id LIMIT $3";
    CASE_FILE_REMOVE = "DELETE FROM case_attachment WHERE id = $1 AND customer_id = $2 AND EXISTS (SELECT 1 FROM support_case c \
        WHERE c.customer_id = $2 AND c.id = case_attachment.case_id AND c.solved_at < $3)";
    CASES = "SELECT customer_id, id, solved_at FROM support_case WHERE (customer_id, id) > ($1, $2) AND reason = 'asked' AND solved_at IS NOT NULL \
        ORDER BY customer_id, id LIMIT $3";
    CASE_REMOVE = "DELETE FROM support_case WHERE customer_id = $1 AND id = $2 AND reason = 'asked' AND solved_at < $3";
    CONTRIBUTIONS = "SELECT id, settled_at FROM contribution WHERE id > $1 AND state IN ('refused', 'hidden', 'withdrawn') ORDER BY id LIMIT $2";
    CONTRIBUTION_REMOVE = "DELETE FROM contribution WHERE (id = $1 OR question_id = $1) AND (SELECT c.settled_at FROM contribution c \
        WHERE c.id = $1 AND c.state IN ('refused', 'hidden', 'withdrawn')) < $2";
    REPORTS = "SELECT customer_id, contribution_id, reported_at FROM contribution_report WHERE (customer_id, contribution_id) > ($1, $2) \
        ORDER BY customer_id, contribution_id LIMIT $3";
    REPORT_REMOVE = "DELETE FROM contribution_report WHERE customer_id = $1 AND contribution_id = $2 AND reported_at < $3";
    PAY_LINKS = "SELECT customer_id, id, made_at FROM pay_link WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3";
    PAY_LINK_REMOVE = "DELETE FROM pay_link WHERE customer_id = $1 AND id = $2 AND made_at < $3";
    INVOICES = "SELECT customer_id, order_id, settled_at FROM invoice_request WHERE (customer_id, order_id) > ($1, $2) AND state = 'refused' \
        ORDER BY customer_id, order_id LIMIT $3";
    INVOICE_REMOVE = "DELETE FROM invoice_request WHERE customer_id = $1 AND order_id = $2 AND state = 'refused' AND settled_at < $3";
}

/// The key of a record: one part or several.
#[derive(Debug, Clone, PartialEq)]
pub struct Key(Vec<Value>);

impl Key {
    /// Before the first record of a kind.
    #[must_use]
    pub fn first(record: Record) -> Self {
        let bytes = || Value::Blob(Vec::new());
        let text = || Value::Text(String::new());
        Key(match record {
            Record::LoginCode
            | Record::LoginSession
            | Record::LoginStep
            | Record::StaffEvent
            | Record::TestMessage
            | Record::VoucherGuess
            | Record::Contribution
            | Record::VelocityCount => vec![bytes()],
            Record::IdempotencyKey | Record::MessageReference => vec![text()],
            Record::Notice => vec![text(), text()],
            Record::UsageDay => vec![bytes(), bytes(), Value::Int(i64::MIN), text()],
            Record::Message
            | Record::AccountMessage
            | Record::Reminder
            | Record::AccountEvent
            | Record::Recovery
            | Record::Usage
            | Record::CaseEntry
            | Record::CaseFile
            | Record::Case
            | Record::ContributionReport
            | Record::PayLink
            | Record::RefusedInvoice => vec![bytes(), bytes()],
        })
    }
}

/// A record's key, and the instant from which it is counted how long it is kept (microseconds since 1970).
pub struct Dated {
    /// Its key.
    pub key: Key,
    /// From when it counts.
    pub at: SystemTime,
}
impl FromRow for Dated {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let last = row.len().saturating_sub(1);
        let part = |n| row.get::<Value>(n);
        Ok(Dated { key: Key((0..last).map(part).collect::<Result<_>>()?), at: row.get(last)? })
    }
}

const fn statements(record: Record) -> (&'static Sql, &'static Sql) {
    match record {
        Record::LoginCode => (&CODES, &CODE_REMOVE),
        Record::LoginSession => (&SESSIONS, &SESSION_REMOVE),
        Record::LoginStep => (&STEPS, &STEP_REMOVE),
        Record::AccountEvent => (&EVENTS, &EVENT_REMOVE),
        Record::StaffEvent => (&STAFF_EVENTS, &STAFF_EVENT_REMOVE),
        Record::Recovery => (&RECOVERIES, &RECOVERY_REMOVE),
        Record::IdempotencyKey => (&KEYS, &KEY_REMOVE),
        Record::Notice => (&NOTICES, &NOTICE_REMOVE),
        Record::Message => (&MESSAGES, &MESSAGE_REMOVE),
        Record::AccountMessage => (&ACCOUNT_MESSAGES, &ACCOUNT_MESSAGE_REMOVE),
        Record::Reminder => (&REMINDERS, &REMINDER_REMOVE),
        Record::MessageReference => (&REFERENCES, &REFERENCE_REMOVE),
        Record::TestMessage => (&TESTS, &TEST_REMOVE),
        Record::Usage => (&USAGES, &USAGE_REMOVE),
        Record::UsageDay => (&USAGE_DAYS, &USAGE_DAY_REMOVE),
        Record::CaseEntry => (&CASE_ENTRIES, &CASE_ENTRY_REMOVE),
        Record::CaseFile => (&CASE_FILES, &CASE_FILE_REMOVE),
        Record::Case => (&CASES, &CASE_REMOVE),
        Record::RefusedInvoice => (&INVOICES, &INVOICE_REMOVE),
        Record::VoucherGuess => (&GUESSES, &GUESS_REMOVE),
        Record::VelocityCount => (&COUNTS, &COUNT_REMOVE),
        Record::Contribution => (&CONTRIBUTIONS, &CONTRIBUTION_REMOVE),
        Record::ContributionReport => (&REPORTS, &REPORT_REMOVE),
        Record::PayLink => (&PAY_LINKS, &PAY_LINK_REMOVE),
    }
}

/// The next records of a kind after a key, in key order.
pub async fn page(tx: &mut Tx, record: Record, after: &Key, limit: i64) -> Result<Vec<Dated>> {
    let mut args = after.0.clone();
    args.extend(args![limit]);
    tx.all(statements(record).0, args).await
}
/// Removes records from before `before`; a key whose record is younger stays.
pub fn remove(tx: &mut Tx, record: Record, keys: &[Key], before: SystemTime) {
    for key in keys {
        let mut args = key.0.clone();
        args.extend(args![before]);
        tx.put(statements(record).1, args);
    }
}
