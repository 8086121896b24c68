//! `receipt`: what is signed, and what an address carries.

use crate::fixture::{at, cny, month, order, raw};
use everline_core::brand::Localized;
use everline_core::ids::{AttemptId, ReceiptId, RefundId};
use everline_core::order::OrderState;
use everline_core::payment::Method;
use everline_core::receipt::{
    Change, Course, Facts, KeyId, Outcome, Payee, Payment, Proof, Reader, SIGNATURE_BYTES, Second, statement,
};
use everline_core::refund::{Refund, RefundReason, RefundState};
use everline_core::time::{BusinessTime, Validity};

fn facts() -> Facts {
    Facts {
        number: 42,
        issued_at: at("03-10 12:00"),
        order: "20260310473388802939".into(),
        payee: Payee {
            legal_name: Localized::zh_en("青禾通信科技有限公司", "Qinghe Mobile Technology Co., Ltd."),
            credit_code: "91350100M000100Y43".into(),
        },
        item: month().reference,
        item_name: Localized::zh_en("月包", "Month"),
        lasts: Some(Validity::Months(1)),
        msisdn: "138****0001".into(),
        iccid: Some("898****0007".into()),
        amount: cny("39"),
        payments: vec![Payment {
            method: Method::AlipayQr,
            by_voucher: false,
            out_trade_no: "n1".into(),
            trade_no: Some("2026".into()),
            received: cny("39"),
            paid_at: at("03-10 12:00"),
        }],
    }
}

fn in_effect() -> everline_core::order::Order {
    everline_core::order::Order {
        paid_at: Some(at("03-10 12:00")),
        delivered_at: Some(at("03-10 12:00")),
        in_effect_at: Some(at("03-10 12:01")),
        starts_at: Some(at("03-10 12:00")),
        ends_at: Some(at("04-10 12:00")),
        ..order(10, &month(), OrderState::InEffect)
    }
}

fn refund(n: u8, state: RefundState) -> Refund {
    let order = in_effect();
    Refund {
        id: RefundId(raw(n)),
        customer: order.customer,
        attempt: AttemptId(raw(50)),
        order: order.id,
        out_request_no: "r".into(),
        amount: cny("9.9"),
        reason: RefundReason::Surplus,
        state,
        started_at: at("03-11 12:00"),
        settled_at: None,
    }
}

#[test]
fn everything_is_a_line_of_the_text() {
    let course = Course::of(&in_effect(), &[refund(60, RefundState::Done)], Reader::Owner);
    assert_eq!(
        statement(&facts(), &course),
        "everline receipt 1
number 42
issued 2026-03-10T04:00:00+00:00
order 20260310473388802939
payee-en Qinghe Mobile Technology Co., Ltd.
payee-zh-CN 青禾通信科技有限公司
payee-credit-code 91350100M000100Y43
item month@1
item-name-en Month
item-name-zh-CN 月包
lasts 1 months
line 138****0001
iccid 898****0007
amount 39.00 CNY
payment alipay_qr
received 39.00 CNY
paid 2026-03-10T04:00:00+00:00
out-trade-no n1
trade-no 2026
reader owner
outcome in_effect
delivered 2026-03-10T04:00:00+00:00
in-effect 2026-03-10T04:01:00+00:00
starts 2026-03-10T04:00:00+00:00
ends 2026-04-10T04:00:00+00:00
refund done
refund-amount 9.90 CNY
refund-started 2026-03-11T04:00:00+00:00
"
    );
}

#[test]
fn every_fact_changes_the_text() {
    let course = Course::of(&in_effect(), &[refund(60, RefundState::InFlight)], Reader::Owner);
    let before = statement(&facts(), &course);
    let changed: [fn(&mut Facts); 17] = [
        |f| f.number += 1,
        |f| f.issued_at = f.issued_at.plus_us(1_000_000),
        |f| f.order.push('0'),
        |f| f.payee.legal_name = Localized::zh_en("青禾", "Qinghe Mobile Technology Co., Ltd."),
        |f| f.payee.credit_code.push('0'),
        |f| f.item.version += 1,
        |f| f.item_name = Localized::default(),
        |f| f.lasts = None,
        |f| f.msisdn = "138****0002".into(),
        |f| f.iccid = None,
        |f| f.amount = cny("39.01"),
        |f| f.payments.clear(),
        |f| f.payments[0].method = Method::AlipayWap,
        |f| f.payments[0].out_trade_no = "n2".into(),
        |f| f.payments[0].trade_no = None,
        |f| f.payments[0].received = cny("38"),
        |f| f.payments[0].paid_at = at("03-10 12:01"),
    ];
    for (place, change) in changed.iter().enumerate() {
        let mut other = facts();
        change(&mut other);
        assert_ne!(statement(&other, &course), before, "fact {place}");
    }
    let changed: [fn(&mut Course); 9] = [
        |c| c.reader = Reader::Guest,
        |c| c.outcome = Outcome::Queued,
        |c| c.delivered = None,
        |c| c.in_effect = None,
        |c| c.starts = None,
        |c| c.ends = Some(Second::of(at("04-11 12:00"))),
        |c| c.returns.clear(),
        |c| c.returns[0].micros += 1,
        |c| c.returns[0].state = RefundState::Failed,
    ];
    for (place, change) in changed.iter().enumerate() {
        let mut other = course.clone();
        change(&mut other);
        assert_ne!(statement(&facts(), &other), before, "part {place} of the course");
    }
}

