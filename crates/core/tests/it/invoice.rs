//! `invoice`: who may ask, what can be asked for, and what becomes of it.

use crate::fixture::{at, cny, month, order, raw};
use everline_core::invoice::{
    Buyer, Email, InvoiceRequest, InvoiceState, Issue, NoInvoice, Particulars, Settled, Settlement, TaxNumber,
    Unusable, WrongField, ask, reason, settle,
};
use everline_core::money::Currency;
use everline_core::order::{Order, OrderState};

#[test]
fn credit_codes_are_checked_as_gb_32100_says() {
    for code in ["91350100M000100Y43", "91350100m000100y43", "9135 0100-M000 100Y43", "914403001922038216"] {
        let read = TaxNumber::parse(code, Currency::CNY).map(|number| number.as_str().len());
        assert_eq!(read, Ok(18), "{code}");
    }
    for (code, why) in [
        ("", Unusable::Missing),
        (" - ", Unusable::Missing),
        ("91350100M000100Y44", Unusable::CheckCharacter),
        ("91350100M000100Y34", Unusable::CheckCharacter),
        ("91350100M000100Y4", Unusable::Length { expected: 18 }),
        ("91350100M000100Y433", Unusable::Length { expected: 18 }),
        ("91350100I000100Y43", Unusable::Character),
        ("９１350100M000100Y43", Unusable::Character),
    ] {
        assert_eq!(TaxNumber::parse(code, Currency::CNY), Err(why), "{code}");
    }
    for place in 0..18 {
        let mut code: Vec<u8> = b"91350100M000100Y43".to_vec();
        code[place] = if code[place] == b'7' { b'8' } else { b'7' };
        let code = String::from_utf8(code).unwrap();
        assert_eq!(TaxNumber::parse(&code, Currency::CNY), Err(Unusable::CheckCharacter), "one wrong: {code}");
    }
}

#[test]
fn elsewhere_a_number_is_letters_and_digits() {
    let usd: Currency = "USD".parse().unwrap();
    assert_eq!(TaxNumber::parse("12-3456789", usd).unwrap().as_str(), "123456789");
    for (number, why) in [
        ("123", Unusable::Malformed),
        ("12_34", Unusable::Character),
        ("123456789012345678901", Unusable::TooLong { max: 20 }),
    ] {
        assert_eq!(TaxNumber::parse(number, usd), Err(why));
    }
}

#[test]
fn addresses_are_of_the_usual_form() {
    for email in ["a@b.cn", "first.last+tag@mail.example.com", "财务@例子.公司"] {
        assert_eq!(Email::parse(email).unwrap().as_str(), email);
    }
    for (email, why) in [
        ("", Unusable::Missing),
        ("a", Unusable::Malformed),
        ("@b.cn", Unusable::Malformed),
        ("a@b", Unusable::Malformed),
        ("a@b..cn", Unusable::Malformed),
        ("a@b@c.cn", Unusable::Malformed),
        ("a b@c.cn", Unusable::Character),
        ("a@b.cn\nBcc: c@d.cn", Unusable::Character),
        ("<a@b.cn>", Unusable::Character),
    ] {
        assert_eq!(Email::parse(email), Err(why), "{email}");
    }
    assert_eq!(Email::parse(&format!("{}@b.cn", "a".repeat(250))), Err(Unusable::TooLong { max: 254 }));
}

fn read(kind: &str, title: &str, number: &str, email: &str) -> Result<Particulars, WrongField> {
    Particulars::read(kind, title, number, email, Currency::CNY)
}

