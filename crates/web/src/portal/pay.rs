//! The ways to pay, as pages offer them, and what a choice among them starts.

use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use everline_app::Problem;
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::start_payment::start_payment;
use everline_core::ids::{CustomerId, OrderId};
use everline_core::money::Money;
use everline_core::payment::{Method, Provider, Way};

/// A way to pay.
pub(crate) struct MethodShown {
    /// Whether it is a card, which can be remembered.
    pub(crate) card: bool,
    pub(crate) word: &'static str,
    pub(crate) label: String,
    pub(crate) hint: String,
    pub(crate) checked: bool,
}

/// The methods that are offered in this browser, the one that fits it best first; `transfers` to organisations also theirs.
pub(crate) fn ways(web: &Web, visit: &Visit, transfers: bool) -> Vec<Method> {
    let (phone, in_wechat) = (visit.phone, visit.in_wechat);
    let all: Vec<Method> = web.app.ports.payments.methods().collect();
    let elsewhere = in_wechat && all.contains(&Method::WechatJsapi);
    let rank = |method: &Method| match (method.way(), phone) {
        (Way::InWechat, _) => 0,
        // Where one can pay on the spot, what needs another browser comes after it.
        (Way::OpenOnPhone, true) if elsewhere => 3,
        (Way::OpenOnPhone, true) | (Way::Scan, false) => 1,
        (Way::Open, _) => 2,
        // A phone does not scan its own screen.
        (Way::Scan, true) => 5,
        _ => 4,
    };
    // WeChat's link opens its application and nothing else, and is refused inside it; only there it has a cashier on our page.
    // Alipay has a page for each kind of screen, and where both are
    // offered each shows its own.
    let fits = |method: &Method| match method {
        Method::BankTransfer => transfers,
        // To remember a card is a choice beside the card.
        Method::CardKept => false,
        Method::AlipayPage => !phone,
        Method::WechatH5 => phone && !in_wechat,
        Method::WechatJsapi => in_wechat,
        Method::AlipayWap => phone || !all.contains(&Method::AlipayPage),
        _ => true,
    };
    let mut methods: Vec<Method> = all.iter().copied().filter(fits).collect();
    methods.sort_by_key(rank);
    methods
}

/// Whether a card can be remembered for renewals.
pub(crate) fn remembers(web: &Web) -> bool {
    web.app.ports.payments.methods().any(|method| method == Method::CardKept)
}

/// What can be offered beside the providers of every customer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offered {
    /// What the account holds, where it may be spent on this.
    pub(crate) credit: Option<Money>,
    /// Whether vouchers can pay it.
    pub(crate) vouchers: bool,
    /// Whether the customer is an organisation, which may transfer.
    pub(crate) transfers: bool,
}

/// The ways to pay, the one that fits this screen first and chosen, or the one that was chosen before.
pub(crate) fn methods(web: &Web, visit: &Visit, offered: Offered) -> Vec<MethodShown> {
    let Offered { credit, vouchers, transfers } = offered;
    let show = visit.show(web);
    let shown = |method: Method| match method_shown(&show, method) {
        shown if visit.in_wechat && method.way() == Way::OpenOnPhone => {
            MethodShown { hint: show.lang.get("renew-elsewhere-hint"), ..shown }
        }
        shown => shown,
    };
    let mut methods: Vec<MethodShown> = ways(web, visit, transfers).into_iter().map(shown).collect();
    methods.extend(credit.map(|credit| credit_shown(&show, credit)));
    if vouchers {
        methods.push(voucher_shown(&show));
    }
    let before = visit.fields.get("method");
    let chosen = methods.iter().position(|method| method.word == before).unwrap_or(0);
    methods.iter_mut().enumerate().for_each(|(at, method)| method.checked = at == chosen);
    methods
}

/// The account's credit as a way to pay.
pub(crate) fn credit_shown(show: &Show, credit: Money) -> MethodShown {
    let label = show.lang.with("renew-credit", &[("amount", Arg::Text(&show.money(credit)))]);
    MethodShown { card: false, word: CREDIT, label, hint: show.lang.get("renew-credit-hint"), checked: false }
}

