//! Every route: method, path, who may call it, and its handler. The router is made from this list and from nothing else,
//! so a route without a row does not exist.

use crate::fault::Fault;
use crate::guard::{Rule, guard};
use crate::limits::Limit;
use crate::portal::{
    account, auto_renew, browsers, cards, cases, check, claim, close, companions, confirm, contact, data, device_form,
    esim, esim_shop, guest_order, guest_renew, help, history, home, identity, in_wechat, invoice, landing, line,
    mailbox, offline, order, own_line, owner, passkeys, password, plan, plans, receipt, recover, refund, reminders,
    renew, returning, second, sign_in, statement, terms, usage, voucher,
};
use crate::web::Web;
use crate::{api, assets, demo, desk, device, health, live, notify};
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};

/// Who may call a route. Whose rows they see is decided where the rows are read: another customer's do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A page for anyone. A guest's secret link is part of the path.
    Page,
    /// A page for a signed-in customer.
    CustomerPage,
    /// A page for a staff member.
    StaffPage,
    /// A page that exists in the demo only.
    DemoPage,
    /// The API, before signing in.
    ApiOpen,
    /// The API with a customer's bearer token.
    ApiCustomer,
    /// Network elements, with their secret.
    Device,
    /// The demo's clock control, with its secret.
    Clock,
    /// Answers everybody the same: assets, health, documents, signed notices.
    Machine,
    /// No route of ours.
    Unknown,
}

impl Access {
    /// Whether its callers are people with browsers.
    pub(crate) fn is_page(self, path: &str) -> bool {
        match self {
            Access::Page | Access::CustomerPage | Access::StaffPage | Access::DemoPage => true,
            Access::Unknown => {
                !["/api/", "/device/", "/notify/", "/demo/clock"].iter().any(|root| path.starts_with(root))
            }
            _ => false,
        }
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path, with its variables in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

/// All routes.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    rows().into_iter().map(|row| row.info).collect()
}

struct Row {
    info: RouteInfo,
    limit: Option<Limit>,
    body_max: usize,
    handler: MethodRouter<Web>,
}

/// Forms and JSON of ours are small.
const BODY_MAX: usize = 16 * 1024;

fn row(method: Method, path: &'static str, access: Access, handler: MethodRouter<Web>) -> Row {
    Row { info: RouteInfo { method, path, access }, limit: None, body_max: BODY_MAX, handler }
}
fn get<H: Handler<T, Web>, T: 'static>(path: &'static str, access: Access, handler: H) -> Row {
    row(Method::GET, path, access, routing::get(handler))
}
fn post<H: Handler<T, Web>, T: 'static>(path: &'static str, access: Access, handler: H) -> Row {
    row(Method::POST, path, access, routing::post(handler))
}
fn delete<H: Handler<T, Web>, T: 'static>(path: &'static str, access: Access, handler: H) -> Row {
    row(Method::DELETE, path, access, routing::delete(handler))
}
impl Row {
    fn limited(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }
    fn body_max(self, body_max: usize) -> Self {
        Self { body_max, ..self }
    }
}

