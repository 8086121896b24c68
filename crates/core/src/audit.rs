//! What the staff saw or did, and why: entries of a chain, each of which names the one before it by its hash.
//!
//! This module owns the words and the bytes that are hashed. It hashes nothing itself.

use crate::ids::RawId;
use crate::time::SystemTime;
use crate::words::words;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A member of the staff, at the desk.
    Staff(RawId),
    /// Whoever has the machine, on the command line.
    CommandLine,
    /// The system itself.
    System,
}

impl Actor {
    /// The stable word for its kind.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Actor::Staff(_) => "staff",
            Actor::CommandLine => "cli",
            Actor::System => "system",
        }
    }
    /// The member of the staff.
    #[must_use]
    pub const fn staff(self) -> Option<RawId> {
        match self {
            Actor::Staff(id) => Some(id),
            _ => None,
        }
    }
}

/// What was seen or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditAction {
    /// An order with its line, payments and refunds.
    OrderSeen,
    /// A customer, with what happened.
    CustomerSeen,
    /// What is masked of a customer, in the clear.
    CustomerRevealed,
    /// A line, with what happened to it.
    LineSeen,
    /// A caller was sent a code.
    CallerAsked,
    /// A caller proved to be the customer.
    CallerProved,
    /// A case with what is written in it.
    CaseSeen,
    /// A file of a case.
    CaseFileSeen,
    /// Somebody was looked for in the desk's box.
    DeskSearched,
    /// What waits for people in a queue: orders, refunds, disputes, cases and the like.
    QueueSeen,
    /// An item of reconciliation, with what both sides say.
    ItemSeen,
    /// Transfers behind a sum of a day.
    TransfersSeen,
    /// A request to be let in, with whose it is.
    RecoverySeen,
    /// A document that waits for a decision.
    IdentitySeen,
    /// An account that is being closed, with where its money goes.
    ClosingSeen,
    /// The evidence that answers a dispute was taken away.
    EvidenceTaken,
    /// A line was commanded.
    LineCommanded,
    /// A line's Sim was noted as replaced.
    SimReplaced,
    /// A case was answered.
    CaseAnswered,
    /// Something was noted in a case.
    CaseNoted,
    /// A case was set to another state.
    CaseSet,
    /// A case was opened for somebody who called, or about an item of reconciliation.
    CaseOpened,
    /// A case was taken.
    CaseTaken,
    /// A case was handed on to a colleague.
    CaseHandedOn,
    /// A case was let go.
    CaseLetGo,
    /// A case was given another priority.
    CasePrioritySet,
    /// A case went into another.
    CaseMerged,
    /// A prepared answer was written.
    PreparedKept,
    /// A prepared answer was removed.
    PreparedRemoved,
    /// It was decided about a review, question or answer.
    ContributionDecided,
    /// A question was answered.
    QuestionAnswered,
    /// An invoice was made or refused.
    InvoiceSettled,
    /// A refund was given, by one person.
    RefundGiven,
    /// A refund was asked for that needs a second person.
    RefundAsked,
    /// A second person approved one.
    RefundApproved,
    /// One was declined or withdrawn.
    RefundDeclined,
    /// A refused refund was given another way.
    RefundOtherWay,
    /// A refund that was made by hand was noted.
    RefundNoted,
    /// An item of reconciliation was closed.
    ItemClosed,
    /// A provider was asked again about one.
    ItemAsked,
    /// A line of a bank's statement was matched by hand.
    TransferMatched,
    /// Somebody was let in.
    RecoveryCompleted,
    /// Somebody was not.
    RecoveryRefused,
    /// It was decided who somebody is.
    IdentityDecided,
    /// It was decided about a correction of that.
    CorrectionDecided,
    /// A closing was taken up.
    ClosingTaken,
    /// Its money was sent.
    ClosingSent,
    /// Its money was not sent after all.
    ClosingNotSent,
    /// A batch of vouchers was begun.
    VouchersMade,
    /// A batch of vouchers was stopped.
    VouchersStopped,
    /// A draft of an offering was written.
    CatalogDrafted,
    /// A draft was changed.
    CatalogEdited,
    /// A draft was thrown away.
    CatalogDiscarded,
    /// It was planned when a version is published or retired.
    CatalogPlanned,
    /// What was planned was taken back, or could not be done any more.
    CatalogUnplanned,
    /// A version went on sale.
    CatalogPublished,
    /// A version is no longer sold.
    CatalogRetired,
    /// What a version costs upstream was noted.
    CatalogCostNoted,
    /// A member was added.
    StaffAdded,
    /// A member got a new link; what they signed in with ended.
    StaffInvited,
    /// A member got another role.
    StaffRoleChanged,
    /// A member can sign in no more.
    StaffDisabled,
    /// A member's second factor was taken away.
    SecondFactorReset,
    /// A member set their code generator.
    SecondFactorSet,
    /// A member added a passkey.
    PasskeyAdded,
    /// A member removed a passkey.
    PasskeyRemoved,
    /// A member made new recovery codes.
    RecoveryCodesMade,
    /// The log was read out.
    AuditExported,
    /// A provider was asked again about an order's payments and refunds.
    ProviderAsked,
    /// A network was asked again about an order.
    NetworkAsked,
    /// A link to pay was sent.
    PayLinkSent,
    /// Goodwill was given.
    GoodwillGiven,
    /// Credit was corrected, by one person.
    CreditAdjusted,
    /// A correction of credit was asked for that needs a second person.
    CreditAsked,
    /// A second person approved one.
    CreditApproved,
    /// One was declined or withdrawn.
    CreditDeclined,
    /// A line was offered to another owner, for its owner.
    LineOffered,
    /// Such an offer was taken back.
    OfferWithdrawn,
    /// A batch or a Sim was set aside.
    StockSetAside,
    /// One was given back to the stock.
    StockGivenBack,
    /// It was set from when on a kind of stock is low.
    StockThresholdSet,
    /// It was set from when on the upstream network holds too little of our money.
    FloatThresholdSet,
    /// A job was made due at once.
    JobRetried,
    /// Jobs of one kind were made due at once.
    JobsRetried,
    /// A job was given up.
    JobGivenUp,
    /// A test message was sent.
    TestMessageSent,
    /// A provider was asked whether it is there.
    ProviderTested,
}
words!(AuditAction {
    OrderSeen = "order.seen",
    CustomerSeen = "customer.seen",
    CustomerRevealed = "customer.revealed",
    LineSeen = "line.seen",
    CallerAsked = "caller.asked",
    CallerProved = "caller.proved",
    CaseSeen = "case.seen",
    CaseFileSeen = "case.file_seen",
    DeskSearched = "desk.searched",
    QueueSeen = "queue.seen",
    ItemSeen = "reconciliation.item_seen",
    TransfersSeen = "transfer.seen",
    RecoverySeen = "recovery.seen",
    IdentitySeen = "identity.seen",
    ClosingSeen = "closing.seen",
    EvidenceTaken = "order.evidence_taken",
    LineCommanded = "line.commanded",
    SimReplaced = "line.sim_replaced",
    CaseAnswered = "case.answered",
    CaseNoted = "case.noted",
    CaseSet = "case.set",
    CaseOpened = "case.opened",
    CaseTaken = "case.taken",
    CaseHandedOn = "case.handed_on",
    CaseLetGo = "case.let_go",
    CasePrioritySet = "case.priority_set",
    CaseMerged = "case.merged",
    PreparedKept = "prepared.kept",
    PreparedRemoved = "prepared.removed",
    ContributionDecided = "contribution.decided",
    QuestionAnswered = "contribution.answered",
    InvoiceSettled = "invoice.settled",
    RefundGiven = "refund.given",
    RefundAsked = "refund.asked",
    RefundApproved = "refund.approved",
    RefundDeclined = "refund.declined",
    RefundOtherWay = "refund.other_way",
    RefundNoted = "refund.noted",
    ItemClosed = "reconciliation.closed",
    ItemAsked = "reconciliation.asked",
    TransferMatched = "transfer.matched",
    RecoveryCompleted = "recovery.completed",
    RecoveryRefused = "recovery.refused",
    IdentityDecided = "identity.decided",
    CorrectionDecided = "identity.correction_decided",
    ClosingTaken = "closing.taken",
    ClosingSent = "closing.sent",
    ClosingNotSent = "closing.not_sent",
    VouchersMade = "voucher.made",
    VouchersStopped = "voucher.stopped",
    CatalogDrafted = "catalog.drafted",
    CatalogEdited = "catalog.edited",
    CatalogDiscarded = "catalog.discarded",
    CatalogPlanned = "catalog.planned",
    CatalogUnplanned = "catalog.unplanned",
    CatalogPublished = "catalog.published",
    CatalogRetired = "catalog.retired",
    CatalogCostNoted = "catalog.cost_noted",
    StaffAdded = "staff.added",
    StaffInvited = "staff.invited",
    StaffRoleChanged = "staff.role_changed",
    StaffDisabled = "staff.disabled",
    SecondFactorReset = "staff.second_factor_reset",
    SecondFactorSet = "staff.second_factor_set",
    PasskeyAdded = "staff.passkey_added",
    PasskeyRemoved = "staff.passkey_removed",
    RecoveryCodesMade = "staff.recovery_codes_made",
    AuditExported = "audit.exported",
    ProviderAsked = "order.provider_asked",
    NetworkAsked = "order.network_asked",
    PayLinkSent = "line.pay_link_sent",
    GoodwillGiven = "credit.goodwill",
    CreditAdjusted = "credit.adjusted",
    CreditAsked = "credit.asked",
    CreditApproved = "credit.approved",
    CreditDeclined = "credit.declined",
    LineOffered = "line.offered",
    OfferWithdrawn = "line.offer_withdrawn",
    StockSetAside = "stock.set_aside",
    StockGivenBack = "stock.given_back",
    StockThresholdSet = "stock.threshold_set",
    FloatThresholdSet = "stock.float_threshold_set",
    JobRetried = "job.retried",
    JobsRetried = "job.kind_retried",
    JobGivenUp = "job.given_up",
    TestMessageSent = "message.test_sent",
    ProviderTested = "provider.tested",
});

