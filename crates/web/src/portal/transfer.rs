//! A bank transfer on an order's page: where to, how much, and the reference that brings it to the order.

use crate::portal::offering_shown::Term;
use crate::portal::order_shown::open_attempt;
use crate::show::Show;
use everline_app::order_page::OrderView;
use everline_core::brand::BankAccount;
use everline_core::money::Money;
use everline_core::order::OrderState;
use everline_core::payment::{AttemptState, Method};
use everline_core::time::Now;
use everline_core::transfer::printed;

/// What a payer needs, while a transfer is waited for.
pub(crate) fn transfer(show: &Show, account: Option<&BankAccount>, view: &OrderView, now: Now) -> Vec<Term> {
    let order = &view.order;
    let waits = order.state == OrderState::AwaitingPayment && order.expires_at > now.business;
    let open = open_attempt(view, now).filter(|_| waits);
    let open = open.filter(|open| open.method == Method::BankTransfer && open.state == AttemptState::Pending);
    let (Some(open), Some(account)) = (open, account) else { return Vec::new() };
    let missing = order.price.micros().saturating_sub(order.funds);
    let term = |key, value: String| Term { label: show.lang.get(key), value };
    vec![
        term("transfer-holder", account.holder.clone()),
        term("transfer-bank", account.bank.clone()),
        term("transfer-number", account.number.clone()),
        term("transfer-amount", show.money(Money::from_micros(missing, order.price.currency()))),
        term("transfer-reference", printed(&open.out_trade_no)),
    ]
}
