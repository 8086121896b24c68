//! Redeeming a voucher: what it brings becomes credit, once; given for an order, that credit goes into the order at once,
//! up to what is missing of its price. The rest stays with the owner of the account, whoever gave the code.
//!
//! A wrong code is counted for whoever gave it, for the address, the line, and for all together. Guesses do not find a
//! code of 95 random bits; counting keeps people from trying, and tells the operator that somebody does.

use crate::pay_with_credit::close_others;
use crate::save::carry_out;
use crate::secrets::Secrets;
use crate::{App, Problem, timers};
use everline_core::credit::{attempt, on_credit};
use everline_core::ids::{AttemptId, CustomerId, OrderId, VoucherId};
use everline_core::ledger::LedgerRefusal;
use everline_core::money::Money;
use everline_core::offering::OfferingKind;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, Method};
use everline_core::quote::{NotSellable, deliverable};
use everline_core::renewal::Outcome;
use everline_core::time::{BusinessTime, HOUR_US, Now, SECOND_US, Zone};
use everline_core::voucher::{
    ALARM_OF_ALL, Code, FREE_OF_MANY, FREE_OF_PERSON, Guesses, NoVoucher, Redeemed, Redeemer, Verdict, Voucher,
    posting, verdict,
};
use everline_store::tables::renewal::{self, Locked};
use everline_store::tables::{customer, directory, ledger, payment, voucher};
use everline_store::{Stop, Tx, Work};
use std::net::IpAddr;
use std::sync::Arc;

/// Who gives a code, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Whose account it is for.
    pub customer: CustomerId,
    /// The order that it is to pay, if it is.
    pub order: Option<OrderId>,
    /// Who gives it.
    pub by: Redeemer,
    /// From which address.
    pub address: Option<IpAddr>,
}

/// What a voucher brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// How much.
    pub amount: Money,
    /// When it was added.
    pub at: BusinessTime,
    /// Whether that was before this request.
    pub already: bool,
    /// How much of it went into the order now, and what came of that.
    pub into_order: Option<(Money, Outcome)>,
}

/// The name of a code in the store: its keyed hash.
#[must_use]
pub fn voucher_id(secrets: &Secrets, code: &Code) -> VoucherId {
    VoucherId::from(secrets.name("voucher", &[code.symbols()]))
}

/// Redeems the voucher with a code. The same customer giving it again is told when it was added, and nothing happens.
///
/// # Errors
/// [`Problem::NoVoucher`] says why the code brings nothing; one that is mistyped costs no guess. [`Problem::TooMany`] after
/// wrong codes, with the time to wait. For an order also [`Problem::OrderClosed`], [`Problem::AlreadyPaid`] and
/// [`Problem::NotSellable`]: the voucher stays as it was then.
pub async fn redeem_voucher(app: &App, given: Given, code: &str) -> Result<Added, Problem> {
    let code = Code::parse(code).map_err(Problem::NoVoucher)?;
    let now = app.clock.now();
    let work = || RedeemVoucher {
        given,
        id: voucher_id(&app.secrets, &code),
        attempt: AttemptId(app.clock.id()),
        secrets: app.secrets.clone(),
        zone: app.zone.clone(),
        now,
    };
    // A wrong code is counted, so it commits: it is an answer, not a refusal that rolls back.
    match timers::in_due_order(app, now, work).await? {
        Ok(added) => {
            app.wake.notify_one();
            Ok(added)
        }
        Err(Nothing { why, wrong_of_all }) => {
            if wrong_of_all > 0 && wrong_of_all % ALARM_OF_ALL == 0 {
                tracing::warn!(wrong_of_all, "many wrong voucher codes within an hour: somebody may be guessing");
            }
            Err(Problem::NoVoucher(why))
        }
    }
}

/// Why a code brought nothing, and how many wrong codes there were in this hour, if it was one.
struct Nothing {
    why: NoVoucher,
    wrong_of_all: i64,
}

struct RedeemVoucher {
    given: Given,
    id: VoucherId,
    attempt: AttemptId,
    secrets: Arc<Secrets>,
    zone: Zone,
    now: Now,
}

