//! Saved methods: kept when the payer of an order asked for it, listed, and removed.

use crate::jobs::Done;
use crate::ports::{Forgot, Kept, KeptMethod};
use crate::query_payment::GetAttempt;
use crate::{App, Problem};
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, PaymentMethodId};
use everline_core::payment::Provider;
use everline_core::saved_method::{SavedMethod, SavedState};
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::{customer, job, payment_method};
use everline_store::{Stop, Tx, Work};

/// The methods that a customer can use, oldest first.
pub async fn saved_methods(app: &App, customer: CustomerId) -> Result<Vec<SavedMethod>, Problem> {
    Ok(app.store.read(List { customer }).await?)
}
struct List {
    customer: CustomerId,
}
impl Work for List {
    const NAME: &'static str = "saved_methods";
    type Out = Vec<SavedMethod>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(payment_method::active(tx, self.customer).await?)
    }
}

/// Removes a method: nothing is asked of it from now on, and its provider is told to forget it. Renewals that would have
/// used it go on to their next method. Removed again it is the same.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has no such method.
pub async fn remove(app: &App, customer: CustomerId, method: PaymentMethodId) -> Result<(), Problem> {
    app.store.transact(Remove { customer, method, now: app.clock.now() }).await?;
    app.wake.notify_one();
    Ok(())
}
struct Remove {
    customer: CustomerId,
    method: PaymentMethodId,
    now: Now,
}
impl Work for Remove {
    const NAME: &'static str = "remove_saved_method";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let found = payment_method::lock(tx, self.customer, self.method).await?;
        let mut found = found.ok_or(Stop::Refused(Problem::NotFound("payment method")))?;
        if found.state != SavedState::Active {
            return Ok(());
        }
        (found.state, found.removed_at) = (SavedState::Removed, Some(self.now.business));
        payment_method::save(tx, &found);
        let forget = Job::ForgetMethod { customer: self.customer, method: self.method };
        job::add(tx, self.customer, &forget, self.now.system, self.now.system)?;
        Ok(())
    }
}

/// Asks once which card paid, and keeps it.
pub(crate) async fn keep(app: &App, customer: CustomerId, id: AttemptId, run: i64) -> Result<Done, Problem> {
    let attempt = app.store.read(GetAttempt { customer, attempt: id }).await?;
    let (Some(provider), Some(trade_no)) = (attempt.method.provider(), attempt.trade_no) else {
        return Ok(Done::Finished);
    };
    let Some(keeper) = app.ports.payments.of(provider).and_then(|port| port.keeper()) else {
        return Ok(Done::retry(app, run, "no account with the provider"));
    };
    let method = match keeper.kept(&trade_no).await {
        Kept::Method(method) => method,
        Kept::No => return Ok(Done::Finished),
        Kept::Unknown => return Ok(Done::retry(app, run, "the provider gave no answer")),
    };
    let Some(good_until) = end_of_month(method.good_until, &app.zone) else {
        return Ok(Done::GaveUp("a card without a last month"));
    };
    let fingerprint = method.fingerprint.as_ref();
    let fingerprint = fingerprint.map(|text| app.secrets.card_hash(provider.word(), text));
    let work = Keep { customer, attempt: id, provider, method, good_until, fingerprint, now: app.clock.now() };
    app.store.transact(work).await?;
    app.wake.notify_one();
    Ok(Done::Finished)
}

/// The first instant at which a card whose last month this is cannot be used.
fn end_of_month((year, month): (i16, i8), zone: &Zone) -> Option<BusinessTime> {
    let first = zone.end_of_day(&format!("{year:04}-{month:02}-01"))?;
    Some(zone.next_month_start(first.plus_us(-1)))
}

struct Keep {
    customer: CustomerId,
    attempt: AttemptId,
    provider: Provider,
    method: KeptMethod,
    good_until: BusinessTime,
    fingerprint: Option<Vec<u8>>,
    now: Now,
}
impl Work for Keep {
    const NAME: &'static str = "keep_method";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        let id = SavedMethod::id_of(self.attempt);
        if payment_method::get(tx, self.customer, id).await?.is_some() {
            return Ok(());
        }
        let KeptMethod { token, holder, brand, last4, .. } = self.method.clone();
        let mut new = SavedMethod {
            id,
            customer: self.customer,
            provider: self.provider,
            token,
            holder,
            label: format!("{brand} {last4}"),
            good_until: self.good_until,
            fingerprint: self.fingerprint.clone(),
            state: SavedState::Active,
            added_at: self.now.business,
            removed_at: None,
        };
        // The same card twice is one: the one that renewals know stays, unless it ends before the new one.
        let known = payment_method::active(tx, self.customer).await?;
        let same = known.into_iter().find(|one| one.fingerprint.is_some() && one.fingerprint == new.fingerprint);
        let one_too_many = match same {
            Some(old) if old.good_until < new.good_until => {
                let fresh = SavedMethod { token: new.token.clone(), good_until: new.good_until, ..old.clone() };
                payment_method::save(tx, &fresh);
                new.token = old.token;
                true
            }
            Some(_) => true,
            None => false,
        };
        if one_too_many {
            (new.state, new.removed_at) = (SavedState::Removed, Some(self.now.business));
            let forget = Job::ForgetMethod { customer: self.customer, method: id };
            job::add(tx, self.customer, &forget, self.now.system, self.now.system)?;
        }
        payment_method::save(tx, &new);
        Ok(())
    }
}

/// Asks the provider once to forget a removed method.
pub(crate) async fn forget(app: &App, customer: CustomerId, id: PaymentMethodId, run: i64) -> Result<Done, Problem> {
    let (method, shared) = app.store.read(Get { customer, method: id }).await?;
    if method.state != SavedState::Removed {
        return Ok(Done::Finished);
    }
    let keeper = app.ports.payments.of(method.provider).and_then(|port| port.keeper());
    let answer = match keeper {
        // Another row of the same card is in use: the provider must go on knowing it. One that is kept at this very moment
        // would be forgotten with it; its renewals then go on to their next method.
        _ if shared => Forgot::Done,
        Some(keeper) => keeper.forget(&method.token).await,
        None => Forgot::Unknown,
    };
    match answer {
        Forgot::Done => {
            app.store.transact(Forgotten { customer, method: id }).await?;
            Ok(Done::Finished)
        }
        Forgot::Unknown => Ok(Done::retry(app, run, "the provider gave no answer")),
    }
}

struct Get {
    customer: CustomerId,
    method: PaymentMethodId,
}
impl Work for Get {
    const NAME: &'static str = "get_saved_method";
    /// The method, and whether the provider's name for it is that of one in use.
    type Out = (SavedMethod, bool);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = payment_method::get(tx, self.customer, self.method).await?;
        let found = found.ok_or(Stop::Refused(Problem::NotFound("payment method")))?;
        let same = |other: &SavedMethod| {
            other.id != found.id && other.provider == found.provider && other.token == found.token
        };
        let shared = payment_method::active(tx, self.customer).await?.iter().any(same);
        Ok((found, shared))
    }
}

/// The provider forgot it: nothing that names the card is left here either.
struct Forgotten {
    customer: CustomerId,
    method: PaymentMethodId,
}
impl Work for Forgotten {
    const NAME: &'static str = "forget_saved_method";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Some(method) = payment_method::lock(tx, self.customer, self.method).await? else { return Ok(()) };
        let (token, holder, label) = (String::new(), String::new(), String::new());
        let forgotten = SavedMethod { token, holder, label, fingerprint: None, state: SavedState::Forgotten, ..method };
        payment_method::save(tx, &forgotten);
        Ok(())
    }
}
