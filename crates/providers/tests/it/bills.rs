//! Bills of all three providers, asked for over the wire: as they are, not made yet, spoilt and damaged.

use crate::rig::{Rig, cny};
use everline_app::clock::Clock;
use everline_app::ports::{
    BillAnswer, DayOfBill, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus, RefundRequest, Started,
};
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::reconciliation::{BillDay, BillLine, LineKind, zone_of};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, SystemTime, Zone};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};

/// 2026-03-01 09:05:07 in Beijing.
const START: SystemTime = SystemTime::from_us(1_772_327_107_000_000);

/// A provider in its world, and how its payments are paid there.
struct Shop {
    rig: Rig,
    port: Box<dyn PaymentProvider>,
    method: Method,
    /// Under which name the control interface has its payments.
    kind: &'static str,
}

impl Shop {
    async fn open(provider: Provider) -> Self {
        let rig = Rig::start_at(Clock::manual(START, 7), |_| {}).await;
        let (port, method, kind): (Box<dyn PaymentProvider>, _, _) = match provider {
            Provider::Alipay => (Box::new(rig.alipay()), Method::AlipayQr, "trades"),
            Provider::Wechat => (Box::new(rig.wechat()), Method::WechatQr, "trades"),
            Provider::Stripe | Provider::Bank => (Box::new(rig.stripe()), Method::Card, "cards"),
        };
        Self { rig, port, method, kind }
    }

    async fn paid(&self, out_trade_no: &str) -> Evidence {
        let request = PaymentRequest {
            method: self.method,
            out_trade_no: out_trade_no.to_owned(),
            amount: cny("99.00"),
            subject: "手表畅联月包".to_owned(),
            expires_at: self.rig.clock.now().system.plus_us(15 * MINUTE_US),
            payer_ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            return_url: "http://localhost:8800/orders/1".to_owned(),
            keep_for: None,
            payer: None,
        };
        let Started::Pay(payable) = self.port.start(&request).await else { panic!("not started") };
        self.rig.control("POST", &format!("{}/{out_trade_no}/pay", self.kind), None).await;
        let payment = PaymentRef { out_trade_no: out_trade_no.to_owned(), reference: payable.reference };
        let PaymentStatus::Paid(evidence) = self.port.query(&payment).await else { panic!("not paid") };
        self.rig.clock.pass_us(MINUTE_US);
        evidence
    }

    async fn bill(&self, days: i64) -> BillAnswer {
        let zone = zone_of(Provider::Alipay, &Zone::utc());
        let day = BillDay::of(START.plus_us(days * DAY_US), &zone);
        let (from, until) = day.bounds(&zone);
        self.port.bill(&DayOfBill { day, from, until }).await
    }

    async fn lines(&self, days: i64) -> Vec<BillLine> {
        let BillAnswer::Bill(mut lines) = self.bill(days).await else { panic!("no bill") };
        lines.sort_by_key(|line| (line.at, line.kind));
        lines
    }

    async fn spoil(&self, bills: serde_json::Value) {
        self.rig.control("PUT", "gateway/faults", Some(json!({ "bills": bills }))).await;
    }
}

async fn each(test: impl AsyncFn(Provider, Shop)) {
    for provider in [Provider::Alipay, Provider::Wechat, Provider::Stripe] {
        test(provider, Shop::open(provider).await).await;
    }
}

