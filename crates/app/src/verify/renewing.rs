//! Renewal by itself and saved methods: each setting has its line, its consent, its timer and what moves it; each order that
//! nobody placed by hand was agreed to; nothing that could be a card's number is kept.

use super::{Collected, Context, sql};
use everline_core::auto_renew::{AutoRenew, GaveUp, LEAD_DAYS_MAX, METHODS_MAX, PayWith};
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, PaymentMethodId, RawId};
use everline_core::payment::Provider;
use everline_core::saved_method::SavedState;
use everline_core::time::BusinessTime;
use everline_store::tables::job;
use everline_store::{FromRow, Result, Row, Tx, args};

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    settings(tx, context, out).await?;
    orders(tx, context, out).await?;
    debits(tx, context, out).await?;
    methods(tx, context, out).await
}

/// A setting, words as they are stored.
struct SettingRow {
    customer: CustomerId,
    id: RawId,
    line: LineId,
    currency: String,
    price: i64,
    methods: String,
    month_cap: i64,
    lead_days: i64,
    state: String,
    cycle: Option<BusinessTime>,
    debit_at: Option<BusinessTime>,
    step: Option<i64>,
    asked: Option<i64>,
    why: Option<String>,
    line_exists: bool,
    timer: Option<String>,
    agreed: bool,
}
impl FromRow for SettingRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(SettingRow {
            customer: row.get(0)?,
            id: row.get(1)?,
            line: row.get(2)?,
            currency: row.get(3)?,
            price: row.get(4)?,
            methods: row.get(5)?,
            month_cap: row.get(6)?,
            lead_days: row.get(7)?,
            state: row.get(8)?,
            cycle: row.get(9)?,
            debit_at: row.get(10)?,
            step: row.get(11)?,
            asked: row.get(12)?,
            why: row.get(13)?,
            line_exists: row.get::<Option<RawId>>(14)?.is_some(),
            timer: row.get(15)?,
            agreed: row.get::<i64>(16)? > 0,
        })
    }
}
impl SettingRow {
    fn name(&self) -> String {
        format!("auto_renew({}, {})", self.customer, self.id)
    }
}

async fn settings(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), RawId::from_bytes([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<SettingRow> = tx.all(&sql::RENEWALS, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.customer, last.id);
        out.checked("renewals by themselves", page.len());
        for row in &page {
            setting(row, context, out);
            pays(tx, row, out).await?;
        }
    }
}

fn setting(row: &SettingRow, context: &Context<'_>, out: &mut Collected) {
    if row.id != AutoRenew::id_of(row.line) || !row.line_exists {
        out.found("auto_renew_of_line", row.name(), format!("no line {} of this customer, or another's id", row.line));
    }
    let there =
        [row.cycle.is_some(), row.debit_at.is_some(), row.step.is_some() && row.asked.is_some(), row.why.is_some()];
    let expected = match row.state.as_str() {
        "off" | "waiting" => [false, false, false, false],
        "announced" | "asks_consent" => [true, true, false, false],
        "trying" => [true, false, true, false],
        "needs_customer" => [true, false, false, false],
        "gave_up" => [true, false, false, true],
        other => return out.found("stored_word", row.name(), format!("state {other:?}")),
    };
    let known = row.why.as_deref().is_none_or(|why| GaveUp::from_word(why).is_some());
    let before = row.cycle.zip(row.debit_at).is_none_or(|(cycle, debit)| debit < cycle || row.state == "asks_consent");
    if there != expected || !known || !before {
        let detail = format!("{}; cycle, debit, step, reason: {there:?} {:?}", row.state, row.why);
        out.found("auto_renew_state", row.name(), detail);
    }
    let timer = row.timer.as_deref();
    if (timer == Some("auto_renew")) != (row.state != "off") || timer.is_some_and(|kind| kind != "auto_renew") {
        out.found("timer_of_auto_renew", row.name(), format!("{}, with timer {timer:?}", row.state));
    }
    let lead = (1..=i64::from(LEAD_DAYS_MAX)).contains(&row.lead_days);
    if !row.agreed || row.month_cap < row.price || !lead || row.currency != context.brand.currency.code() {
        let detail = format!(
            "agreed {}: {} {} at most {}, {} days before",
            row.agreed, row.price, row.currency, row.month_cap, row.lead_days
        );
        out.found("auto_renew_consent", row.name(), detail);
    }
}

