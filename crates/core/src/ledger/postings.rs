//! Posting templates: every movement of money has one of these names, and exactly the transfers its name says.

use super::accounts::LedgerAccount::{
    self, Bank, DeferredRevenue, DisputeReceivable, InTransit, OrderFunds, PaidCredit, PromoCredit, PromotionCost,
    PspFees, PspReceivable, RefundInFlight, Revenue, Suspense, VoucherReceivable, WriteOff,
};
use crate::ids::{
    AttemptId, BillLineId, DisputeId, ItemId, LineId, OrderId, PostingId, RawId, RefundId, TransferId, VoucherId,
};
use crate::time::BusinessTime;
use crate::words::words;

/// Debit and credit of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// The account debited.
    pub debit: LedgerAccount,
    /// The account credited.
    pub credit: LedgerAccount,
}

/// The named postings. Names and codes are stable: the store holds them for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Template {
    /// A provider's evidence brought money for an order.
    Paid,
    /// A plan or pack was delivered.
    Delivered,
    /// A top-up was delivered.
    ToppedUp,
    /// Time passed for a delivered plan or pack: straight-line, the exact remainder at the end.
    PackRecognised,
    /// Evidence brought money that no order can take: late, surplus, or another amount than asked.
    PaidToSuspense,
    /// Money in suspense is on its way back.
    RefundStartedFromSuspense,
    /// Money of a paid order that cannot be delivered is on its way back.
    RefundStartedFromOrder,
    /// The provider confirmed a refund.
    RefundDone,
    /// The provider refused a refund; a person must look.
    RefundFailed,
    /// Paid credit was put into an order.
    CreditSpent,
    /// Promotional credit was put into an order.
    PromoSpent,
    /// Paid credit came back out of an order that did not need it.
    CreditReturned,
    /// Promotional credit came back out of an order that did not need it.
    PromoReturned,
    /// A voucher that was sold brought paid credit.
    Voucher,
    /// A voucher that was given away brought promotional credit.
    VoucherPromo,
    /// A line of the bank's statement brought money for an order.
    PaidByBank,
    /// A line of the bank's statement brought money that no order can use.
    BankToCredit,
    /// A refund was made from the bank account, by hand.
    RefundDoneByBank,
    /// A provider kept a fee.
    PspFee,
    /// A provider gave a fee back, with a refund.
    FeeReturned,
    /// A provider paid out what it owed.
    Payout,
    /// A payout came back to the provider: the bank did not take it.
    PayoutReturned,
    /// What a provider does not owe after all is lost.
    WrittenOff,
    /// What a provider owes beyond our books waits until somebody can be named for it.
    BookedToSuspense,
    /// A card's bank took money back while a dispute is decided.
    DisputeOpened,
    /// Paid credit that a disputed top-up brought and that is not spent is frozen.
    DisputeFrozenCredit,
    /// Revenue of a disputed plan or pack that is not earned is frozen.
    DisputeFrozenDeferred,
    /// A dispute was won: the money is back.
    DisputeWon,
    /// A dispute was won: credit is credit again.
    DisputeUnfrozenCredit,
    /// A dispute was won: the plan earns again.
    DisputeUnfrozenDeferred,
    /// A dispute was won after the plan had ended: all of it is earned.
    DisputeWonEarned,
    /// A dispute was lost: what was frozen makes good what the bank took.
    DisputeLost,
    /// A dispute was lost: the rest is lost.
    DisputeWrittenOff,
    /// Of a delivered plan or pack, what time has not earned is on its way back.
    RefundStartedFromDeferred,
    /// What a top-up brought, and was not spent, is on its way back.
    RefundStartedFromCredit,
    /// What was earned already is on its way back.
    RefundStartedFromEarned,
    /// Of a delivered plan or pack, what time has not earned is paid credit again.
    DeferredToCredit,
    /// Of a delivered plan or pack, what time has not earned is promotional credit again.
    DeferredToPromo,
    /// What was earned already is paid credit again.
    EarnedToCredit,
    /// What was earned already is promotional credit again.
    EarnedToPromo,
    /// A refund that was confirmed came back to the provider: its payer could not be reached.
    RefundBounced,
    /// What a provider refused to give back is credit of the account.
    RefundCredited,
    /// What a provider refused to give back was sent from the bank account, by hand.
    RefundPaidOut,
    /// What a provider refused to give back makes good what a lost dispute cost: its payer has it from the bank.
    RefundMadeGood,
    /// Paid credit leaves with a line that is handed over.
    CreditGiven,
    /// Promotional credit leaves with it.
    PromoGiven,
    /// Paid credit arrives with a line.
    CreditTaken,
    /// Promotional credit arrives with it.
    PromoTaken,
    /// An account is closed: what was set aside was sent from the bank account, by hand.
    CreditPaidOut,
    /// An account is closed: promotional credit lapses.
    PromoLapsed,
    /// An account is to be closed: what was paid in and not spent is set aside, about to be sent by hand.
    CreditSetAside,
    /// It was not sent after all.
    CreditSetBack,
    /// Staff gave promotional credit, to make up for something.
    Goodwill,
    /// Staff raised paid credit.
    CreditRaised,
    /// Staff lowered paid credit.
    CreditLowered,
    /// Staff lowered promotional credit.
    PromoLowered,
}

