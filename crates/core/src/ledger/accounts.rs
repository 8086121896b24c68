//! Ledger accounts and their balances.

use super::postings::Posting;
use crate::money::{Currency, Money};

/// A ledger account of one customer. Brand totals are sums over customers, never rows of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// Asset: what payment providers owe us.
    PspReceivable,
    /// Liability: money the customer paid in and has not spent.
    PaidCredit,
    /// Liability: money given to the customer by promotion.
    PromoCredit,
    /// Liability: money that came in for an order that is not delivered.
    OrderFunds,
    /// Liability: delivered plans and packs whose time has not passed.
    DeferredRevenue,
    /// Liability: money whose purpose is not settled.
    Suspense,
    /// Liability: money on its way back to a payer.
    RefundInFlight,
    /// Income: what was earned.
    Revenue,
    /// Asset: what is in the operator's own bank account.
    Bank,
    /// Expense: what payment providers keep for their service.
    PspFees,
    /// Asset: what those who sell vouchers owe us.
    VoucherReceivable,
    /// Expense: credit that was given away.
    PromotionCost,
    /// Asset: money that a card's bank took back while a dispute is decided.
    DisputeReceivable,
    /// Expense: money that is lost.
    WriteOff,
    /// Between: credit on its way from one customer to another with a line. The giver's part is what went, the taker's less
    /// than zero by as much: together nothing, once it has arrived.
    InTransit,
}

impl LedgerAccount {
    /// All of them, in the order of their columns in the store.
    pub const ALL: [LedgerAccount; 15] = [
        LedgerAccount::PspReceivable,
        LedgerAccount::PaidCredit,
        LedgerAccount::PromoCredit,
        LedgerAccount::OrderFunds,
        LedgerAccount::DeferredRevenue,
        LedgerAccount::Suspense,
        LedgerAccount::RefundInFlight,
        LedgerAccount::Revenue,
        LedgerAccount::Bank,
        LedgerAccount::PspFees,
        LedgerAccount::VoucherReceivable,
        LedgerAccount::PromotionCost,
        LedgerAccount::DisputeReceivable,
        LedgerAccount::WriteOff,
        LedgerAccount::InTransit,
    ];
    /// The number under which transfers name it. Never reused.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64 + 1
    }
    /// The account of a stored number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.code() == code)
    }
    /// The stable word, also its column in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LedgerAccount::PspReceivable => "psp_receivable",
            LedgerAccount::PaidCredit => "paid_credit",
            LedgerAccount::PromoCredit => "promo_credit",
            LedgerAccount::OrderFunds => "order_funds",
            LedgerAccount::DeferredRevenue => "deferred_revenue",
            LedgerAccount::Suspense => "suspense",
            LedgerAccount::RefundInFlight => "refund_in_flight",
            LedgerAccount::Revenue => "revenue",
            LedgerAccount::Bank => "bank",
            LedgerAccount::PspFees => "psp_fees",
            LedgerAccount::VoucherReceivable => "voucher_receivable",
            LedgerAccount::PromotionCost => "promotion_cost",
            LedgerAccount::DisputeReceivable => "dispute_receivable",
            LedgerAccount::WriteOff => "write_off",
            LedgerAccount::InTransit => "in_transit",
        }
    }
    /// Whether a debit increases it (assets and expenses); all others grow by credits.
    #[must_use]
    pub const fn grows_by_debit(self) -> bool {
        match self {
            LedgerAccount::PspReceivable
            | LedgerAccount::Bank
            | LedgerAccount::PspFees
            | LedgerAccount::VoucherReceivable
            | LedgerAccount::PromotionCost
            | LedgerAccount::DisputeReceivable
            | LedgerAccount::WriteOff => true,
            LedgerAccount::PaidCredit
            | LedgerAccount::PromoCredit
            | LedgerAccount::OrderFunds
            | LedgerAccount::DeferredRevenue
            | LedgerAccount::Suspense
            | LedgerAccount::RefundInFlight
            | LedgerAccount::Revenue
            | LedgerAccount::InTransit => false,
        }
    }
    /// Whether it may go below zero. What we owe customers never may. A customer's part of an asset or expense may: a
    /// provider paid out before a refund, and what it pays out for many customers at once is the house customer's. And so may
    /// the part of whoever takes a line over.
    #[must_use]
    pub const fn may_be_negative(self) -> bool {
        self.grows_by_debit() || matches!(self, LedgerAccount::InTransit)
    }
}

/// Why a posting is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerRefusal {
    /// A transfer of nothing, or of less than nothing.
    #[error("a transfer must move a positive amount")]
    NotPositive,
    /// The account does not hold that much.
    #[error("{account:?} would go below zero")]
    BelowZero {
        /// The account.
        account: LedgerAccount,
    },
    /// The balance would not fit.
    #[error("{account:?} would overflow")]
    Overflow {
        /// The account.
        account: LedgerAccount,
    },
}

/// The balances of one customer in one currency, in millionths, each on the side on which its account grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances([i64; LedgerAccount::ALL.len()]);

impl Balances {
    /// From stored columns, in the order of [`LedgerAccount::ALL`].
    #[must_use]
    pub const fn from_columns(columns: [i64; LedgerAccount::ALL.len()]) -> Self {
        Self(columns)
    }
    /// To stored columns, in the order of [`LedgerAccount::ALL`].
    #[must_use]
    pub const fn columns(self) -> [i64; LedgerAccount::ALL.len()] {
        self.0
    }
    /// What an account holds, in millionths.
    #[must_use]
    pub fn get(&self, account: LedgerAccount) -> i64 {
        self.0.get(account as usize).copied().unwrap_or(0)
    }
    /// What the customer can spend: paid and promotional credit.
    #[must_use]
    pub fn credit(&self, currency: Currency) -> Money {
        let (paid, promo) = (self.get(LedgerAccount::PaidCredit), self.get(LedgerAccount::PromoCredit));
        Money::from_micros(paid.saturating_add(promo), currency)
    }
    /// The balances after a posting, or its refusal with nothing changed.
    pub fn after(mut self, posting: &Posting) -> Result<Self, LedgerRefusal> {
        for transfer in posting.transfers() {
            if transfer.amount <= 0 {
                return Err(LedgerRefusal::NotPositive);
            }
            self.add(transfer.leg.debit, transfer.amount, true)?;
            self.add(transfer.leg.credit, transfer.amount, false)?;
        }
        let overdrawn =
            LedgerAccount::ALL.into_iter().find(|account| !account.may_be_negative() && self.get(*account) < 0);
        overdrawn.map_or(Ok(self), |account| Err(LedgerRefusal::BelowZero { account }))
    }
    fn add(&mut self, account: LedgerAccount, amount: i64, debit: bool) -> Result<(), LedgerRefusal> {
        let signed = if debit == account.grows_by_debit() { amount } else { -amount };
        let balance = self.0.get_mut(account as usize).ok_or(LedgerRefusal::Overflow { account })?;
        *balance = balance.checked_add(signed).ok_or(LedgerRefusal::Overflow { account })?;
        Ok(())
    }
    /// Debit balances less credit balances: zero, always.
    #[must_use]
    pub fn sum(&self) -> i128 {
        let signed = |account: LedgerAccount| {
            let balance = i128::from(self.get(account));
            if account.grows_by_debit() { balance } else { -balance }
        };
        LedgerAccount::ALL.into_iter().map(signed).sum()
    }
}