#[test]
fn no_value_can_look_like_a_fact() {
    let mut facts = facts();
    facts.payments[0].trade_no = Some("1\namount 0.01 CNY\\".into());
    let course = Course::of(&in_effect(), &[], Reader::Owner);
    let text = statement(&facts, &course);
    assert!(text.contains("\ntrade-no 1\\u{a}amount 0.01 CNY\\u{5c}\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("amount ")).count(), 1);
}

#[test]
fn a_guest_is_told_that_it_worked_and_no_more() {
    for state in [OrderState::Queued, OrderState::StartsOnFirstUse, OrderState::InEffect] {
        let order = everline_core::order::Order { state, ..in_effect() };
        let guest = Course::of(&order, &[], Reader::Guest);
        assert_eq!(guest.outcome, Outcome::Done);
        assert_eq!((guest.in_effect, guest.starts, guest.ends), (None, None, None));
        assert_ne!(Course::of(&order, &[], Reader::Owner).outcome, Outcome::Done);
    }
    for (state, outcome) in [
        (OrderState::Paid, Outcome::NotYet),
        (OrderState::Delivered, Outcome::Delivered),
        (OrderState::Refunding, Outcome::Refunding),
        (OrderState::Refunded, Outcome::Refunded),
    ] {
        for reader in [Reader::Guest, Reader::Owner] {
            assert_eq!(Outcome::of(state, reader), outcome);
        }
    }
}

#[test]
fn what_happened_since_is_told() {
    let paid = everline_core::order::Order {
        delivered_at: None,
        in_effect_at: None,
        starts_at: None,
        ends_at: None,
        state: OrderState::Paid,
        ..in_effect()
    };
    let then = Course::of(&paid, &[], Reader::Owner);
    assert_eq!(then.changes(&then), []);
    let second = |text| Second::of(at(text));
    let now = Course::of(&in_effect(), &[refund(60, RefundState::InFlight)], Reader::Owner);
    assert_eq!(
        then.changes(&now),
        [
            Change::Outcome(Outcome::InEffect),
            Change::Delivered(second("03-10 12:00")),
            Change::InEffect(second("03-10 12:01")),
            Change::Starts(second("03-10 12:00")),
            Change::Ends(second("04-10 12:00")),
            Change::Returned(now.returns[0]),
        ]
    );
    let later =
        Course::of(&in_effect(), &[refund(61, RefundState::InFlight), refund(60, RefundState::Done)], Reader::Owner);
    assert_eq!(
        now.changes(&later),
        [Change::Returned(later.returns[0])],
        "the first is done; the second looks like the first did"
    );
}

#[test]
fn seconds_are_whole_on_both_sides_of_the_epoch() {
    for (us, second) in [(0, 0), (999_999, 0), (1_000_000, 1_000_000), (-1, -1_000_000)] {
        assert_eq!(Second::of(BusinessTime::from_us(us)).instant(), BusinessTime::from_us(second));
    }
}

fn proof() -> Proof {
    let course = Course::of(&in_effect(), &[refund(60, RefundState::Done)], Reader::Owner);
    Proof { key: KeyId([1, 2, 3, 4]), receipt: ReceiptId(raw(9)), course, signature: [7; SIGNATURE_BYTES] }
}

/// The bytes of a proof as they are printed on receipts: they must be readable for as long as receipts are kept.
const PRINTED: &str = "01010203040000000000097909890909090909090900040180ddfc9a0d01f8ddfc9a0d0180ddfc9a0d0180d7c39d0d\
    01c0bfb8090180a3879b0d";

#[test]
fn a_proof_is_read_from_its_bytes_and_from_no_others() {
    let bytes = proof().to_bytes();
    assert_eq!(Proof::from_bytes(&bytes), Some(proof()));
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, format!("{PRINTED}{}", "07".repeat(SIGNATURE_BYTES)), "version 1");
    for cut in 0..bytes.len() {
        assert_eq!(Proof::from_bytes(&bytes[..cut]), None, "cut at {cut}");
    }
    assert_eq!(Proof::from_bytes(&[bytes.as_slice(), &[0]].concat()), None, "something behind it");
    let other = [&[2], &bytes[1..]].concat();
    assert_eq!(Proof::from_bytes(&other), None, "another version");
    let mut many = proof();
    many.course.returns = vec![many.course.returns[0]; 65];
    assert_eq!(Proof::from_bytes(&many.to_bytes()), None, "more than any order has");
}