/// How many bytes a hash has (SHA-256).
pub const HASH_BYTES: usize = 32;
/// The hash of an entry, or of a reason with its salt.
pub type Hash = [u8; HASH_BYTES];
/// What the first entry names as the one before it.
pub const NO_HASH: Hash = [0; HASH_BYTES];

/// What is hashed of an entry, as it is stored. Words are not parsed: an entry that was changed is hashed as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashed<'a> {
    /// Its place: the first is 1, and there is no gap.
    pub seq: i64,
    /// When, by the machine's time.
    pub at: SystemTime,
    /// The word of who did it.
    pub actor: &'a str,
    /// Which member of the staff.
    pub staff: Option<RawId>,
    /// The word of what was done.
    pub action: &'a str,
    /// What it was done to: the word of its kind.
    pub subject_kind: &'a str,
    /// Which one.
    pub subject_id: &'a str,
    /// Whose it is.
    pub customer: Option<RawId>,
    /// The hash of why, with its salt: the words themselves go when the customer is erased, and the chain holds.
    pub reason_hash: Option<Hash>,
    /// More of it, as canonical JSON: one flat object, its keys in order, nothing between.
    pub details: &'a str,
    /// The hash of the entry before it.
    pub previous: Hash,
}

const ENTRY: &[u8] = b"everline audit entry 1\0";
const REASON: &[u8] = b"everline audit reason 1\0";