/// Its methods are the customer's, and what is being tried has a job that tries it.
async fn pays(tx: &mut Tx, row: &SettingRow, out: &mut Collected) -> Result<()> {
    let methods = PayWith::split(&row.methods).unwrap_or_default();
    if methods.is_empty() || methods.len() > METHODS_MAX {
        out.found("auto_renew_methods", row.name(), format!("{:?}", row.methods));
    }
    for method in &methods {
        let PayWith::Saved(id) = method else { continue };
        let (known,): (i64,) = tx.one("method count", &sql::METHOD_EXISTS, args![row.customer, *id]).await?;
        if known == 0 {
            out.found("auto_renew_methods", row.name(), format!("no method {id}"));
        }
    }
    let (true, Some(cycle)) = (row.state == "trying" || row.state == "needs_customer", row.cycle) else {
        return Ok(());
    };
    let id = AutoRenew::order_of(row.line, cycle);
    let order: Option<(String, String)> = tx.maybe(&sql::RENEWAL_ORDER, args![row.customer, id]).await?;
    match order {
        Some((by, state)) if by == "auto_renew" => {
            let job = Job::AutoRenew { customer: row.customer, line: row.line, order: id };
            let moves = job::state(tx, job.id()).await? == Some(true);
            if row.state == "trying" && state == "awaiting_payment" && !moves {
                out.found("renewal_is_moving", row.name(), "being tried, and no job tries it");
            }
        }
        found => out.found("auto_renew_order", row.name(), format!("{}, with order {found:?}", row.state)),
    }
    Ok(())
}

/// Nothing is ordered by itself that its line's owner had not agreed to, at that price or more, before.
async fn orders(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), OrderId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, OrderId)> = tx.all(&sql::RENEWALS_NOT_AGREED, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for (customer, order) in page {
            let name = format!("orders({customer}, {order})");
            out.found("auto_renew_consent", name, "renewed by itself, and never agreed to at this price");
        }
    }
}

/// A saved card is charged for an order of a renewal by itself, once a step.
async fn debits(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), AttemptId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, AttemptId, OrderId, Option<String>)> = tx.all(&sql::DEBITS, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
        for (customer, id, order, by) in page {
            let steps = 0..u8::try_from(METHODS_MAX).unwrap_or(u8::MAX);
            let step = steps.map(|step| AutoRenew::attempt_of(order, step)).any(|step| step == id);
            if !step || by.as_deref() != Some("auto_renew") {
                let detail = format!("a saved card charged for order {order}, placed by {by:?}");
                out.found("debit_of_renewal", format!("attempt({customer}, {id})"), detail);
            }
        }
    }
}

/// A method's row: customer, id, provider, token, label, state, removed at, and the customer.
type MethodRow =
    (CustomerId, PaymentMethodId, String, String, String, String, Option<BusinessTime>, Option<CustomerId>);

async fn methods(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), PaymentMethodId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<MethodRow> = tx.all(&sql::METHODS, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
        out.checked("saved methods", page.len());
        for (customer, id, provider, token, label, state, removed_at, owner) in page {
            let name = || format!("payment_method({customer}, {id})");
            let (Some(known), Some(_)) = (SavedState::from_word(&state), Provider::from_word(&provider)) else {
                out.found("stored_word", name(), format!("state {state:?}, provider {provider:?}"));
                continue;
            };
            if owner.is_none() {
                out.found("payment_method_state", name(), "of no customer");
            }
            let named = known != SavedState::Forgotten;
            let signs = [token.is_empty() != named, label.is_empty() != named];
            if signs.contains(&false) || removed_at.is_some() != (known != SavedState::Active) {
                out.found("payment_method_state", name(), format!("{state}, removed at {removed_at:?}"));
            }
            // A card's number has at least twelve digits.
            if [&token, &label].iter().any(|text| digits_in_a_row(text) >= 12) {
                out.found("payment_method_number", name(), "what could be a card's number is kept");
            }
            let forget = Job::ForgetMethod { customer, method: id };
            if known == SavedState::Removed && job::state(tx, forget.id()).await? != Some(true) {
                out.found("forgetting_is_moving", name(), "removed, and no job tells its provider");
            }
        }
    }
}

/// The most digits in a row, written together or in groups. Digits among the letters of a provider's token are none: of random
/// ones a dozen in a row comes about.
fn digits_in_a_row(text: &str) -> usize {
    let (mut most, mut row) = (0, 0);
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        row = if word.bytes().all(|byte| byte.is_ascii_digit()) { row + word.len() } else { 0 };
        most = most.max(row);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::digits_in_a_row;

    #[test]
    fn a_cards_number_is_seen_and_a_token_is_none() {
        for (text, digits) in [
            ("visa 4242424242424242", 16),
            ("4242-4242 4242  4242", 16),
            ("pm_4242424242424", 13),
            ("visa 4242", 4),
            ("pm_1Na3b20260301000001c5", 0),
            ("", 0),
        ] {
            assert_eq!(digits_in_a_row(text), digits, "{text}");
        }
    }
}
