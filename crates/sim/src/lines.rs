//! Customers, lines and orders that wait for their money, made by the use cases everybody's are made by.

use crate::Failure;
use crate::world::{PLAN, reference};
use everline_app::App;
use everline_app::add_line::{AddCustomer, NewLine};
use everline_app::place_order::{NewOrder, place_order};
use everline_app::start_payment::{Payer, start_payment};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::{Iccid, IdentifierError, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::lifecycle::HandOver;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::money::Money;
use everline_core::offering::Family;
use everline_core::order::PlacedBy;
use everline_core::payment::Method;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};

/// Use cases that run at once while a store is filled.
const AT_ONCE: usize = 64;

/// An order that waits for its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    /// Whose it is.
    pub customer: CustomerId,
    /// The line it renews.
    pub line: LineId,
    /// The order.
    pub order: OrderId,
    /// The number under which the provider knows the attempt.
    pub out_trade_no: String,
    /// What is asked.
    pub amount: Money,
}

/// A customer with the n-th name, who can sign in.
pub(crate) fn customer(id: CustomerId, n: u64) -> Result<Customer, IdentifierError> {
    let contact = Some(Msisdn::parse(&format!("139{n:010}"))?);
    let (kind, identity) = (CustomerKind::Person, Identity::Verified);
    Ok(Customer { id, kind, name: format!("客户 {n}"), contact, language: "zh-CN".to_owned(), identity })
}

/// A line with the n-th number.
pub(crate) fn line(customer: CustomerId, id: LineId, n: u64) -> Result<NewLine, IdentifierError> {
    Ok(NewLine {
        id,
        customer,
        msisdn: Msisdn::parse(&format!("172{n:010}"))?,
        name: format!("线路 {n}"),
        device: DeviceKind::Phone,
        family: Family::Phone,
        network: NetworkKind::BuiltIn,
        guest_renewal: true,
        iccid: Iccid::parse(&format!("898611{n:014}"))?,
        imsi: Imsi::parse(&format!("46011{n:010}"))?,
        esim: false,
    })
}

impl From<IdentifierError> for Failure {
    fn from(error: IdentifierError) -> Self {
        Failure::unusable("a number", &error)
    }
}

/// Makes `count` lines numbered from `first`, two to a customer, each with `orders` orders of the plan whose payments
/// were started and wait. The orders come back in an order in which no two of one line are neighbours.
pub async fn make(app: &App, first: u64, count: u64, orders: u32) -> Result<Vec<Awaiting>, Failure> {
    let (at, lines_each) = (app.clock.now().business, 2);
    let pairs: Vec<u64> = (0..count.div_ceil(lines_each)).map(|pair| first + pair * lines_each).collect();
    let end = first + count;
    let pair = |n: u64| async move {
        let id = CustomerId(app.clock.id());
        let currency = app.brand.currency;
        app.store.transact(AddCustomer { customer: customer(id, n)?, currency, at }).await?;
        let mut lines = Vec::new();
        for n in (n..n + lines_each).filter(|n| *n < end) {
            let new = line(id, LineId(app.clock.id()), n)?;
            lines.push((id, new.id));
            app.store.transact(new.begins(HandOver::Sale, &app.brand, &app.zone, at)?).await?;
        }
        Ok::<_, Failure>(lines)
    };
    let lines: Vec<Vec<(CustomerId, LineId)>> = iter(pairs).map(pair).buffered(AT_ONCE).try_collect().await?;
    let lines = lines.concat();
    let wanted: Vec<(CustomerId, LineId)> = (0..orders).flat_map(|_| lines.iter().copied()).collect();
    let placed = iter(wanted).map(|(customer, line)| place(app, customer, line, PLAN)).buffered(AT_ONCE);
    placed.try_collect().await
}

/// Adds a customer with one line, both numbered `n`.
pub async fn add(app: &App, owner: CustomerId, id: LineId, n: u64) -> Result<(), Failure> {
    let (currency, at) = (app.brand.currency, app.clock.now().business);
    app.store.transact(AddCustomer { customer: customer(owner, n)?, currency, at }).await?;
    app.store.transact(line(owner, id, n)?.begins(HandOver::Sale, &app.brand, &app.zone, at)?).await?;
    Ok(())
}

/// Places one order and starts its payment.
pub async fn place(app: &App, customer: CustomerId, line: LineId, code: &str) -> Result<Awaiting, Failure> {
    let new = NewOrder {
        id: OrderId(app.clock.id()),
        customer,
        line,
        offering: reference(code),
        terms_version: app.brand.terms_version.clone(),
        placed_by: PlacedBy::Owner,
        token: None,
        from: None,
    };
    let order = place_order(app, new).await?.id;
    let attempt = start_payment(app, customer, order, Method::AlipayQr, Payer::default()).await?;
    Ok(Awaiting { customer, line, order, out_trade_no: attempt.out_trade_no, amount: attempt.amount })
}
