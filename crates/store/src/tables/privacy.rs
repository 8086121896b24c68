//! Everything that is kept about one customer, as rows to hand out, and the restriction of a customer's data.

use super::contribution;
use crate::{FromRow, Result, Row, Sql, Tx, Value, args};
use everline_core::ids::CustomerId;
use everline_core::time::BusinessTime;

/// The rows of one table that belong to a customer: the table, the columns in order, and the statement.
pub struct Section {
    /// The table's name.
    pub table: &'static str,
    /// Its columns that are handed out.
    pub columns: &'static [&'static str],
    sql: &'static Sql,
}

macro_rules! sections {
    ($($name:ident $table:literal [$first:literal $(, $column:literal)*] $(where $also:literal)? order $order:literal;)+) => {
        crate::queries! { ALL;
            $($name = concat!("SELECT ", $first $(, ", ", $column)*, " FROM ", $table, " WHERE customer_id = $1" $(, " AND ", $also)?, " ORDER BY ", $order);)+
            RESTRICT = "UPDATE customer SET name = '', contact = NULL, owner_key = NULL, identity = 'none', restricted_at = $2 WHERE customer_id = $1";
            UNREASON = "UPDATE line_event SET reason = NULL WHERE customer_id = $1 AND reason IS NOT NULL";
            UNREASON_REFUNDS = "UPDATE refund_request SET reason = NULL WHERE customer_id = $1 AND reason IS NOT NULL";
            UNREASON_CREDIT = "UPDATE credit_change SET reason = NULL WHERE customer_id = $1 AND reason IS NOT NULL";
            UNNAME_LINES = "UPDATE line SET name = '' WHERE customer_id = $1";
            RESTRICTED_AT = "SELECT restricted_at, owner_key FROM customer WHERE customer_id = $1";
            FORGET_CONTACTS = "DELETE FROM contact_point WHERE customer_id = $1";
            FORGET_LINE_CONTACTS = "DELETE FROM line_contact WHERE customer_id = $1";
            UNNAME_EVENTS = "DELETE FROM account_event WHERE customer_id = $1";
            FORGET_ACCOUNT_MESSAGES = "DELETE FROM account_message WHERE customer_id = $1";
            FORGET_CASE_ENTRIES = "DELETE FROM case_entry WHERE customer_id = $1";
            FORGET_CASE_FILES = "DELETE FROM case_attachment WHERE customer_id = $1";
            UNMERGE_CASES = "UPDATE support_case SET merged_into = NULL WHERE customer_id = $1 AND merged_into IS NOT NULL";
            FORGET_CASES = "DELETE FROM support_case WHERE customer_id = $1 AND reason = 'asked'";
            FORGET_RECOVERIES = "DELETE FROM recovery_request WHERE customer_id = $1";
            FORGET_IDENTITY = "DELETE FROM identity WHERE customer_id = $1";
            FORGET_CORRECTIONS = "DELETE FROM identity_correction WHERE customer_id = $1";
            FORGET_DEVICES = "DELETE FROM device_check WHERE customer_id = $1";
            FORGET_LINE_DEVICES = "DELETE FROM line_device WHERE customer_id = $1";
            FORGET_OFFERS = "DELETE FROM ownership_change WHERE customer_id = $1";
            FORGET_CODES = "DELETE FROM login_code WHERE contact = $1";
        }
        /// What is handed out. Left out are secrets of cards, and what is no record about the person: timers, jobs, the queue of
        /// receipts without a number, and the directory, whose names stand in the other records. For whom somebody wants an invoice
        /// who paid by a line's number is that person's own, and so is a case that they opened.
        pub static SECTIONS: &[Section] = &[
            $(Section { table: $table, columns: &[$first $(, $column)*], sql: &$name },)+
        ];
    };
}