/// A voucher as a way to pay.
fn voucher_shown(show: &Show) -> MethodShown {
    let (label, hint) = (show.lang.get("voucher-choice"), show.lang.get("voucher-choice-hint"));
    MethodShown { card: false, word: VOUCHER, label, hint, checked: false }
}

/// How somebody wants to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayBy {
    /// With the account's credit, promotional and paid, as far as it goes.
    Credit,
    /// With a voucher, whose code is entered on the order's page.
    Voucher,
    /// By a provider.
    Method(Method),
}

/// The word for the account's credit in forms and in the API.
const CREDIT: &str = "credit";
/// The word for a voucher in forms.
const VOUCHER: &str = "voucher";

impl PayBy {
    /// Reads the word of a way to pay; the parts of credit have none of their own.
    pub(crate) fn from_word(word: &str) -> Result<Self, Problem> {
        match Method::from_word(word) {
            _ if word == CREDIT => Ok(PayBy::Credit),
            _ if word == VOUCHER => Ok(PayBy::Voucher),
            Some(method) if method.provider().is_some() => Ok(PayBy::Method(method)),
            _ => Err(Problem::Invalid { field: "method", rule: "unknown" }),
        }
    }
    /// With the card remembered, if that is ticked and a card was chosen.
    pub(crate) fn remembering(self, ticked: bool) -> Self {
        match self {
            PayBy::Method(Method::Card) if ticked => PayBy::Method(Method::CardKept),
            other => other,
        }
    }
    /// The way that fits this browser best.
    pub(crate) fn first(web: &Web, visit: &Visit) -> Result<Self, Problem> {
        let first = ways(web, visit, false).first().copied().map(PayBy::Method);
        first.ok_or(Problem::Invalid { field: "method", rule: "not offered here" })
    }
}

/// Starts a payment, or takes it from the account's credit.
pub(crate) async fn pay_by(
    web: &Web,
    visit: &Visit,
    (customer, order): (CustomerId, OrderId),
    by: PayBy,
) -> Result<(), Problem> {
    match by {
        PayBy::Credit => pay_with_credit(&web.app, customer, order).await.map(drop),
        // Its code comes next.
        PayBy::Voucher => Ok(()),
        PayBy::Method(method) => start_payment(&web.app, customer, order, method, visit.payer(web)).await.map(drop),
    }
}

/// The name under which people know a provider.
pub(crate) const fn provider_key(provider: Option<Provider>) -> &'static str {
    match provider {
        Some(Provider::Alipay) => "provider-alipay",
        Some(Provider::Wechat) => "provider-wechat",
        Some(Provider::Stripe) => "provider-stripe",
        Some(Provider::Bank) => "provider-bank",
        None => "provider-none",
    }
}

/// A way to pay, not chosen.
pub(crate) fn method_shown(show: &Show, method: Method) -> MethodShown {
    let (label, hint) = match method {
        Method::AlipayQr => ("renew-alipay-qr", "renew-alipay-qr-hint"),
        Method::AlipayWap => ("renew-alipay-wap", "renew-alipay-wap-hint"),
        Method::AlipayPage => ("renew-alipay-page", "renew-alipay-page-hint"),
        Method::WechatQr => ("renew-wechat-qr", "renew-wechat-qr-hint"),
        Method::WechatH5 => ("renew-wechat-h5", "renew-wechat-h5-hint"),
        Method::WechatJsapi => ("renew-wechat-jsapi", "renew-wechat-jsapi-hint"),
        Method::Card | Method::CardKept => ("renew-card", "renew-card-hint"),
        Method::SavedCard => ("renew-saved-card", "renew-saved-card-hint"),
        Method::BankTransfer => ("transfer-choice", "transfer-choice-hint"),
        Method::PaidCredit => ("renew-paid-credit", "renew-paid-credit-hint"),
        Method::PromoCredit => ("renew-promo-credit", "renew-promo-credit-hint"),
    };
    let (label, hint) = (show.lang.get(label), show.lang.get(hint));
    MethodShown { card: method == Method::Card, word: method.word(), label, hint, checked: false }
}
