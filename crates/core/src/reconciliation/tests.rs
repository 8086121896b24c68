use super::*;
use crate::ids::{ItemId, RawId};
use crate::money::Money;
use crate::time::{DAY_US, HOUR_US, MINUTE_US, Now, SystemTime, Zone};

const CNY: Currency = Currency::CNY;

fn line(kind: LineKind, yuan: i64, fee: i64) -> BillLine {
    BillLine {
        kind,
        number: "T1".to_owned(),
        out_trade_no: Some("E1".to_owned()),
        request_no: None,
        trade_no: None,
        amount: Money::from_micros(yuan * 1_000_000, CNY),
        fee,
        at: SystemTime::from_us(0),
        said: String::new(),
    }
}

fn paid(yuan: i64) -> OurAttempt {
    OurAttempt {
        customer: CustomerId::from([1; 16]),
        order: OrderId::from([2; 16]),
        provider: Some(Provider::Alipay),
        state: AttemptState::Paid,
        trade_no: Some("T1".to_owned()),
        received: yuan * 1_000_000,
    }
}

fn check(line: &BillLine, attempt: Option<OurAttempt>, refund: Option<OurRefund>, verdict: Verdict) {
    let ours = Ours { attempt, refund };
    assert_eq!(judge(line, &ours, Provider::Alipay, CNY), verdict, "{line:?} {ours:?}");
}

#[test]
fn payments_agree_are_evidence_or_wait_for_people() {
    let payment = line(LineKind::Payment, 9, 0);
    check(&payment, Some(paid(9)), None, Verdict::Agreed);
    check(&payment, None, None, Verdict::Queue(ItemKind::TheirsOnly));
    check(&payment, Some(paid(8)), None, Verdict::Queue(ItemKind::AmountDiffers));
    let other_number = OurAttempt { trade_no: Some("T2".to_owned()), ..paid(9) };
    check(&payment, Some(other_number), None, Verdict::Queue(ItemKind::NumberDiffers));
    for state in AttemptState::ALL.into_iter().filter(|state| *state != AttemptState::Paid) {
        let attempt = OurAttempt { state, trade_no: None, received: 0, ..paid(9) };
        check(&payment, Some(attempt), None, Verdict::Evidence);
    }
    // An attempt at another provider is not what this bill speaks of.
    let elsewhere = OurAttempt { provider: Some(Provider::Wechat), ..paid(9) };
    check(&payment, Some(elsewhere), None, Verdict::Queue(ItemKind::TheirsOnly));
    let dollars = BillLine { amount: Money::from_micros(9_000_000, "USD".parse().unwrap()), ..payment };
    check(&dollars, Some(paid(9)), None, Verdict::Queue(ItemKind::NotUnderstood));
}

#[test]
fn refunds_agree_when_ours_is_done() {
    let refund = line(LineKind::Refund, 4, 0);
    let ours = |state, yuan: i64| Some(OurRefund { state, amount: yuan * 1_000_000 });
    check(&refund, Some(paid(9)), ours(RefundState::Done, 4), Verdict::Agreed);
    check(&refund, Some(paid(9)), ours(RefundState::Done, 5), Verdict::Queue(ItemKind::AmountDiffers));
    check(&refund, Some(paid(9)), ours(RefundState::InFlight, 4), Verdict::Queue(ItemKind::StateDiffers));
    check(&refund, Some(paid(9)), ours(RefundState::Failed, 4), Verdict::Queue(ItemKind::StateDiffers));
    check(&refund, Some(paid(9)), None, Verdict::Queue(ItemKind::TheirsOnly));
    check(&line(LineKind::Other, 1, 0), None, None, Verdict::Queue(ItemKind::NotUnderstood));
    check(&line(LineKind::Payout, 1, 0), None, None, Verdict::Agreed);
    check(&line(LineKind::Fee, 0, 5), None, None, Verdict::Agreed);
}

#[test]
fn a_line_moves_its_fee_or_its_payout_once() {
    let id = BillLineId::from([7; 16]);
    let at = BusinessTime::from_us(1);
    let posted = |line: &BillLine| posting_of(id, line, at).map(|posting| (posting.template, posting.amount));
    assert_eq!(posted(&line(LineKind::Payment, 9, 54_000)), Some((Template::PspFee, 54_000)));
    assert_eq!(posted(&line(LineKind::Refund, 9, -54_000)), Some((Template::FeeReturned, 54_000)));
    assert_eq!(posted(&line(LineKind::Payment, 9, 0)), None);
    assert_eq!(posted(&line(LineKind::Fee, 0, 3)), Some((Template::PspFee, 3)));
    assert_eq!(posted(&line(LineKind::Payout, 9, 0)), Some((Template::Payout, 9_000_000)));
    assert_eq!(posted(&line(LineKind::Payout, -9, 0)), Some((Template::PayoutReturned, 9_000_000)));
    let ids = |line: &BillLine| posting_of(id, line, at).map(|posting| posting.id);
    assert_eq!(ids(&line(LineKind::Payment, 9, 54_000)), ids(&line(LineKind::Payment, 9, 54_000)));
}

fn item(kind: ItemKind, about: LineKind, ours: Option<i64>, theirs: Option<i64>) -> Item {
    Item {
        id: ItemId::from([3; 16]),
        provider: Provider::Alipay,
        day: "2026-11-28".parse().unwrap(),
        kind,
        about,
        out_trade_no: None,
        request_no: None,
        number: None,
        ours,
        theirs,
        currency: CNY,
        opened_at: SystemTime::from_us(0),
        state: ItemState::Open,
    }
}