impl Work for RedeemVoucher {
    const NAME: &'static str = "redeem_voucher";
    type Out = Result<Added, Nothing>;
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let paying = self.lock(tx).await?;
        let guessers = self.guessers(paying.as_ref());
        let counted = self.count(tx, &guessers).await?;
        let taken = match self.take(tx, paying.as_ref()).await? {
            // Another took it, or its batch was stopped, after it was read.
            Taken::NotAnyMore => self.take(tx, paying.as_ref()).await?,
            taken => taken,
        };
        let (voucher, at) = match taken {
            Taken::Now(voucher) => (voucher, self.now.business),
            // Added at this very instant: this Work, run again after a lost answer.
            Taken::Before(amount, at) => {
                return Ok(Ok(Added { amount, at, already: at != self.now.business, into_order: None }));
            }
            Taken::No(NoVoucher::Unknown) => {
                let wrong_of_all = self.wrong(tx, &guessers, &counted).await?;
                return Ok(Err(Nothing { why: NoVoucher::Unknown, wrong_of_all }));
            }
            Taken::No(why) => return Ok(Err(Nothing { why, wrong_of_all: 0 })),
            Taken::NotAnyMore => return Err(Stop::Refused(Problem::Busy)),
        };
        let into_order = match paying {
            None => {
                self.add(tx, &voucher).await?;
                None
            }
            Some(paying) => Some(self.pay(tx, &voucher, paying).await?),
        };
        Ok(Ok(Added { amount: voucher.batch.amount, at, already: false, into_order }))
    }
}

/// What became of taking a voucher.
enum Taken {
    Now(Voucher),
    /// By the same customer: what it brought, and when.
    Before(Money, BusinessTime),
    No(NoVoucher),
    NotAnyMore,
}

impl RedeemVoucher {
    /// Locks the account, and the order with all that paying it changes.
    async fn lock(&self, tx: &mut Tx) -> Result<Option<Locked>, Stop<Problem>> {
        let Some(order) = self.given.order else {
            customer::lock_account(tx, self.given.customer).await?;
            return Ok(None);
        };
        let nothing = |_: &_, order: &Order| {
            let amount = Money::from_micros(0, order.price.currency());
            attempt(self.attempt, order, Method::PaidCredit, amount, self.now)
        };
        let locked = renewal::lock_to_pay(tx, self.given.customer, order, nothing).await?;
        locked.map(Some).ok_or(Stop::Refused(Problem::NotFound("order")))
    }

    /// Takes the voucher, if it can be redeemed and the order, if there is one, can be paid with it.
    async fn take(&self, tx: &mut Tx, paying: Option<&Locked>) -> Result<Taken, Stop<Problem>> {
        let Given { customer, order, by, .. } = self.given;
        let found = voucher::get(tx, self.id).await?;
        let verdict = verdict(found.as_ref(), (customer, order), by, self.now.business);
        let (verdict, voucher) = match (verdict, found) {
            (Ok(verdict), Some(voucher)) => (verdict, voucher),
            (Err(why), _) => return Ok(Taken::No(why)),
            (Ok(_), None) => return Ok(Taken::No(NoVoucher::Unknown)),
        };
        if let Verdict::Already(at) = verdict {
            return Ok(Taken::Before(voucher.batch.amount, at));
        }
        if let Some(paying) = paying {
            self.check(paying)?;
        }
        let redeemed = Redeemed { customer, order, at: self.now.business };
        let taken = voucher::redeem(tx, self.id, &redeemed).await?;
        Ok(if taken { Taken::Now(voucher) } else { Taken::NotAnyMore })
    }

    /// Whether the order can take a voucher.
    fn check(&self, Locked { facts, due_at }: &Locked) -> Result<(), Stop<Problem>> {
        let refused = |problem| Err(Stop::Refused(problem));
        match facts.order.state {
            OrderState::AwaitingPayment if facts.order.expires_at > self.now.business => {}
            OrderState::AwaitingPayment | OrderState::Closed => return refused(Problem::OrderClosed),
            _ => return refused(Problem::AlreadyPaid),
        }
        let (customer, line) = (facts.line.customer, facts.line.id);
        if let Some(due_at) = due_at.filter(|due_at| *due_at <= self.now.business) {
            return refused(Problem::DueFirst { customer, line, due_at });
        }
        if facts.offering.kind == OfferingKind::TopUp {
            return refused(Problem::NoVoucher(NoVoucher::NotForTopUps));
        }
        if !deliverable(&facts.line, &facts.allowance, &facts.offering, self.now.business) {
            return refused(Problem::NotSellable(NotSellable::LineState));
        }
        Ok(())
    }