words!(Template {
    Paid = "PAID",
    Delivered = "DELIVERED",
    ToppedUp = "TOPPED_UP",
    PackRecognised = "PACK_RECOGNISED",
    PaidToSuspense = "PAID_TO_SUSPENSE",
    RefundStartedFromSuspense = "REFUND_STARTED_SUSPENSE",
    RefundStartedFromOrder = "REFUND_STARTED_ORDER",
    RefundDone = "REFUND_DONE",
    RefundFailed = "REFUND_FAILED",
    CreditSpent = "CREDIT_SPENT",
    PromoSpent = "PROMO_SPENT",
    CreditReturned = "CREDIT_RETURNED",
    PromoReturned = "PROMO_RETURNED",
    Voucher = "VOUCHER",
    VoucherPromo = "VOUCHER_PROMO",
    PaidByBank = "PAID_BY_BANK",
    BankToCredit = "BANK_TO_CREDIT",
    RefundDoneByBank = "REFUND_DONE_BANK",
    PspFee = "PSP_FEE",
    FeeReturned = "FEE_RETURNED",
    Payout = "PAYOUT",
    PayoutReturned = "PAYOUT_RETURNED",
    WrittenOff = "WRITE_OFF",
    BookedToSuspense = "BOOKED_TO_SUSPENSE",
    DisputeOpened = "DISPUTE_OPENED",
    DisputeFrozenCredit = "DISPUTE_FROZEN_CREDIT",
    DisputeFrozenDeferred = "DISPUTE_FROZEN_DEFERRED",
    DisputeWon = "DISPUTE_WON",
    DisputeUnfrozenCredit = "DISPUTE_UNFROZEN_CREDIT",
    DisputeUnfrozenDeferred = "DISPUTE_UNFROZEN_DEFERRED",
    DisputeWonEarned = "DISPUTE_WON_EARNED",
    DisputeLost = "DISPUTE_LOST",
    DisputeWrittenOff = "DISPUTE_WRITTEN_OFF",
    RefundStartedFromDeferred = "REFUND_STARTED_DEFERRED",
    RefundStartedFromCredit = "REFUND_STARTED_CREDIT",
    RefundStartedFromEarned = "REFUND_STARTED_EARNED",
    DeferredToCredit = "DEFERRED_TO_CREDIT",
    DeferredToPromo = "DEFERRED_TO_PROMO",
    EarnedToCredit = "EARNED_TO_CREDIT",
    EarnedToPromo = "EARNED_TO_PROMO",
    RefundBounced = "REFUND_BOUNCED",
    RefundCredited = "REFUND_CREDITED",
    RefundPaidOut = "REFUND_PAID_OUT",
    RefundMadeGood = "REFUND_MADE_GOOD",
    CreditGiven = "CREDIT_GIVEN",
    PromoGiven = "PROMO_GIVEN",
    CreditTaken = "CREDIT_TAKEN",
    PromoTaken = "PROMO_TAKEN",
    CreditPaidOut = "CREDIT_PAID_OUT",
    PromoLapsed = "PROMO_LAPSED",
    CreditSetAside = "CREDIT_SET_ASIDE",
    CreditSetBack = "CREDIT_SET_BACK",
    Goodwill = "GOODWILL",
    CreditRaised = "CREDIT_RAISED",
    CreditLowered = "CREDIT_LOWERED",
    PromoLowered = "PROMO_LOWERED",
});