impl Hashed<'_> {
    /// The bytes whose hash is the entry's: a mark, then each field with whether it is there and how long it is, so that no
    /// two entries have the same bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let (staff, customer) = (self.staff.map(|id| id.bytes()), self.customer.map(|id| id.bytes()));
        let fields: [Option<&[u8]>; 11] = [
            Some(&self.seq.to_be_bytes()),
            Some(&self.at.us().to_be_bytes()),
            Some(self.actor.as_bytes()),
            staff.as_ref().map(<[u8; 16]>::as_slice),
            Some(self.action.as_bytes()),
            Some(self.subject_kind.as_bytes()),
            Some(self.subject_id.as_bytes()),
            customer.as_ref().map(<[u8; 16]>::as_slice),
            self.reason_hash.as_ref().map(Hash::as_slice),
            Some(self.details.as_bytes()),
            Some(&self.previous),
        ];
        let mut bytes = ENTRY.to_vec();
        for field in fields {
            let Some(field) = field else {
                bytes.push(0);
                continue;
            };
            bytes.push(1);
            bytes.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(field);
        }
        bytes
    }
}

/// The bytes whose hash stands for a reason.
#[must_use]
pub fn reason_bytes(salt: &[u8], reason: &str) -> Vec<u8> {
    [REASON, salt, reason.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const ENTRY_ONE: Hashed<'_> = Hashed {
        seq: 1,
        at: SystemTime::from_us(1_000),
        actor: "staff",
        staff: Some(RawId::from_bytes([1; 16])),
        action: "order.seen",
        subject_kind: "order",
        subject_id: "123",
        customer: Some(RawId::from_bytes([2; 16])),
        reason_hash: Some([3; HASH_BYTES]),
        details: "{}",
        previous: NO_HASH,
    };

    #[test]
    fn every_field_is_in_the_bytes_and_none_runs_into_the_next() {
        let others = [
            Hashed { seq: 2, ..ENTRY_ONE },
            Hashed { at: SystemTime::from_us(1_001), ..ENTRY_ONE },
            Hashed { actor: "cli", ..ENTRY_ONE },
            Hashed { staff: None, ..ENTRY_ONE },
            Hashed { action: "order.seeno", subject_kind: "rder", ..ENTRY_ONE },
            Hashed { subject_kind: "order1", subject_id: "23", ..ENTRY_ONE },
            Hashed { subject_id: "124", ..ENTRY_ONE },
            Hashed { customer: None, ..ENTRY_ONE },
            Hashed { staff: ENTRY_ONE.customer, customer: ENTRY_ONE.staff, ..ENTRY_ONE },
            Hashed { reason_hash: None, ..ENTRY_ONE },
            Hashed { details: "{\"a\":1}", ..ENTRY_ONE },
            Hashed { previous: [9; HASH_BYTES], ..ENTRY_ONE },
            ENTRY_ONE,
        ];
        let all: BTreeSet<Vec<u8>> = others.iter().map(Hashed::bytes).collect();
        assert_eq!(all.len(), others.len());
    }

    #[test]
    fn the_bytes_are_these() {
        let mut expected = b"everline audit entry 1\0".to_vec();
        expected.extend([1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]);
        expected.extend([1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 3, 0xe8]);
        expected.extend(b"\x01\0\0\0\x05staff");
        expected.extend([&[1, 0, 0, 0, 16][..], &[1; 16]].concat());
        expected.extend(b"\x01\0\0\0\x0aorder.seen\x01\0\0\0\x05order\x01\0\0\0\x03123");
        expected.push(0);
        expected.push(0);
        expected.extend(b"\x01\0\0\0\x02{}");
        expected.extend([&[1, 0, 0, 0, 32][..], &[0; 32]].concat());
        let entry = Hashed { customer: None, reason_hash: None, ..ENTRY_ONE };
        assert_eq!(entry.bytes(), expected);
        assert_eq!(reason_bytes(&[7, 7], "why"), b"everline audit reason 1\0\x07\x07why");
    }

    #[test]
    fn words_are_stable_and_apart() {
        let words: BTreeSet<&str> = AuditAction::ALL.iter().map(|action| action.word()).collect();
        assert_eq!(words.len(), AuditAction::ALL.len());
    }
}