sections! {
    CUSTOMER "customer" ["kind", "name", "contact", "language", "identity", "owner_key", "created_at", "restricted_at"] order "created_at";
    ACCOUNT "account" ["currency", "psp_receivable", "revenue", "paid_credit", "promo_credit", "order_funds", "deferred_revenue", "suspense", "refund_in_flight", "bank", "psp_fees", "voucher_receivable", "promotion_cost", "dispute_receivable", "write_off", "in_transit"] order "currency";
    LINE "line" ["id", "msisdn", "name", "device", "family", "network", "state", "state_since", "state_until", "service_until", "guest_renewal", "main_balance_consent", "sim_replaced_at"] order "id";
    LINE_DEVICE "line_device" ["line_id", "imei"] order "line_id";
    LINE_EVENT "line_event" ["line_id", "state", "cause", "at", "commanded_by", "reason"] order "id";
    ALLOWANCE "allowance" ["id", "body"] order "id";
    SIM "sim" ["iccid", "imsi", "msisdn", "kind", "state", "eid", "line_id", "role"] order "iccid";
    ORDERS "orders" ["id", "line_id", "number", "offering_code", "offering_version", "currency", "price", "funds", "state", "placed_by", "terms_version", "placed_at", "paid_at", "delivered_at", "in_effect_at", "closed_at", "starts_at", "ends_at"] order "id";
    ATTEMPT "attempt" ["id", "order_id", "method", "out_trade_no", "reference", "trade_no", "currency", "amount", "received", "state", "settlement", "created_at", "paid_at"] order "id";
    REFUND "refund" ["order_id", "attempt_id", "out_request_no", "currency", "amount", "reason", "state", "started_at", "settled_at"] order "id";
    REFUND_REQUEST "refund_request" ["id", "order_id", "asked_at", "currency", "amount", "keeps", "reason", "state", "decided_at"] order "id";
    CREDIT_CHANGE "credit_change" ["id", "kind", "currency", "amount", "reason", "asked_at", "state", "decided_at"] order "id";
    PAY_LINK "pay_link" ["id", "line_id", "offering_code", "offering_version", "order_id", "contact_id", "made_at"] order "id";
    TRANSFER "transfer" ["template", "order_id", "debit", "credit", "amount", "posted_at"] order "id";
    RECEIPT "receipt" ["id", "order_id", "issued_at"] order "id";
    RECEIPT_NUMBER "receipt_number" ["number", "receipt_id", "iccid"] order "number";
    INVOICE_REQUEST "invoice_request" ["order_id", "buyer", "title", "tax_number", "email", "state", "asked_at", "settled_at", "number", "link", "reason"] where "order_id IN (SELECT id FROM orders WHERE customer_id = $1 AND placed_by = 'owner')" order "order_id";
    VOUCHER "voucher" ["batch_name", "order_id", "redeemed_at"] order "redeemed_at";
    BANK_LINE "bank_line" ["bank_id", "booked_on", "currency", "amount", "payer", "remark", "state", "attempt_id"] order "bank_id";
    BANK_REFUND "bank_refund" ["refund_id", "bank_id", "noted_at"] order "refund_id";
    AUTO_RENEW "auto_renew" ["line_id", "offering_code", "offering_version", "currency", "price", "methods", "month_cap", "lead_days", "terms_version", "consented_at", "state", "cycle_at", "debit_at", "step", "asked", "why", "left_percent", "by_forecast", "early_at"] order "id";
    RENEWAL_CONSENT "renewal_consent" ["line_id", "given", "offering_code", "offering_version", "currency", "price", "methods", "month_cap", "lead_days", "terms_version", "at", "left_percent", "by_forecast"] order "id";
    PAYMENT_METHOD "payment_method" ["id", "provider", "kind", "label", "good_until", "state", "added_at", "removed_at"] order "id";
    PROVIDER_CUSTOMER "provider_customer" ["provider", "reference"] order "provider";
    DISPUTE "dispute" ["order_id", "attempt_id", "reference", "reason", "currency", "amount", "state", "frozen_credit", "frozen_deferred", "from_refunds", "opened_at", "due_by_at", "closed_at"] order "id";
    MESSAGE "message" ["line_id", "order_id", "kind", "channel", "fate", "reason", "passed_on", "sent_at", "fate_at", "beside", "contact_id"] order "id";
    LINE_REMINDERS "line_reminders" ["line_id", "own", "days", "percents", "forecast", "quiet_from", "quiet_until", "tell_owner", "usage_counts"] order "id";
    REMINDER "reminder" ["line_id", "cause", "cycle_at", "step", "runs_out_at", "at"] order "id";
    LINE_CONTACT "line_contact" ["id", "line_id", "channel", "address", "language", "added_at"] order "id";
    CONTACT_POINT "contact_point" ["channel", "address", "device", "added_at"] order "id";
    USAGE "usage" ["line_id", "unit", "charged", "overrun", "used_at"] order "id";
    USAGE_DAY "usage_day" ["line_id", "day", "unit", "charged", "overrun"] order "line_id, day, unit";
    CREDENTIAL "credential" ["password_set_at", "second_factor"] order "customer_id";
    PASSKEY "passkey" ["name", "added_at", "used_at"] order "id";
    ACCOUNT_MESSAGE "account_message" ["template", "channel", "fate", "reason", "sent_at", "fate_at"] order "id";
    ACCOUNT_EVENT "account_event" ["kind", "device", "former", "at", "told_at"] order "id";
    RECOVERY_REQUEST "recovery_request" ["id", "contact", "reason", "state", "asked_at", "due_at", "settled_at", "note"] order "id";
    CLOSING_REQUEST "closing_request" ["id", "state", "paid_out", "lapsed", "bank_id", "asked_at", "taken_at", "settled_at"] order "id";
    SUPPORT_CASE "support_case" ["id", "for_whom", "order_id", "line_id", "attempt_id", "reason", "subject", "step", "side", "state", "priority", "due_at", "merged_into", "follows", "cause", "number", "opened_at", "changed_at", "solved_at"] where "for_whom <> 'guest'" order "id";
    CASE_ENTRY "case_entry" ["case_id", "kind", "text", "at"] where "case_id IN (SELECT id FROM support_case WHERE customer_id = $1 AND for_whom <> 'guest')" order "id";
    CASE_ATTACHMENT "case_attachment" ["id", "case_id", "name", "kind", "octets", "at"] where "case_id IN (SELECT id FROM support_case WHERE customer_id = $1 AND for_whom <> 'guest')" order "id";
    DEVICE_CHECK "device_check" ["line_id", "iccid", "basis", "model", "sold", "eid", "checked_at"] order "checked_at";
    IDENTITY "identity" ["document_kind", "said_at", "settled_at"] order "customer_id";
    CONTRIBUTION "contribution" ["kind", "offering_code", "question_id", "line_id", "author", "stars", "words", "device", "region", "state", "reports", "written_at", "answered_at", "settled_at", "reason"] order "id";
    CONTRIBUTION_REPORT "contribution_report" ["contribution_id", "reported_at"] order "contribution_id";
    IDENTITY_CORRECTION "identity_correction" ["id", "field", "document_kind", "reason", "state", "asked_at", "settled_at", "note"] order "id";
    CONSENT "consent" ["kind", "version", "given", "at"] order "id";
    OWNERSHIP_CHANGE "ownership_change" ["id", "line_id", "contact", "state", "asked_at", "due_at", "settled_at"] order "id";
}

