//! A populated store: one of everything that can become of an order.

use super::outside::Fate;
use super::stock::GB;
use super::{Kit, World};
use everline_app::invoice::{ask_invoice, settle_invoice};
use everline_core::ids::SessionId;
use everline_core::invoice::{Issue, Particulars, Settlement};
use everline_core::money::Currency;
use everline_core::offering::{Family, SaleState};
use everline_core::order::Order;
use everline_core::payment::Method;
use everline_core::time::MINUTE_US;

/// Who is in the store, and in which state.
pub struct Cast {
    /// A phone whose plan runs, with a session that used 3 GB, and a pack; the plan has earned at a month's start.
    pub running: (Kit, Order),
    pub session: SessionId,
    pub pack: Order,
    /// Paid after it closed, and fulfilled.
    pub late: Order,
    /// Paid after it closed and was no longer sold; refunded.
    pub late_back: Order,
    /// Paid twice; the surplus is refunded.
    pub surplus: Order,
    /// Another amount than asked; in suspense.
    pub mismatch: Order,
    /// Refused by the upstream network; refunded.
    pub refunded: Order,
    /// Refused by the upstream network; the provider has not answered the refund.
    pub refunding: Order,
    /// Refused by the upstream network, and the refund by the provider.
    pub refund_failed: Order,
    /// The upstream network has not confirmed.
    pub upstream_waits: (Kit, Order),
    /// In effect on the upstream network.
    pub upstream: Order,
    /// Waits behind the plan that runs.
    pub queued: (Kit, Order),
    /// Waits for its first use.
    pub first_use: (Kit, Order),
    /// Begun by its first use.
    pub first_used: (Kit, Order),
    pub topup: Order,
    /// Over: its whole price is earned and its line suspended, with a session that is cut off.
    pub over: (Kit, Order),
    /// The plan is over; service is kept for a while.
    pub grace: Kit,
    /// Cut off, renewed, and the network has not acknowledged.
    pub restoring: (Kit, Order),
    pub restoring_session: SessionId,
    /// Nobody paid; closed.
    pub closed: Order,
    /// Not paid yet.
    pub open: Order,
    /// Paid last; its receipt has no number yet.
    pub unnumbered: Order,
}

/// Asks for three invoices, of which one waits, one is made and one is refused.
async fn invoices(world: &World, [waits, made, refused]: [&Order; 3]) {
    let asked = async |order: &Order, kind: &str, number: &str| {
        let wanted = Particulars::read(kind, "顺达冷链有限公司", number, "a@example.cn", Currency::CNY).unwrap();
        ask_invoice(&world.app, order.customer, order.id, wanted).await.unwrap();
    };
    let by = world.member("finance").await;
    let settled = async |order: &Order, with| {
        settle_invoice(&world.app, &order.number, (with, None), by).await.unwrap();
    };
    asked(waits, "organisation", "91350100M000100Y43").await;
    asked(made, "person", "").await;
    asked(refused, "person", "").await;
    settled(made, Settlement::Issue(Issue::read("26310000000012345678", "https://tax.example.cn/1").unwrap())).await;
    settled(refused, Settlement::Refuse("名称不符".to_owned())).await;
}

/// Fills the world.
pub async fn populate(world: &World) -> Cast {
    let watch = async || world.line(Family::Watch).await;
    let over = watch().await;
    let over_order = world.buys(&over, "days").await;
    world.attach(&over).await;
    let restoring = watch().await;
    world.buys(&restoring, "days").await;
    let restoring_session = world.attach(&restoring).await.session;
    world.skip_days(36).await;

    // From here on it is 36 days later.
    let phone = world.line(Family::Phone).await;
    let running = world.buys(&phone, "month").await;
    let session = world.attach(&phone).await.session;
    world.report(session, 1, 3 * GB).await;
    world.skip_days(12).await;
    let grace = world.line(Family::Phone).await;
    world.buys(&grace, "trip").await;
    let used = world.attach(&grace).await.session;
    world.report(used, 1, GB).await;
    world.skip_days(8).await;
    let pack = world.buys(&phone, "pack").await;

    let (late, attempt) = world.checkout(&watch().await, "days").await;
    let (late_back, attempt_back) = world.checkout(&watch().await, "short").await;
    let (closed, _) = world.checkout(&watch().await, "days").await;
    world.pass(40 * MINUTE_US).await;
    world.pays(&attempt).await;
    world.set_sale("short", SaleState::Retired).await;
    world.pays(&attempt_back).await;
    world.settle().await;

    let (surplus, first) = world.checkout(&watch().await, "days").await;
    let second = world.start(&surplus, Method::AlipayWap).await.unwrap();
    world.pays(&first).await;
    world.pays(&second).await;
    let (mismatch, attempt) = world.checkout(&watch().await, "days").await;
    world.provider.pay(&attempt.out_trade_no);
    let wrong = world.provider.notice(&attempt.out_trade_no, |notice| notice["micros"] = 9_800_000.into());
    world.notice(&wrong).await.unwrap();

    let upstream = world.buys(&world.upstream_line().await, "month").await;
    world.upstream.next("apply", &[Fate::Refuses]);
    let refunded = world.buys(&world.upstream_line().await, "month").await;
    world.upstream.next("apply", &[Fate::Refuses]);
    world.provider.next("refund", &[Fate::Silent]);
    let refunding = world.buys(&world.upstream_line().await, "month").await;
    world.upstream.next("apply", &[Fate::Refuses]);
    world.provider.next("refund", &[Fate::Refuses]);
    let refund_failed = world.buys(&world.upstream_line().await, "month").await;
    world.upstream.next("apply", &[Fate::Submits]);
    let waits = world.upstream_line().await;
    let upstream_waits = world.buys(&waits, "month").await;

    let queued = watch().await;
    world.buys(&queued, "days").await;
    let queued_order = world.buys(&queued, "days").await;
    let first_use = watch().await;
    let first_use_order = world.buys(&first_use, "trip").await;
    let first_used = watch().await;
    let first_used_order = world.buys(&first_used, "trip").await;
    let used = world.attach(&first_used).await.session;
    world.report(used, 1, GB).await;
    let first_used_order = world.order_now(&first_used_order).await;
    let topup = world.buys(&first_use, "topup").await;

    invoices(world, [&running, &upstream, &topup]).await;
    world.radio.always("apply", Fate::Silent);
    let restored = world.buys(&restoring, "days").await;
    let (open, _) = world.checkout(&watch().await, "days").await;
    let (unnumbered, attempt) = world.checkout(&watch().await, "days").await;
    world.pays(&attempt).await;
    world.jobs().await;
    Cast {
        running: (phone, running),
        session,
        pack,
        late: world.order_now(&late).await,
        late_back: world.order_now(&late_back).await,
        surplus: world.order_now(&surplus).await,
        mismatch: world.order_now(&mismatch).await,
        refunded: world.order_now(&refunded).await,
        refunding: world.order_now(&refunding).await,
        refund_failed: world.order_now(&refund_failed).await,
        upstream_waits: (waits, upstream_waits),
        upstream,
        queued: (queued, queued_order),
        first_use: (first_use, first_use_order),
        first_used: (first_used, first_used_order),
        topup,
        over: (over, over_order),
        grace,
        restoring: (restoring, restored),
        restoring_session,
        closed: world.order_now(&closed).await,
        open,
        unnumbered: world.order_now(&unnumbered).await,
    }
}