#[test]
fn the_first_field_that_cannot_be_used_is_named() {
    let code = "91350100M000100Y43";
    let fine = read("organisation", " 顺达冷链有限公司 ", code, "a@b.cn").unwrap();
    assert_eq!((fine.title.as_str(), fine.buyer.tax_number()), ("顺达冷链有限公司", Some(code)));
    assert_eq!(read("person", "林芳", "", "a@b.cn").unwrap().buyer, Buyer::Person);
    for (kind, title, number, email, field, why) in [
        ("person", " ", "", "a@b.cn", "title", Unusable::Missing),
        ("person", "a\nb", "", "a@b.cn", "title", Unusable::Character),
        ("person", &"长".repeat(101), "", "a@b.cn", "title", Unusable::TooLong { max: 100 }),
        ("person", "林芳", code, "a@b.cn", "tax_number", Unusable::NotForPerson),
        ("organisation", "顺达", "", "a@b.cn", "tax_number", Unusable::Missing),
        ("", "顺达", "", "a@b.cn", "buyer", Unusable::Missing),
        ("state", "顺达", "", "a@b.cn", "buyer", Unusable::Malformed),
        ("person", "林芳", "", "a", "email", Unusable::Malformed),
    ] {
        assert_eq!(read(kind, title, number, email), Err(WrongField { field, why }), "{kind} {title}");
    }
    for (number, link, field, why) in [
        ("", "", "number", Unusable::Missing),
        (&*"1".repeat(41), "", "number", Unusable::TooLong { max: 40 }),
        ("1", "http://a.cn", "link", Unusable::Malformed),
        ("1", "https://a.cn/ b", "link", Unusable::Malformed),
        ("1", "javascript:alert(1)", "link", Unusable::Malformed),
        ("1", &*format!("https://a.cn/{}", "x".repeat(500)), "link", Unusable::TooLong { max: 500 }),
    ] {
        assert_eq!(Issue::read(number, link), Err(WrongField { field, why }));
    }
    assert_eq!(reason(" "), Err(WrongField { field: "reason", why: Unusable::Missing }));
}

fn paid(state: OrderState) -> Order {
    Order { paid_at: Some(at("03-10 12:00")), ..order(10, &month(), state) }
}
fn wanted(title: &str) -> Particulars {
    read("person", title, "", "a@b.cn").unwrap()
}
fn asked() -> InvoiceRequest {
    ask(&paid(OrderState::InEffect), None, wanted("林芳"), at("03-11 12:00")).unwrap()
}
fn by(text: &str) -> Settled {
    Settled { at: at(text), by: raw(5) }
}
fn issue(number: &str) -> Settlement {
    Settlement::Issue(Issue::read(number, "https://tax.example.cn/1").unwrap())
}

#[test]
fn it_is_asked_for_once_and_only_for_money_that_stayed() {
    let before = asked();
    assert_eq!(
        (before.buyer.clone(), before.title.as_str(), cny("39")),
        (Buyer::Person, "林芳", order(10, &month(), OrderState::Paid).price)
    );
    let order = paid(OrderState::InEffect);
    let again = |before: &InvoiceRequest, title| ask(&order, Some(before), wanted(title), at("03-12 12:00"));
    assert_eq!(again(&before, "林芳"), Ok(before.clone()), "the same again");
    assert_eq!(again(&before, "王强"), Err(NoInvoice::AskedOtherwise));
    let issued = settle(before.clone(), issue("1"), by("03-12 12:00")).unwrap();
    assert_eq!(again(&issued, "林芳"), Err(NoInvoice::IssuedAlready));
    let refused = settle(before, Settlement::Refuse("名称不符".into()), by("03-12 12:00")).unwrap();
    let corrected = again(&refused, "林芳芳").unwrap();
    assert_eq!((corrected.asked_at, corrected.title.as_str()), (at("03-12 12:00"), "林芳芳"));
    for (order, why) in [
        (self::order(10, &month(), OrderState::AwaitingPayment), NoInvoice::NotPaid),
        (paid(OrderState::Refunding), NoInvoice::MoneyWentBack),
        (paid(OrderState::Refunded), NoInvoice::MoneyWentBack),
    ] {
        assert_eq!(ask(&order, None, wanted("林芳"), at("03-11 12:00")), Err(why));
    }
}

#[test]
fn it_is_settled_once_and_the_address_is_forgotten() {
    let issued = settle(asked(), issue("1"), by("03-12 12:00")).unwrap();
    assert!(
        matches!(&issued.state, InvoiceState::Issued(settled, issue) if settled.by == raw(5) && issue.number == "1")
    );
    assert_eq!(settle(issued.clone(), issue("1"), by("03-13 12:00")), Ok(issued.clone()), "the same again");
    let refuse = || Settlement::Refuse("名称不符".to_owned());
    for other in [issue("2"), refuse()] {
        assert_eq!(settle(issued.clone(), other, by("03-13 12:00")), Err(NoInvoice::NotWaiting));
    }
    let refused = settle(asked(), refuse(), by("03-12 12:00")).unwrap();
    assert_eq!(settle(refused.clone(), refuse(), by("03-13 12:00")), Ok(refused.clone()));
    assert_eq!(settle(refused, issue("1"), by("03-13 12:00")), Err(NoInvoice::NotWaiting));
}