/// One row as it is stored.
struct Whole(Vec<Value>);
impl FromRow for Whole {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        (0..row.len()).map(|n| row.get(n)).collect::<Result<_>>().map(Whole)
    }
}

/// The rows of a section. Some of these tables have no index by customer: for rare work only.
pub async fn rows(tx: &mut Tx, section: &Section, customer: CustomerId) -> Result<Vec<Vec<Value>>> {
    Ok(tx.all::<Whole>(section.sql, args![customer]).await?.into_iter().map(|row| row.0).collect())
}
/// When a customer's data was restricted, if it was; and the key that the operator gave it.
pub async fn restricted_at(tx: &mut Tx, customer: CustomerId) -> Result<(Option<BusinessTime>, Option<String>)> {
    tx.one("customer", &RESTRICTED_AT, args![customer]).await
}
/// Removes what names a customer, or was written about them, from the customer and its lines. What the books need stays under the id alone.
pub fn restrict(tx: &mut Tx, customer: CustomerId, at: BusinessTime) {
    tx.put(&RESTRICT, args![customer, at]);
    tx.put(&UNNAME_LINES, args![customer]);
    tx.put(&UNREASON, args![customer]);
    tx.put(&UNREASON_REFUNDS, args![customer]);
    tx.put(&UNREASON_CREDIT, args![customer]);
    tx.put(&FORGET_CONTACTS, args![customer]);
    tx.put(&FORGET_LINE_CONTACTS, args![customer]);
    tx.put(&UNNAME_EVENTS, args![customer]);
    tx.put(&FORGET_ACCOUNT_MESSAGES, args![customer]);
    tx.put(&FORGET_RECOVERIES, args![customer]);
    tx.put(&FORGET_CASE_ENTRIES, args![customer]);
    tx.put(&FORGET_CASE_FILES, args![customer]);
    tx.put(&UNMERGE_CASES, args![customer]);
    tx.put(&FORGET_CASES, args![customer]);
    contribution::forget_author(tx, customer, at);
    tx.put(&FORGET_DEVICES, args![customer]);
    tx.put(&FORGET_OFFERS, args![customer]);
    tx.put(&FORGET_IDENTITY, args![customer]);
    tx.put(&FORGET_CORRECTIONS, args![customer]);
}
/// Removes the one-time codes that were sent to a number.
pub fn forget_codes(tx: &mut Tx, contact: &str) {
    tx.put(&FORGET_CODES, args![contact]);
}
