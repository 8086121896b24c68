//! Payments that one person alone can pay: the same for them however often it is begun, another for everybody else.

use crate::world::outside::{Fate, Provider};
use crate::world::{World, on_both};
use everline_app::payment_confirmed::payment_notice;
use everline_app::ports::PayerName;
use everline_app::start_payment::{Payer, mark, start_payment};
use everline_app::{App, Problem};
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, AttemptState, Method, Provider as Who};
use everline_core::refund::RefundReason;
use std::sync::Arc;

const HERS: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const HIS: &str = "oUpF8uN95-Ptaags6E_roPHg7AG0";

/// With an account at WeChat Pay.
fn with_wechat(world: &mut World) -> Arc<Provider> {
    let wechat = Arc::new(Provider::of(Who::Wechat));
    world.app.ports.payments = world.app.ports.payments.clone().with(Who::Wechat, wechat.clone());
    wechat
}

async fn begin(app: &App, order: &Order, openid: Option<&str>) -> Result<Attempt, Problem> {
    app.clock.pass_us(1_000);
    let payer = Payer { name: openid.and_then(PayerName::new), ..Payer::default() };
    start_payment(app, order.customer, order.id, Method::WechatJsapi, payer).await
}

#[tokio::test]
async fn one_person_has_one_payment_and_another_person_another() {
    on_both(async |mut world: World| {
        let wechat = with_wechat(&mut world);
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        assert!(matches!(begin(&world.app, &order, None).await, Err(Problem::Invalid { field: "method", .. })));
        let hers = begin(&world.app, &order, Some(HERS)).await.unwrap();
        let marked = |openid| Some(mark(&world.app.secrets, Method::WechatJsapi, &PayerName::new(openid).unwrap()));
        assert_eq!((hers.state, hers.reference.clone()), (AttemptState::Pending, marked(HERS)));
        assert!(!format!("{hers:?}").contains(HERS));
        assert_eq!(begin(&world.app, &order, Some(HERS)).await.unwrap().id, hers.id, "a page that is loaded again");

        let his = begin(&world.app, &order, Some(HIS)).await.unwrap();
        assert_ne!(his.out_trade_no, hers.out_trade_no);
        assert_eq!(his.reference, marked(HIS));
        world.jobs().await;
        // Two payments, one order: the provider does not know hers before somebody opened it, so that it stays watched.
        let body = wechat.pay(&his.out_trade_no);
        payment_notice(&world.app, Who::Wechat, &[], &body).await.unwrap();
        let body = wechat.pay(&hers.out_trade_no);
        payment_notice(&world.app, Who::Wechat, &[], &body).await.unwrap();
        world.settle().await;
        assert!(world.order_now(&order).await.state != OrderState::AwaitingPayment);
        let refunds = world.refunds(&order).await;
        assert_eq!(refunds.iter().map(|refund| refund.reason).collect::<Vec<_>>(), [RefundReason::Surplus]);
        assert_eq!(refunds[0].attempt, hers.id);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_for_the_same_person_only() {
    on_both(async |mut world: World| {
        let wechat = with_wechat(&mut world);
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        wechat.next("start", &[Fate::WorksSilently]);
        assert!(matches!(begin(&world.app, &order, Some(HERS)).await, Err(Problem::ProviderSilent)));
        let lost = world.attempts(&order).await.pop().unwrap();
        assert_eq!(lost.state, AttemptState::Unknown);
        let his = begin(&world.app, &order, Some(HIS)).await.unwrap();
        assert_ne!(his.id, lost.id, "what may exist for her cannot be asked for in his name");
        let again = begin(&world.app, &order, Some(HERS)).await.unwrap();
        assert_eq!((again.id, again.state), (lost.id, AttemptState::Pending), "under its own number");
        assert_eq!(world.attempts(&order).await.len(), 2);
        let body = wechat.pay(&again.out_trade_no);
        payment_notice(&world.app, Who::Wechat, &[], &body).await.unwrap();
        world.settle().await;
        world.sound().await;
    })
    .await;
}