fn rows() -> Vec<Row> {
    [
        pages(),
        staff_pages(),
        catalog_pages(),
        line_pages(),
        choose_pages(),
        account_pages(),
        history_pages(),
        case_pages(),
        guest_pages(),
        api_routes(),
        machine_routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn pages() -> Vec<Row> {
    use Access::{CustomerPage, DemoPage, Page, StaffPage};
    vec![
        get("/", Page, landing::landing),
        get("/sign-in", Page, sign_in::sign_in),
        post("/sign-in", Page, sign_in::ask_code).limited(Limit::Codes),
        get("/sign-in/code", Page, sign_in::code),
        post("/sign-in/code", Page, sign_in::enter).limited(Limit::Tries),
        post("/sign-out", Page, sign_in::sign_out),
        get("/home", CustomerPage, home::home),
        get("/lines/{line}", CustomerPage, line::line),
        get("/lines/{line}/renew", CustomerPage, renew::renew),
        post("/lines/{line}/renew", CustomerPage, renew::place).limited(Limit::Orders),
        get("/lines/{line}/auto-renew", CustomerPage, auto_renew::auto_renew),
        post("/lines/{line}/auto-renew", CustomerPage, auto_renew::agree).limited(Limit::Orders),
        post("/lines/{line}/auto-renew/off", CustomerPage, auto_renew::switch_off),
        get("/lines/{line}/reminders", CustomerPage, reminders::reminders),
        post("/lines/{line}/reminders", CustomerPage, reminders::choose),
        post("/lines/{line}/reminders/contacts", CustomerPage, reminders::ask_contact).limited(Limit::Claims),
        get("/lines/{line}/reminders/contacts/code", CustomerPage, reminders::code),
        post("/lines/{line}/reminders/contacts/code", CustomerPage, reminders::add_contact).limited(Limit::Tries),
        post("/lines/{line}/reminders/contacts/{contact}/remove", CustomerPage, reminders::remove_contact),
        get("/cards", CustomerPage, cards::cards),
        post("/cards/{method}/remove", CustomerPage, cards::remove),
        get("/orders/{order}", CustomerPage, order::order),
        get("/orders/{order}/events", CustomerPage, live::order_events),
        post("/orders/{order}/pay", CustomerPage, order::pay).limited(Limit::Orders),
        post("/orders/{order}/ask", CustomerPage, order::ask).limited(Limit::Orders),
        post("/orders/{order}/network", CustomerPage, order::network).limited(Limit::Orders),
        get("/orders/{order}/receipt", CustomerPage, receipt::receipt),
        get("/orders/{order}/receipt.pdf", CustomerPage, receipt::pdf),
        get("/orders/{order}/invoice", CustomerPage, invoice::invoice),
        post("/orders/{order}/invoice", CustomerPage, invoice::ask).limited(Limit::Orders),
        get("/orders/{order}/refund", CustomerPage, refund::refund),
        post("/orders/{order}/refund", CustomerPage, refund::ask).limited(Limit::Orders),
        get("/pay/return/{attempt}", Page, returning::back).limited(Limit::Checks),
        get("/pay/wechat", Page, in_wechat::named).limited(Limit::Checks),
        get("/voucher", CustomerPage, voucher::voucher),
        post("/voucher", CustomerPage, voucher::add).limited(Limit::Vouchers),
        get("/v/{proof}", Page, check::check).limited(Limit::Checks),
        get("/terms", Page, terms::terms),
        get("/offline", Page, offline::offline),
        get("/desk/sign-in", Page, desk::sign_in::sign_in),
        post("/desk/sign-in", Page, desk::sign_in::enter).limited(Limit::Passwords),
        get("/desk/set-up/{link}", Page, desk::set_up::set_up).limited(Limit::Passwords),
        post("/desk/set-up/{link}", Page, desk::set_up::set_password).limited(Limit::Passwords),
        get("/desk", StaffPage, desk::queue::queue),
        get("/desk/sign-in/second", Page, desk::second::ask),
        post("/desk/sign-in/second", Page, desk::second::enter).limited(Limit::Tries),
        post("/desk/sign-in/second/ask", Page, desk::second::ask_passkey).limited(Limit::Passkeys),
        post("/desk/sign-in/second/passkey", Page, desk::second::enter_passkey).limited(Limit::Passkeys),
        get("/desk/sign-in/set-up", Page, desk::second::first),
        post("/desk/sign-in/set-up", Page, desk::second::set_first).limited(Limit::Tries),
        get("/desk/orders/{number}", StaffPage, desk::order::order),
        get("/desk/orders/{number}/evidence.json", StaffPage, desk::evidence::json),
        get("/desk/orders/{number}/evidence.txt", StaffPage, desk::evidence::text),
        post("/desk/orders/{number}/invoice", StaffPage, desk::invoice::settle),
        get("/desk/reconciliation", StaffPage, desk::reconciliation::list),
        get("/desk/reconciliation/{item}", StaffPage, desk::reconciliation::item),
        post("/desk/reconciliation/{item}", StaffPage, desk::reconciliation::act),
        post("/desk/orders/{number}/refund", StaffPage, desk::refund::ask),
        post("/desk/orders/{number}/refund/{request}", StaffPage, desk::refund::settle),
        post("/desk/orders/{number}/refund/{request}/other-way", StaffPage, desk::refund::other_way),
        post("/demo/enter/{key}", DemoPage, demo::enter),
        get("/{file}", Page, assets::domain_proof),
    ]
}

/// The staff: how a member signs in, who they are, and what they did.
fn staff_pages() -> Vec<Row> {
    use Access::StaffPage;
    vec![
        get("/desk/me", StaffPage, desk::me::me),
        post("/desk/me/generator/new", StaffPage, desk::second::make),
        get("/desk/me/generator", StaffPage, desk::second::another),
        post("/desk/me/generator", StaffPage, desk::second::set_another).limited(Limit::Tries),
        post("/desk/me/passkeys", StaffPage, desk::me::add_passkey).limited(Limit::Passkeys),
        post("/desk/me/passkeys/ask", StaffPage, desk::me::ask_passkey).limited(Limit::Passkeys),
        post("/desk/me/passkeys/{passkey}/remove", StaffPage, desk::me::remove_passkey),
        post("/desk/me/codes", StaffPage, desk::me::codes),
        post("/desk/me/sessions/{session}/end", StaffPage, desk::me::end_session),
        post("/desk/me/sessions/end-others", StaffPage, desk::me::end_others),
        get("/desk/staff", StaffPage, desk::staff::list),
        post("/desk/staff", StaffPage, desk::staff::add),
        post("/desk/staff/change", StaffPage, desk::staff::change),
        get("/desk/figures", StaffPage, desk::figures::figures),
        get("/desk/figures.csv", StaffPage, desk::figures::csv).limited(Limit::Files),
        get("/desk/operations", StaffPage, desk::operations::operations),
        post("/desk/operations/jobs/{job}", StaffPage, desk::operations::job),
        post("/desk/operations/jobs", StaffPage, desk::operations::jobs),
        post("/desk/operations/test", StaffPage, desk::operations::test).limited(Limit::Probes),
        get("/desk/operations/messages", StaffPage, desk::operations_messages::messages),
        post("/desk/operations/messages", StaffPage, desk::operations_messages::send).limited(Limit::Probes),
        get("/desk/audit", StaffPage, desk::audit::list),
        get("/desk/audit.jsonl", StaffPage, desk::audit::lines),
        get("/desk/audit.csv", StaffPage, desk::audit::csv),
    ]
}

/// What is sold, for those who make it.
fn catalog_pages() -> Vec<Row> {
    use Access::StaffPage;
    vec![
        get("/desk/catalog", StaffPage, desk::catalog::list),
        get("/desk/catalog/new", StaffPage, desk::catalog_edit::new),
        post("/desk/catalog/new", StaffPage, desk::catalog_edit::add),
        get("/desk/catalog/{offering}", StaffPage, desk::catalog::version),
        post("/desk/catalog/{offering}", StaffPage, desk::catalog::acted),
        post("/desk/catalog/{offering}/cost", StaffPage, desk::catalog::costs),
        get("/desk/catalog/{offering}/next", StaffPage, desk::catalog_edit::next),
        post("/desk/catalog/{offering}/next", StaffPage, desk::catalog_edit::add_next),
        get("/desk/catalog/{offering}/edit", StaffPage, desk::catalog_edit::edit),
        post("/desk/catalog/{offering}/edit", StaffPage, desk::catalog_edit::save),
        get("/desk/catalog/{offering}/try", StaffPage, desk::catalog_try::ask),
    ]
}

fn choose_pages() -> Vec<Row> {
    use Access::{CustomerPage, Page, StaffPage};
    vec![
        get("/lines/{line}/plans", CustomerPage, plans::plans),
        get("/lines/{line}/plans/{offering}", CustomerPage, plan::plan),
        post("/lines/{line}/plans/{offering}/review", CustomerPage, plan::write).limited(Limit::Contributions),
        post("/lines/{line}/plans/{offering}/question", CustomerPage, plan::ask).limited(Limit::Contributions),
        post("/lines/{line}/plans/{offering}/answer", CustomerPage, plan::answer).limited(Limit::Contributions),
        post("/lines/{line}/plans/{offering}/report", CustomerPage, plan::report).limited(Limit::Contributions),
        post("/lines/{line}/plans/{offering}/withdraw", CustomerPage, plan::withdraw).limited(Limit::Contributions),
        get("/esim", Page, esim_shop::shop).limited(Limit::Lookups),
        get("/esim/buy", CustomerPage, esim_shop::buy),
        post("/esim/buy", CustomerPage, esim_shop::place).limited(Limit::Orders),
        get("/esim/check", Page, device_form::to_check),
        post("/esim/check", Page, device_form::check).limited(Limit::Lookups),
        get("/lines/{line}/devices", CustomerPage, companions::devices),
        post("/lines/{line}/devices", CustomerPage, companions::add).limited(Limit::Claims),
        post("/lines/{line}/devices/{iccid}/remove", CustomerPage, companions::remove),
        get("/lines/{line}/devices/{iccid}/code", CustomerPage, companions::code),
        get("/lines/{line}/esim", CustomerPage, esim::esim),
        get("/lines/{line}/esim/code", CustomerPage, esim::code).limited(Limit::Tries),
        get("/desk/contributions", StaffPage, desk::contributions::list),
        post("/desk/contributions/{contribution}", StaffPage, desk::contributions::settle),
        post("/desk/contributions/{contribution}/answer", StaffPage, desk::contributions::answer),
    ]
}

/// Whose a line is, and what its owner says of it.
fn line_pages() -> Vec<Row> {
    use Access::CustomerPage;
    vec![
        get("/claim", CustomerPage, claim::claim),
        post("/claim/number", CustomerPage, claim::send_code).limited(Limit::Claims),
        get("/claim/code", CustomerPage, claim::code),
        post("/claim/code", CustomerPage, claim::by_code).limited(Limit::Claims),
        post("/claim/card", CustomerPage, claim::by_card).limited(Limit::Claims),
        get("/lines/{line}/settings", CustomerPage, own_line::settings),
        post("/lines/{line}/settings", CustomerPage, own_line::describe),
        get("/lines/{line}/lost", CustomerPage, own_line::lost),
        post("/lines/{line}/lost", CustomerPage, own_line::report),
        get("/lines/{line}/found", CustomerPage, own_line::found),
        post("/lines/{line}/found", CustomerPage, own_line::lift),
        post("/lines/{line}/card", CustomerPage, own_line::replace).limited(Limit::Claims),
        get("/lines/{line}/owner", CustomerPage, owner::owner),
        post("/lines/{line}/owner", CustomerPage, owner::offer).limited(Limit::Claims),
        post("/lines/{line}/owner/withdraw", CustomerPage, owner::withdraw),
        get("/lines/{line}/give-up", CustomerPage, close::give_up),
        post("/lines/{line}/give-up", CustomerPage, close::end),
        get("/take-over/{link}", CustomerPage, owner::take_over),
        post("/take-over/{link}", CustomerPage, owner::take),
        post("/take-over/{link}/decline", CustomerPage, owner::decline),
    ]
}

fn account_pages() -> Vec<Row> {
    use Access::{CustomerPage, Page, StaffPage};
    vec![
        get("/sign-in/password", Page, sign_in::password),
        post("/sign-in/password", Page, sign_in::enter_password).limited(Limit::CustomerPasswords),
        get("/sign-in/forgotten", Page, sign_in::forgotten),
        post("/sign-in/passkey/ask", Page, second::ask_anybody).limited(Limit::Passkeys),
        post("/sign-in/passkey", Page, second::enter_anybody).limited(Limit::Passkeys),
        get("/sign-in/second", Page, second::second),
        post("/sign-in/second/ask", Page, second::ask_second).limited(Limit::Passkeys),
        post("/sign-in/second", Page, second::enter_second).limited(Limit::Passkeys),
        get("/recover", Page, recover::recover),
        post("/recover", Page, recover::begin).limited(Limit::Codes),
        get("/recover/code", Page, recover::code),
        post("/recover/code", Page, recover::ask).limited(Limit::Tries),
        get("/recover/asked", Page, recover::asked),
        get("/recover/stop/{link}", Page, recover::to_stop).limited(Limit::Checks),
        post("/recover/stop/{link}", Page, recover::stop).limited(Limit::Checks),
        get("/desk/recovery", StaffPage, desk::recovery::list),
        post("/desk/recovery/{customer}/{request}", StaffPage, desk::recovery::decide),
        get("/account", CustomerPage, account::account),
        post("/account/language", CustomerPage, account::set_language),
        post("/account/sessions/{session}/end", CustomerPage, account::end_session),
        post("/account/sessions/end-others", CustomerPage, account::end_others),
        get("/account/confirm", CustomerPage, confirm::confirm),
        post("/account/confirm", CustomerPage, confirm::prove).limited(Limit::Tries),
        post("/account/confirm/code", CustomerPage, confirm::send_code).limited(Limit::Codes),
        post("/account/confirm/ask", CustomerPage, confirm::ask_passkey).limited(Limit::Passkeys),
        get("/account/password", CustomerPage, password::password),
        post("/account/password", CustomerPage, password::set).limited(Limit::Tries),
        get("/account/passkeys", CustomerPage, passkeys::passkeys),
        post("/account/passkeys", CustomerPage, passkeys::add).limited(Limit::Passkeys),
        post("/account/passkeys/ask", CustomerPage, passkeys::ask).limited(Limit::Passkeys),
        post("/account/passkeys/second-factor", CustomerPage, passkeys::second_factor),
        post("/account/passkeys/{passkey}/remove", CustomerPage, passkeys::remove),
        get("/account/identity", CustomerPage, identity::identity),
        post("/account/identity", CustomerPage, identity::say).body_max(FILES_BODY_MAX),
        get("/account/identity/correct", CustomerPage, identity::correct),
        get("/account/close", CustomerPage, close::close),
        post("/account/close", CustomerPage, close::ask),
        post("/account/close/withdraw", CustomerPage, close::withdraw),
        get("/desk/find", StaffPage, desk::find::form),
        post("/desk/find", StaffPage, desk::find::look).limited(Limit::Lookups),
        get("/desk/customers/{customer}", StaffPage, desk::customer::customer),
        post("/desk/customers/{customer}/reveal", StaffPage, desk::customer::show_masked),
        post("/desk/customers/{customer}/lines/{line}/command", StaffPage, desk::customer::command),
        post("/desk/customers/{customer}/caller", StaffPage, desk::customer::ask_caller),
        post("/desk/customers/{customer}/caller/code", StaffPage, desk::customer::prove_caller),
        post("/desk/orders/{number}/ask", StaffPage, desk::ask::provider).limited(Limit::Orders),
        post("/desk/orders/{number}/provision", StaffPage, desk::ask::provision).limited(Limit::Orders),
        post("/desk/customers/{customer}/credit/goodwill", StaffPage, desk::credit::goodwill),
        post("/desk/customers/{customer}/credit/adjust", StaffPage, desk::credit::adjust),
        post("/desk/customers/{customer}/credit/{change}/decide", StaffPage, desk::credit::decide),
        post("/desk/customers/{customer}/lines/{line}/pay-link", StaffPage, desk::hand::pay_link),
        post("/desk/customers/{customer}/lines/{line}/card", StaffPage, desk::hand::card),
        post("/desk/customers/{customer}/lines/{line}/offer", StaffPage, desk::hand::offer),
        post("/desk/customers/{customer}/lines/{line}/offer/withdraw", StaffPage, desk::hand::withdraw),
        get("/desk/closings", StaffPage, desk::closings::list),
        post("/desk/closings/{customer}/{request}/take", StaffPage, desk::closings::take_up),
        post("/desk/closings/{customer}/{request}/sent", StaffPage, desk::closings::sent),
        post("/desk/closings/{customer}/{request}/not-sent", StaffPage, desk::closings::not_sent),
        get("/desk/money", StaffPage, desk::money::overview),
        get("/desk/money/days/{day}", StaffPage, desk::money::day),
        get("/desk/money/days/{day}/close.csv", StaffPage, desk::money::file),
        get("/desk/money/days/{day}/transfers", StaffPage, desk::money_behind::transfers),
        get("/desk/money/suspense", StaffPage, desk::money_behind::suspense),
        get("/desk/stock", StaffPage, desk::stock::overview),
        post("/desk/stock/count", StaffPage, desk::stock::count),
        post("/desk/stock/threshold", StaffPage, desk::stock::threshold),
        post("/desk/stock/float", StaffPage, desk::stock::float_threshold),
        get("/desk/stock/batch", StaffPage, desk::stock_hold::batch),
        get("/desk/stock/holds", StaffPage, desk::stock_hold::holds),
        post("/desk/stock/holds", StaffPage, desk::stock_hold::put),
        post("/desk/stock/holds/{hold}/end", StaffPage, desk::stock_hold::end),
        get("/desk/stock/numbers", StaffPage, desk::stock_lists::numbers),
        get("/desk/stock/vouchers", StaffPage, desk::stock_lists::vouchers),
        post("/desk/stock/vouchers/stop", StaffPage, desk::stock_lists::stop),
        get("/desk/identity", StaffPage, desk::identity::list),
        post("/desk/identity/{customer}/{request}", StaffPage, desk::identity::decide),
        get("/account/data", CustomerPage, data::data),
        post("/account/data", CustomerPage, data::file).limited(Limit::Exports),
        get("/account/contact", CustomerPage, contact::contact),
        post("/account/contact", CustomerPage, contact::send_code).limited(Limit::Codes),
        get("/account/contact/code", CustomerPage, contact::code),
        post("/account/contact/code", CustomerPage, contact::change).limited(Limit::Tries),
        get("/account/mailbox", CustomerPage, mailbox::mailbox),
        post("/account/mailbox", CustomerPage, mailbox::send_code).limited(Limit::Mailboxes),
        get("/account/mailbox/code", CustomerPage, mailbox::code),
        post("/account/mailbox/code", CustomerPage, mailbox::set).limited(Limit::Tries),
        post("/account/mailbox/remove", CustomerPage, mailbox::remove).limited(Limit::Tries),
        get("/account/browsers", CustomerPage, browsers::browsers),
        post("/account/browsers", CustomerPage, browsers::add).limited(Limit::Tries),
        post("/account/browsers/{browser}/remove", CustomerPage, browsers::remove).limited(Limit::Tries),
    ]
}

fn history_pages() -> Vec<Row> {
    use Access::CustomerPage;
    vec![
        get("/usage", CustomerPage, usage::account),
        get("/usage.csv", CustomerPage, usage::account_file).limited(Limit::Files),
        get("/lines/{line}/usage", CustomerPage, usage::line),
        get("/lines/{line}/usage.csv", CustomerPage, usage::line_file).limited(Limit::Files),
        get("/history", CustomerPage, history::orders),
        get("/history.csv", CustomerPage, history::file).limited(Limit::Files),
        get("/statement", CustomerPage, statement::account),
        get("/statement.csv", CustomerPage, statement::file).limited(Limit::Files),
    ]
}

/// A form with as many files as are taken, and some more, so that what is too much is said and nothing typed is lost.
pub(crate) const FILES_BODY_MAX: usize = 20 * 1024 * 1024;

fn case_pages() -> Vec<Row> {
    use Access::{CustomerPage, Page, StaffPage};
    vec![
        get("/help", Page, help::help),
        get("/help/{article}", Page, help::one),
        get("/cases", CustomerPage, cases::list),
        get("/cases/new", CustomerPage, cases::new),
        post("/cases/new", CustomerPage, cases::create).limited(Limit::Cases).body_max(FILES_BODY_MAX),
        get("/cases/{case}", CustomerPage, cases::case),
        post("/cases/{case}", CustomerPage, cases::reply).limited(Limit::Cases).body_max(FILES_BODY_MAX),
        get("/cases/{case}/files/{attachment}", CustomerPage, cases::attachment),
        get("/orders/{order}/case", CustomerPage, cases::about_order),
        get("/o/{token}/case", Page, cases::guest),
        post("/o/{token}/case", Page, cases::guest_write).limited(Limit::Cases).body_max(FILES_BODY_MAX),
        get("/o/{token}/case/files/{attachment}", Page, cases::guest_attachment),
        get("/desk/cases", StaffPage, desk::cases::list),
        get("/desk/cases/{customer}/{case}", StaffPage, desk::case::case),
        post("/desk/cases/{customer}/{case}", StaffPage, desk::case::work).body_max(FILES_BODY_MAX),
        get("/desk/cases/{customer}/{case}/files/{attachment}", StaffPage, desk::case::attachment),
        get("/desk/customers/{customer}/case", StaffPage, desk::case_call::call),
        post("/desk/customers/{customer}/case", StaffPage, desk::case_call::open).body_max(64 * 1024),
        post("/desk/reconciliation/{item}/case", StaffPage, desk::case_call::of_item).body_max(64 * 1024),
        get("/desk/prepared", StaffPage, desk::prepared::list),
        get("/desk/prepared/new", StaffPage, desk::prepared::new),
        get("/desk/prepared/{answer}", StaffPage, desk::prepared::answer),
        post("/desk/prepared/{answer}", StaffPage, desk::prepared::save).body_max(128 * 1024),
    ]
}

fn guest_pages() -> Vec<Row> {
    use Access::Page;
    vec![
        get("/renew", Page, guest_renew::number),
        post("/renew", Page, guest_renew::find).limited(Limit::Lookups),
        get("/renew/{link}", Page, guest_renew::guest_renew),
        post("/renew/{link}", Page, guest_renew::place).limited(Limit::Orders),
        get("/r/{link}", Page, guest_renew::from_message).limited(Limit::Lookups),
        get("/p/{link}", Page, guest_renew::from_staff).limited(Limit::Lookups),
        get("/d/{session}", Page, guest_renew::from_device).limited(Limit::Lookups),
        get("/o/{token}", Page, guest_order::order),
        get("/o/{token}/events", Page, live::guest_order_events),
        post("/o/{token}/pay", Page, guest_order::pay).limited(Limit::Orders),
        post("/o/{token}/ask", Page, guest_order::ask).limited(Limit::Orders),
        post("/o/{token}/network", Page, guest_order::network).limited(Limit::Orders),
        get("/o/{token}/receipt", Page, guest_order::receipt),
        get("/o/{token}/receipt.pdf", Page, guest_order::receipt_pdf),
        get("/o/{token}/invoice", Page, guest_order::invoice),
        post("/o/{token}/invoice", Page, guest_order::ask_invoice).limited(Limit::Orders),
        get("/o/{token}/refund", Page, guest_order::refund),
        post("/o/{token}/refund", Page, guest_order::ask_refund).limited(Limit::Orders),
    ]
}

fn api_routes() -> Vec<Row> {
    use Access::{ApiCustomer, ApiOpen, Machine, Page};
    vec![
        post("/api/v1/sign-in/code", ApiOpen, api::sign_in::ask_code).limited(Limit::Codes),
        post("/api/v1/sign-in/password", ApiOpen, api::sign_in::by_password).limited(Limit::CustomerPasswords),
        post("/api/v1/sign-in", ApiOpen, api::sign_in::sign_in).limited(Limit::Tries),
        get("/api/v1/home", ApiCustomer, api::lines::home),
        get("/api/v1/lines", ApiCustomer, api::lines::list),
        get("/api/v1/lines/{line}", ApiCustomer, api::lines::one),
        get("/api/v1/lines/{line}/offerings", ApiCustomer, api::lines::offerings),
        get("/api/v1/lines/{line}/what-if", ApiCustomer, api::what_if::what_if),
        post("/api/v1/lines/{line}/quotes", ApiCustomer, api::lines::quote),
        post("/api/v1/lines/{line}/orders", ApiCustomer, api::orders::place).limited(Limit::Orders),
        get("/api/v1/lines/{line}/auto-renew", ApiCustomer, api::auto_renew::one),
        post("/api/v1/lines/{line}/auto-renew", ApiCustomer, api::auto_renew::agree).limited(Limit::Orders),
        delete("/api/v1/lines/{line}/auto-renew", ApiCustomer, api::auto_renew::off),
        get("/api/v1/payment-methods", ApiCustomer, api::auto_renew::methods),
        delete("/api/v1/payment-methods/{method}", ApiCustomer, api::auto_renew::remove),
        get("/api/v1/orders/{order}", ApiCustomer, api::orders::one),
        post("/api/v1/orders/{order}/payments", ApiCustomer, api::orders::pay).limited(Limit::Orders),
        post("/api/v1/orders/{order}/vouchers", ApiCustomer, api::vouchers::pay).limited(Limit::Vouchers),
        post("/api/v1/vouchers", ApiCustomer, api::vouchers::add).limited(Limit::Vouchers),
        post("/api/v1/orders/{order}/ask", ApiCustomer, api::orders::ask).limited(Limit::Orders),
        get("/api/v1/orders/{order}/receipt", ApiCustomer, api::orders::receipt),
        get("/api/v1/orders/{order}/receipt.pdf", ApiCustomer, api::receipts::pdf),
        get("/api/v1/orders/{order}/invoice", ApiCustomer, api::receipts::invoice),
        post("/api/v1/orders/{order}/invoice", ApiCustomer, api::receipts::ask_invoice).limited(Limit::Orders),
        get("/api/v1/orders/{order}/refund", ApiCustomer, api::refunds::offer),
        post("/api/v1/orders/{order}/refund", ApiCustomer, api::refunds::ask).limited(Limit::Orders),
        get("/api/v1/esim/offerings", ApiCustomer, api::esim::offerings),
        post("/api/v1/esim/orders", ApiCustomer, api::esim::order).limited(Limit::Orders),
        get("/api/v1/lines/{line}/esim", ApiCustomer, api::esim::of_line),
        post("/api/v1/lines/{line}/esim/code", ApiCustomer, api::esim::code),
        get("/api/v1/lines/{line}/devices", ApiCustomer, api::esim::devices),
        post("/api/v1/lines/{line}/devices", ApiCustomer, api::esim::add_device).limited(Limit::Orders),
        delete("/api/v1/lines/{line}/devices/{iccid}", ApiCustomer, api::esim::remove_device),
        post("/api/v1/lines/{line}/devices/{iccid}/code", ApiCustomer, api::esim::device_code),
        get("/api/v1/receipts/{proof}", ApiOpen, api::receipts::check).limited(Limit::Checks),
        get("/api/openapi.json", Machine, api::openapi::document),
        get("/api", Page, api::openapi::page),
    ]
}

fn machine_routes() -> Vec<Row> {
    use Access::{Clock, Device, Machine};
    vec![
        post("/notify/{provider}", Machine, notify::notice).body_max(1024 * 1024),
        post("/notify/messages/{channel}/{secret}", Machine, notify::messages).body_max(512 * 1024),
        post("/device/sessions", Device, device::attach),
        post("/device/sessions/{session}/usage", Device, device::usage),
        delete("/device/sessions/{session}", Device, device::detach),
        get("/demo/clock", Clock, demo::read_clock),
        post("/demo/clock", Clock, demo::advance_clock),
        get("/assets/{hash}/{name}", Machine, assets::show),
        get("/app.webmanifest", Machine, offline::manifest),
        get("/worker.js", Machine, offline::worker),
        get("/healthz", Machine, health::healthz),
        get("/readyz", Machine, health::readyz),
    ]
}

/// The word of a method in the list.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The router.
pub(crate) fn build(web: Web) -> Router {
    let mut router = Router::new();
    for Row { info, limit, body_max, handler } in rows() {
        let rule = Rule { access: info.access, limit, body_max, method: word(&info.method), route: info.path };
        router = router.route(info.path, handler.layer(from_fn_with_state((web.clone(), rule), guard)));
    }
    let (method, route) = ("other", "none");
    let rule = Rule { access: Access::Unknown, limit: None, body_max: 0, method, route };
    let unknown = || async { Fault::NoRoute };
    router.fallback(unknown.layer(from_fn_with_state((web.clone(), rule), guard))).with_state(web)
}