impl Template {
    /// Its transfers, each of the posting's whole amount.
    #[must_use]
    pub const fn legs(self) -> &'static [Leg] {
        const fn leg(debit: LedgerAccount, credit: LedgerAccount) -> Leg {
            Leg { debit, credit }
        }
        match self {
            Template::Paid => const { &[leg(PspReceivable, OrderFunds)] },
            Template::Delivered => const { &[leg(OrderFunds, DeferredRevenue)] },
            Template::ToppedUp => const { &[leg(OrderFunds, PaidCredit)] },
            Template::PackRecognised => const { &[leg(DeferredRevenue, Revenue)] },
            Template::PaidToSuspense => const { &[leg(PspReceivable, Suspense)] },
            Template::RefundStartedFromSuspense => const { &[leg(Suspense, RefundInFlight)] },
            Template::RefundStartedFromOrder => const { &[leg(OrderFunds, RefundInFlight)] },
            Template::RefundDone => const { &[leg(RefundInFlight, PspReceivable)] },
            Template::RefundFailed => const { &[leg(RefundInFlight, Suspense)] },
            Template::CreditSpent => const { &[leg(PaidCredit, OrderFunds)] },
            Template::PromoSpent => const { &[leg(PromoCredit, OrderFunds)] },
            Template::CreditReturned => const { &[leg(OrderFunds, PaidCredit)] },
            Template::PromoReturned => const { &[leg(OrderFunds, PromoCredit)] },
            Template::Voucher => const { &[leg(VoucherReceivable, PaidCredit)] },
            Template::VoucherPromo => const { &[leg(PromotionCost, PromoCredit)] },
            Template::PaidByBank => const { &[leg(Bank, OrderFunds)] },
            Template::BankToCredit => const { &[leg(Bank, PaidCredit)] },
            Template::RefundDoneByBank => const { &[leg(RefundInFlight, Bank)] },
            Template::PspFee => const { &[leg(PspFees, PspReceivable)] },
            Template::FeeReturned => const { &[leg(PspReceivable, PspFees)] },
            Template::Payout => const { &[leg(Bank, PspReceivable)] },
            Template::PayoutReturned => const { &[leg(PspReceivable, Bank)] },
            Template::WrittenOff => const { &[leg(WriteOff, PspReceivable)] },
            Template::BookedToSuspense => const { &[leg(PspReceivable, Suspense)] },
            Template::DisputeOpened => const { &[leg(DisputeReceivable, PspReceivable)] },
            Template::DisputeFrozenCredit => const { &[leg(PaidCredit, Suspense)] },
            Template::DisputeFrozenDeferred => const { &[leg(DeferredRevenue, Suspense)] },
            Template::DisputeWon => const { &[leg(PspReceivable, DisputeReceivable)] },
            Template::DisputeUnfrozenCredit => const { &[leg(Suspense, PaidCredit)] },
            Template::DisputeUnfrozenDeferred => const { &[leg(Suspense, DeferredRevenue)] },
            Template::DisputeWonEarned => const { &[leg(Suspense, Revenue)] },
            Template::DisputeLost => const { &[leg(Suspense, DisputeReceivable)] },
            Template::DisputeWrittenOff => const { &[leg(WriteOff, DisputeReceivable)] },
            Template::RefundStartedFromDeferred => const { &[leg(DeferredRevenue, RefundInFlight)] },
            Template::RefundStartedFromCredit => const { &[leg(PaidCredit, RefundInFlight)] },
            Template::RefundStartedFromEarned => const { &[leg(Revenue, RefundInFlight)] },
            Template::DeferredToCredit => const { &[leg(DeferredRevenue, PaidCredit)] },
            Template::DeferredToPromo => const { &[leg(DeferredRevenue, PromoCredit)] },
            Template::EarnedToCredit => const { &[leg(Revenue, PaidCredit)] },
            Template::EarnedToPromo => const { &[leg(Revenue, PromoCredit)] },
            Template::RefundBounced => const { &[leg(PspReceivable, Suspense)] },
            Template::RefundCredited => const { &[leg(Suspense, PaidCredit)] },
            Template::RefundPaidOut => const { &[leg(Suspense, Bank)] },
            Template::RefundMadeGood => const { &[leg(Suspense, WriteOff)] },
            Template::CreditGiven => const { &[leg(PaidCredit, InTransit)] },
            Template::PromoGiven => const { &[leg(PromoCredit, InTransit)] },
            Template::CreditTaken => const { &[leg(InTransit, PaidCredit)] },
            Template::PromoTaken => const { &[leg(InTransit, PromoCredit)] },
            Template::CreditPaidOut => const { &[leg(RefundInFlight, Bank)] },
            Template::PromoLapsed => const { &[leg(PromoCredit, PromotionCost)] },
            Template::CreditSetAside => const { &[leg(PaidCredit, RefundInFlight)] },
            Template::CreditSetBack => const { &[leg(RefundInFlight, PaidCredit)] },
            Template::Goodwill => const { &[leg(PromotionCost, PromoCredit)] },
            Template::CreditRaised => const { &[leg(WriteOff, PaidCredit)] },
            Template::CreditLowered => const { &[leg(PaidCredit, WriteOff)] },
            Template::PromoLowered => const { &[leg(PromoCredit, PromotionCost)] },
        }
    }
    const fn tag(self) -> u8 {
        self as u8 + 1
    }
}