#[tokio::test]
async fn a_bill_has_what_happened_under_the_numbers_of_the_evidence() {
    each(async |provider, shop| {
        let first = shop.paid("order0001").await;
        let second = shop.paid("order0002").await;
        let back = RefundRequest {
            out_trade_no: first.out_trade_no.clone(),
            trade_no: first.trade_no.clone(),
            out_request_no: "back0001".to_owned(),
            amount: cny("9.00"),
            received: cny("99.00"),
        };
        shop.port.refund(&back).await;
        if provider != Provider::Stripe {
            assert_eq!(shop.bill(0).await, BillAnswer::NotYet, "{provider:?}");
        }
        // From 9:07 to 11:07 of the next day.
        shop.rig.clock.pass_us(26 * HOUR_US);
        let lines = shop.lines(0).await;
        let kinds: Vec<_> = lines.iter().map(|line| (line.kind, line.amount)).collect();
        let (payment, refund) = ((LineKind::Payment, cny("99.00")), (LineKind::Refund, cny("9.00")));
        assert_eq!(kinds, [payment, payment, refund], "{provider:?}");
        for (line, evidence) in lines.iter().zip([&first, &second]) {
            assert_eq!(
                (&line.number, line.out_trade_no.as_deref()),
                (&evidence.trade_no, Some(evidence.out_trade_no.as_str()))
            );
            assert!(line.fee > 0 && line.fee < 10_000_000, "{line:?}");
        }
        assert_eq!((lines[0].at, lines[1].at), (START, START.plus_us(MINUTE_US)), "{provider:?}");
        assert_eq!(lines[2].request_no.as_deref(), Some("back0001"));
        assert_eq!(lines[2].trade_no.as_ref(), Some(&first.trade_no));
        assert!(lines[2].fee <= 0, "given back, or kept: {:?}", lines[2]);
        assert_eq!(shop.lines(0).await, lines, "the same bill twice");
        // The day before nothing happened.
        let before = shop.bill(-1).await;
        let none = if provider == Provider::Stripe { BillAnswer::Bill(Vec::new()) } else { BillAnswer::NotYet };
        assert_eq!(before, none, "{provider:?}");
    })
    .await;
}

#[tokio::test]
async fn what_a_day_brought_is_paid_out_on_the_next() {
    each(async |provider, shop| {
        let _paid = shop.paid("order0001").await;
        shop.rig.clock.pass_us(DAY_US);
        let _paid = shop.paid("order0002").await;
        shop.rig.clock.pass_us(26 * HOUR_US);
        let fee = shop.lines(0).await[0].fee;
        let payout = shop.lines(1).await.into_iter().find(|line| line.kind == LineKind::Payout).unwrap();
        assert_eq!(payout.amount.micros(), 99_000_000 - fee, "{provider:?}");
    })
    .await;
}

#[tokio::test]
async fn bills_can_be_late_spoilt_and_damaged() {
    each(async |provider, shop| {
        for number in 1..=6 {
            let _paid = shop.paid(&format!("order000{number}")).await;
        }
        shop.rig.clock.pass_us(26 * HOUR_US);
        let whole = shop.lines(0).await;
        assert_eq!(whole.len(), 6);
        shop.spoil(json!({ "not_ready": true })).await;
        let late = if provider == Provider::Stripe { BillAnswer::Unknown } else { BillAnswer::NotYet };
        assert_eq!(shop.bill(0).await, late, "{provider:?}");
        shop.spoil(json!({ "broken": true })).await;
        assert_eq!(shop.bill(0).await, BillAnswer::Unknown, "{provider:?}");
        shop.spoil(json!({ "leave_out": 1, "other_amount": 2, "double": 1, "add": 3 })).await;
        let lines = shop.lines(0).await;
        assert_eq!(lines.len(), 6 - 1 + 1 + 3, "{provider:?}");
        let known = |line: &&BillLine| whole.iter().any(|one| one.number == line.number);
        assert_eq!(lines.iter().filter(known).filter(|line| line.amount == cny("99.01")).count(), 2);
        assert_eq!(lines.iter().filter(|line| !known(line)).count(), 3);
        assert!(!lines.iter().any(|line| line.number == whole[0].number), "the first is left out");
        shop.spoil(json!({})).await;
        assert_eq!(shop.lines(0).await, whole);
    })
    .await;
}

#[tokio::test]
async fn a_bill_of_another_account_is_none() {
    let shop = Shop::open(Provider::Alipay).await;
    let _paid = shop.paid("order0001").await;
    shop.rig.clock.pass_us(26 * HOUR_US);
    let other = shop.rig.alipay_with(|config| config.seller_id = "2088999999999999".to_owned());
    let zone = zone_of(Provider::Alipay, &Zone::utc());
    let day = BillDay::of(START, &zone);
    let (from, until) = day.bounds(&zone);
    assert_eq!(other.bill(&DayOfBill { day, from, until }).await, BillAnswer::Unknown);
}
