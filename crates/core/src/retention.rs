//! How long what is kept for. What is needed to prove where money went is kept with the books and never removed here.

use crate::time::{DAY_US, SystemTime};
use serde::{Deserialize, Serialize};

/// A kind of record that is kept for some time only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// One-time codes, as keyed hashes with the number they were sent to: they stop to work within minutes.
    LoginCode,
    /// Signed-in browsers, after their end.
    LoginSession,
    /// Steps of signing in that nobody took.
    LoginStep,
    /// What happened to an account, and when its owner was told.
    AccountEvent,
    /// What happened to how a member of the staff signs in.
    StaffEvent,
    /// Requests to be let in by people, once they are over.
    Recovery,
    /// Idempotency keys: a client may repeat a request for so long.
    IdempotencyKey,
    /// Providers' notices as they arrived: the evidence in a dispute.
    Notice,
    /// Which message was sent when, and its fate; never its text.
    Message,
    /// The same of messages about an account.
    AccountMessage,
    /// Reminders that were told.
    Reminder,
    /// What providers call messages, and report of them.
    MessageReference,
    /// Test messages that the staff sent, and their fate.
    TestMessage,
    /// Usage that no bucket could take.
    Usage,
    /// What a line used, day by day.
    UsageDay,
    /// What was written in a case, once it is solved.
    CaseEntry,
    /// Files of a case, once it is solved.
    CaseFile,
    /// Cases that people opened, once they are solved; after what was written in them.
    Case,
    /// Requests for an invoice that staff refused.
    RefusedInvoice,
    /// Wrong voucher codes that were counted.
    VoucherGuess,
    /// How many orders and payments somebody began, after the hour or day was over.
    VelocityCount,
    /// Reviews, questions and answers that nobody sees any more, with the answers to such a question.
    Contribution,
    /// Who reported one.
    ContributionReport,
    /// Links to pay that staff sent.
    PayLink,
}

impl Record {
    /// All of them.
    pub const ALL: [Record; 24] = [
        Record::LoginCode,
        Record::LoginSession,
        Record::LoginStep,
        Record::AccountEvent,
        Record::StaffEvent,
        Record::Recovery,
        Record::IdempotencyKey,
        Record::Notice,
        Record::Message,
        Record::AccountMessage,
        Record::Reminder,
        Record::MessageReference,
        Record::TestMessage,
        Record::Usage,
        Record::UsageDay,
        Record::CaseEntry,
        Record::CaseFile,
        Record::Case,
        Record::RefusedInvoice,
        Record::VoucherGuess,
        Record::VelocityCount,
        Record::Contribution,
        Record::ContributionReport,
        Record::PayLink,
    ];
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Record::LoginCode => "login_code",
            Record::LoginSession => "login_session",
            Record::LoginStep => "login_step",
            Record::AccountEvent => "account_event",
            Record::StaffEvent => "staff_event",
            Record::Recovery => "recovery",
            Record::IdempotencyKey => "idempotency_key",
            Record::Notice => "notice",
            Record::Message => "message",
            Record::AccountMessage => "account_message",
            Record::Reminder => "reminder",
            Record::MessageReference => "message_reference",
            Record::TestMessage => "test_message",
            Record::Usage => "usage",
            Record::UsageDay => "usage_day",
            Record::CaseEntry => "case_entry",
            Record::CaseFile => "case_file",
            Record::Case => "case",
            Record::RefusedInvoice => "refused_invoice",
            Record::VoucherGuess => "voucher_guess",
            Record::VelocityCount => "velocity_count",
            Record::Contribution => "contribution",
            Record::ContributionReport => "contribution_report",
            Record::PayLink => "pay_link",
        }
    }
}

/// Days for which records are kept, a brand's own decision within its law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// One-time codes, after they expired.
    pub login_code_days: u16,
    /// Signed-in browsers, after they ended.
    pub login_session_days: u16,
    /// What happened to accounts.
    pub account_event_days: u16,
    /// Idempotency keys; never fewer than 30.
    pub idempotency_key_days: u16,
    /// Raw notices. Card and wallet disputes can begin a year after the payment.
    pub notice_days: u16,
    /// Messages.
    pub message_days: u16,
    /// Usage, and its sums by day.
    pub usage_days: u16,
    /// Cases that people opened, after they were solved.
    pub case_days: u16,
    /// Refused requests for an invoice.
    pub refused_invoice_days: u16,
    /// Counts of orders and payments, after their hour or day.
    pub velocity_count_days: u16,
    /// Contributions that were refused, hidden or taken back, and reports.
    pub contribution_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            login_code_days: 1,
            login_session_days: 1,
            account_event_days: 400,
            idempotency_key_days: 30,
            notice_days: 400,
            message_days: 400,
            usage_days: 400,
            case_days: 400,
            refused_invoice_days: 400,
            velocity_count_days: 1,
            contribution_days: 400,
        }
    }
}

impl Retention {
    /// Records of this kind from before this instant are over.
    #[must_use]
    pub fn over_before(&self, record: Record, now: SystemTime) -> SystemTime {
        let days = match record {
            Record::LoginCode => self.login_code_days,
            // A step is worth nothing minutes later.
            Record::LoginStep => 1,
            Record::AccountEvent | Record::StaffEvent | Record::Recovery => self.account_event_days,
            Record::LoginSession => self.login_session_days,
            Record::IdempotencyKey => self.idempotency_key_days.max(30),
            Record::Notice => self.notice_days,
            Record::Message | Record::AccountMessage | Record::Reminder | Record::PayLink => self.message_days,
            // Nobody tries to deliver a message for longer.
            Record::MessageReference | Record::TestMessage => 14,
            Record::Usage | Record::UsageDay => self.usage_days,
            Record::CaseEntry | Record::CaseFile | Record::Case => self.case_days,
            Record::RefusedInvoice => self.refused_invoice_days,
            // They are forgotten after a day, whatever a brand wishes.
            Record::VoucherGuess => 1,
            Record::VelocityCount => self.velocity_count_days,
            Record::Contribution | Record::ContributionReport => self.contribution_days,
        };
        now.plus_us(-i64::from(days).saturating_mul(DAY_US))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idempotency_keys_are_kept_for_at_least_thirty_days() {
        let now = SystemTime::from_us(100 * DAY_US);
        let short = Retention { idempotency_key_days: 1, ..Retention::default() };
        assert_eq!(short.over_before(Record::IdempotencyKey, now), SystemTime::from_us(70 * DAY_US));
        assert_eq!(short.over_before(Record::LoginCode, now), SystemTime::from_us(99 * DAY_US));
    }

    #[test]
    fn what_a_brand_leaves_out_has_its_default() {
        let given: Retention = serde_json::from_str(r#"{"notice_days":800}"#).unwrap();
        assert_eq!(given, Retention { notice_days: 800, ..Retention::default() });
        assert!(serde_json::from_str::<Retention>(r#"{"notices_days":800}"#).is_err());
    }
}