/// What made a posting; its id follows from this, so that the same cause never posts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Evidence for an attempt.
    Attempt(AttemptId),
    /// The delivery of an order.
    Order(OrderId),
    /// The n-th recognition of an order's revenue.
    Recognition(OrderId, u8),
    /// A step of a refund.
    Refund(RefundId),
    /// A voucher that was redeemed.
    Voucher(VoucherId),
    /// A line of a provider's bill.
    BillLine(BillLineId),
    /// What people decided about an item of the reconciliation queue.
    Item(ItemId),
    /// A step of a dispute.
    Dispute(DisputeId),
    /// A line that is handed over: its new record.
    HandOver(LineId),
    /// The closing of an account.
    Closing(RawId),
    /// Credit that staff gave or corrected.
    CreditChange(RawId),
}

/// A named, complete set of transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Follows from cause and template.
    pub id: PostingId,
    /// Which posting it is.
    pub template: Template,
    /// The order it belongs to, if it belongs to one.
    pub order: Option<OrderId>,
    /// What made it.
    pub cause: Cause,
    /// Amount of each transfer, in millionths.
    pub amount: i64,
    /// When it was posted.
    pub posted_at: BusinessTime,
}

/// One double-entry movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Follows from the posting and the place of the leg.
    pub id: TransferId,
    /// Debit and credit.
    pub leg: Leg,
    /// In millionths.
    pub amount: i64,
}