    /// Adds what it brings to the account.
    async fn add(&self, tx: &mut Tx, voucher: &Voucher) -> Result<(), Stop<Problem>> {
        let brought = posting(voucher, self.now.business);
        let balances = customer::account(tx, self.given.customer).await?.after(&brought);
        customer::save_account(tx, self.given.customer, &balances.map_err(refused)?);
        ledger::post(tx, self.given.customer, &brought);
        Ok(())
    }

    /// Adds what it brings, and pays the order with it as far as it goes.
    async fn pay(
        &self,
        tx: &mut Tx,
        voucher: &Voucher,
        Locked { mut facts, .. }: Locked,
    ) -> Result<(Money, Outcome), Stop<Problem>> {
        let brought = posting(voucher, self.now.business);
        facts.balances = facts.balances.after(&brought).map_err(refused)?;
        let price = facts.order.price;
        let missing = price.micros().saturating_sub(facts.order.funds);
        let amount = Money::from_micros(missing.min(brought.amount), price.currency());
        facts.attempt = attempt(self.attempt, &facts.order, voucher.batch.kind.method(), amount, self.now);
        facts.attempt.reference = Some(Attempt::BY_VOUCHER.to_owned());
        let (outcome, mut effects) = on_credit(&facts, &self.zone, self.now).map_err(refused)?;
        effects.postings.insert(0, brought);
        payment::add(tx, &facts.attempt);
        let number = &facts.attempt.out_trade_no;
        directory::add(tx, directory::Name::OutTradeNo, number, self.given.customer, self.attempt.0);
        close_others(tx, (self.given.customer, facts.order.id), self.now).await?;
        carry_out(tx, (self.given.customer, facts.line.id), &effects, &self.zone, self.now).await?;
        Ok((amount, outcome))
    }

    /// Who is counted for a wrong code, by a keyed hash, and how many are free: the person, the address, the line.
    fn guessers(&self, paying: Option<&Locked>) -> Vec<([u8; 16], i64)> {
        let Given { customer, order, by, address } = self.given;
        let name = |kind: &str, of: String| self.secrets.name("voucher guesses", &[kind, &of]);
        let mut who = match (by, order) {
            (Redeemer::Guest, Some(order)) => vec![(name("order", order.to_string()), FREE_OF_PERSON)],
            _ => vec![(name("customer", customer.to_string()), FREE_OF_PERSON)],
        };
        who.extend(address.map(|address| (name("address", network(address)), FREE_OF_MANY)));
        who.extend(paying.map(|paying| (name("line", paying.facts.line.id.to_string()), FREE_OF_MANY)));
        // Locked in one order by everybody.
        who.sort_unstable();
        who
    }

    /// What was counted of them; refused while one of them has to wait.
    async fn count(&self, tx: &mut Tx, guessers: &[([u8; 16], i64)]) -> Result<Vec<Guesses>, Stop<Problem>> {
        let (mut counted, mut wait_us) = (Vec::new(), None);
        for (who, free) in guessers {
            let guesses = voucher::lock_guesses(tx, *who).await?;
            wait_us = wait_us.max(guesses.wait_us(*free, self.now.system));
            counted.push(guesses);
        }
        match wait_us {
            None => Ok(counted),
            Some(us) => Err(Stop::Refused(Problem::TooMany { retry_after_s: us / SECOND_US + 1 })),
        }
    }

    /// Counts a wrong code; how many there were of all in this hour.
    async fn wrong(
        &self,
        tx: &mut Tx,
        guessers: &[([u8; 16], i64)],
        counted: &[Guesses],
    ) -> Result<i64, Stop<Problem>> {
        let now = self.now.system;
        for ((who, _), guesses) in guessers.iter().zip(counted) {
            voucher::save_guesses(tx, *who, guesses.with_one_more(now));
        }
        let hour = (now.us() / HOUR_US).to_string();
        let all = self.secrets.name("voucher guesses", &["all", &hour]);
        let guesses = voucher::lock_guesses(tx, all).await?.with_one_more(now);
        voucher::save_guesses(tx, all, guesses);
        Ok(guesses.wrong)
    }
}

fn refused(refusal: LedgerRefusal) -> Stop<Problem> {
    Stop::Refused(refusal.into())
}

/// One home or site: an IPv4 address, or the first 64 bits of an IPv6 address.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        v4 => v4.to_string(),
    }
}