#[test]
fn actions_fit_the_side_on_which_money_is_missing() {
    use Action::{Accept, Suspense, WriteOff};
    use ItemKind::{AmountDiffers, CameAfterAll, Doubled, NumberDiffers, OursOnly, TheirsOnly};
    use LineKind::{Payment, Refund};
    for (kind, about, ours, theirs, surplus, actions) in [
        (OursOnly, Payment, Some(9), None, -9, vec![Accept, WriteOff]),
        (TheirsOnly, Payment, None, Some(9), 9, vec![Accept, Suspense]),
        (AmountDiffers, Payment, Some(9), Some(8), -1, vec![Accept, WriteOff]),
        (AmountDiffers, Payment, Some(8), Some(9), 1, vec![Accept, Suspense]),
        (OursOnly, Refund, Some(9), None, 9, vec![Accept, Suspense]),
        (TheirsOnly, Refund, None, Some(9), -9, vec![Accept, WriteOff]),
        (Doubled, Payment, Some(9), Some(9), 0, vec![Accept]),
        (NumberDiffers, Payment, Some(9), Some(9), 0, vec![Accept]),
        (CameAfterAll, Payment, Some(0), Some(9), 9, vec![Accept, Suspense]),
        (CameAfterAll, Refund, Some(0), Some(9), -9, vec![Accept, WriteOff]),
    ] {
        let item = item(kind, about, ours, theirs);
        assert_eq!((item.surplus(), item.actions(CNY)), (surplus, actions), "{kind:?} {about:?}");
        assert_eq!(item.actions("USD".parse().unwrap()), [Accept], "{kind:?}");
    }
}

#[test]
fn an_item_closes_once_with_a_reason() {
    let now = Now { business: BusinessTime::from_us(5), system: SystemTime::from_us(6) };
    let by = RawId::from_bytes([9; 16]);
    let open = item(ItemKind::OursOnly, LineKind::Payment, Some(9), None);
    let (closed, posting) = open.clone().close(Action::WriteOff, " never came ", by, CNY, now).unwrap();
    let posting = posting.unwrap();
    assert_eq!((posting.template, posting.amount, posting.cause), (Template::WrittenOff, 9, Cause::Item(open.id)));
    let ItemState::Closed(how) = &closed.state else { panic!("open") };
    assert_eq!((how.by, how.action, how.reason.as_str()), (Some(by), Action::WriteOff, "never came"));
    assert_eq!(closed.actions(CNY), []);
    assert_eq!(closed.close(Action::Accept, "again", by, CNY, now), Err(NotClosed::ClosedAlready));
    assert_eq!(open.clone().close(Action::Suspense, "why", by, CNY, now), Err(NotClosed::DoesNotFit));
    assert_eq!(open.clone().close(Action::Agreed, "why", by, CNY, now), Err(NotClosed::DoesNotFit));
    for reason in ["", "  ", "a\nb", &"x".repeat(201)] {
        assert_eq!(open.clone().close(Action::Accept, reason, by, CNY, now), Err(NotClosed::Reason), "{reason:?}");
    }
    assert!(open.close(Action::Accept, &"理".repeat(200), by, CNY, now).unwrap().1.is_none());
}

#[test]
fn days_are_the_providers_and_a_span_reaches_over_midnight() {
    let zone = zone_of(Provider::Alipay, &Zone::utc());
    let day: BillDay = "2026-11-28".parse().unwrap();
    let (from, until) = day.bounds(&zone);
    assert_eq!(until.since_us(from), DAY_US);
    assert_eq!((BillDay::of(from, &zone), BillDay::of(from.plus_us(-1), &zone)), (day, day.before()));
    assert_eq!(BillDay::of(until, &zone), day.next());
    let span = |from, until| {
        let days = BillDay::span(from, until, &zone);
        days.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let noon = from.plus_us(12 * HOUR_US);
    assert_eq!(span(noon, noon.plus_us(MINUTE_US)), ["2026-11-28"]);
    assert_eq!(span(noon, until.plus_us(-MINUTE_US)), ["2026-11-28", "2026-11-29"]);
    assert_eq!(span(from.plus_us(MINUTE_US), noon), ["2026-11-27", "2026-11-28"]);
    // The bill of a day is asked for at 10:30 of the next.
    let ready = |hours, minutes| BillDay::ready(until.plus_us(hours * HOUR_US + minutes * MINUTE_US), &zone);
    assert_eq!((ready(10, 29), ready(10, 30)), (day.before(), day));
    assert!(!day.believed_empty(until.plus_us(35 * HOUR_US), &zone));
    assert!(day.believed_empty(until.plus_us(36 * HOUR_US), &zone));
    for text in ["", "2026-2-1", "2026-02-30", "20261128", "2026-11-28T00:00"] {
        assert_eq!(text.parse::<BillDay>(), Err(NotADay), "{text}");
    }
}

#[test]
fn words_are_stable() {
    for kind in ItemKind::ALL {
        assert_eq!(ItemKind::from_word(kind.word()), Some(kind));
    }
    for action in Action::ALL {
        assert_eq!(Action::from_word(action.word()), Some(action));
    }
    for (kind, state) in LineKind::ALL.into_iter().zip(LineState::ALL) {
        assert_eq!((LineKind::from_word(kind.word()), LineState::from_word(state.word())), (Some(kind), Some(state)));
    }
}