impl Posting {
    /// The posting of `template` that `cause` makes.
    #[must_use]
    pub fn new(
        template: Template,
        cause: Cause,
        order: impl Into<Option<OrderId>>,
        amount: i64,
        posted_at: BusinessTime,
    ) -> Self {
        let (parent, number) = match cause {
            Cause::Attempt(id) => (id.0, 0),
            Cause::Order(id) => (id.0, 0),
            Cause::Recognition(id, number) => (id.0, number),
            Cause::Refund(id) => (id.0, 0),
            Cause::Voucher(id) => (id.0, 0),
            Cause::BillLine(id) => (id.0, 0),
            Cause::Item(id) => (id.0, 0),
            Cause::Dispute(id) => (id.0, 0),
            Cause::HandOver(id) => (id.0, 0),
            Cause::Closing(id) | Cause::CreditChange(id) => (id, 0),
        };
        let id = PostingId(parent.derive(template.tag(), number));
        Self { id, template, order: order.into(), cause, amount, posted_at }
    }
    /// Its transfers, in the template's order.
    pub fn transfers(&self) -> impl Iterator<Item = Transfer> + '_ {
        self.template.legs().iter().enumerate().map(|(place, leg)| {
            // Two bits for the place of the leg, six for the template's tag.
            let tag = u8::try_from(place).unwrap_or(u8::MAX) << 6;
            Transfer { id: TransferId(self.id.0.derive(tag, 0)), leg: *leg, amount: self.amount }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Balances, LedgerRefusal};
    use super::*;
    use crate::ids::RawId;

    const AT: BusinessTime = BusinessTime::from_us(1);

    fn posting(template: Template, amount: i64) -> Posting {
        let order = OrderId(RawId::new_v7(1, [1; 10]));
        Posting::new(template, Cause::Order(order), order, amount, AT)
    }

    #[test]
    fn every_template_keeps_the_sum_at_zero() {
        let full = Balances::default();
        let full =
            [Template::Paid, Template::PaidToSuspense].iter().fold(full, |b, t| b.after(&posting(*t, 100)).unwrap());
        let full = full.after(&posting(Template::Delivered, 50)).unwrap();
        let full = full.after(&posting(Template::RefundStartedFromSuspense, 50)).unwrap();
        let full = full.after(&posting(Template::PackRecognised, 20)).unwrap();
        let full = full.after(&posting(Template::CreditReturned, 15)).unwrap();
        let full = full.after(&posting(Template::PromoReturned, 15)).unwrap();
        for template in Template::ALL {
            assert_eq!(full.after(&posting(template, 10)).unwrap().sum(), 0, "{template:?}");
            assert_eq!(Template::from_word(template.word()), Some(template));
        }
    }

    #[test]
    fn nothing_customers_are_owed_goes_below_zero() {
        let paid = Balances::default().after(&posting(Template::Paid, 100)).unwrap();
        let refusal = paid.after(&posting(Template::Delivered, 101));
        assert_eq!(refusal, Err(LedgerRefusal::BelowZero { account: LedgerAccount::OrderFunds }));
        assert_eq!(paid.after(&posting(Template::Paid, 0)), Err(LedgerRefusal::NotPositive));
        let overflow = paid.after(&posting(Template::Paid, i64::MAX));
        assert_eq!(overflow, Err(LedgerRefusal::Overflow { account: LedgerAccount::PspReceivable }));
    }

    #[test]
    fn ids_follow_from_the_cause_and_never_meet() {
        let order = OrderId(RawId::new_v7(1, [9; 10]));
        let mut ids = std::collections::BTreeSet::new();
        for template in Template::ALL {
            for number in 0..=255 {
                for transfer in Posting::new(template, Cause::Recognition(order, number), order, 1, AT).transfers() {
                    assert!(ids.insert(transfer.id), "{template:?} {number}");
                }
            }
        }
        for account in LedgerAccount::ALL {
            assert_eq!(LedgerAccount::from_code(account.code()), Some(account));
        }
    }
}
