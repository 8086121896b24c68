//! Every route and every kind of caller: what they get. The table has a row for each route and no other; a new route
//! without a row fails here.

use crate::world::browser::{Browser, Page};
use crate::world::{WATCH_IMSI, World, checkout};
use axum::http::Method;
use everline_app::sign_in::Principal;
use everline_core::ids::RawId;
use everline_core::staff::Role;
use everline_core::time::SECOND_US;
use everline_web::{Access, RouteInfo, routes};
use std::collections::BTreeSet;

/// What each caller gets for the same request about 林芳's watch and order.
struct Row {
    method: Method,
    path: &'static str,
    /// Nobody is signed in, and no secret link is known.
    anonymous: u16,
    /// Nobody is signed in; the links to the number and to the guest's order are known.
    guest: u16,
    /// 林芳.
    owner: u16,
    /// 王强.
    other: u16,
    /// 何静, who has a role at the desk and no lines.
    staff: u16,
}

const fn row(method: Method, path: &'static str, expected: [u16; 5]) -> Row {
    let [anonymous, guest, owner, other, staff] = expected;
    Row { method, path, anonymous, guest, owner, other, staff }
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let get = |path, expected| row(get.clone(), path, expected);
    let post = |path, expected| row(post.clone(), path, expected);
    vec![
        //                                          anonymous guest owner other staff
        get("/",                                        [200, 200, 303, 303, 303]),
        get("/sign-in",                                 [200, 200, 200, 200, 200]),
        post("/sign-in",                                [303, 303, 303, 303, 303]),
        get("/sign-in/code",                            [200, 200, 200, 200, 200]),
        post("/sign-in/code",                           [422, 422, 422, 422, 422]),
        get("/sign-in/password",                        [200, 200, 200, 200, 200]),
        post("/sign-in/password",                       [422, 422, 422, 422, 422]),
        get("/sign-in/forgotten",                       [200, 200, 200, 200, 200]),
        // This site has no TLS, and so no passkeys; `passkeys` walks these again on one that has.
        post("/sign-in/passkey/ask",                    [404, 404, 404, 404, 404]),
        post("/sign-in/passkey",                        [404, 404, 404, 404, 404]),
        // Nobody here proved a first factor.
        get("/sign-in/second",                          [303, 303, 303, 303, 303]),
        post("/sign-in/second/ask",                     [303, 303, 303, 303, 303]),
        post("/sign-in/second",                         [303, 303, 303, 303, 303]),
        get("/recover",                                 [200, 200, 200, 200, 200]),
        post("/recover",                                [303, 303, 303, 303, 303]),
        get("/recover/code",                            [200, 200, 200, 200, 200]),
        post("/recover/code",                           [422, 422, 422, 422, 422]),
        get("/recover/asked",                           [200, 200, 200, 200, 200]),
        // Another link's text is not this one's.
        get("/recover/stop/{link}",                     [404, 404, 404, 404, 404]),
        post("/recover/stop/{link}",                    [404, 404, 404, 404, 404]),
        get("/desk/recovery",                           [303, 303, 403, 403, 200]),
        // 何静 is an agent.
        post("/desk/recovery/{customer}/{request}",     [303, 303, 403, 403, 403]),
        get("/account",                                 [303, 303, 200, 200, 403]),
        post("/account/language",                       [303, 303, 303, 303, 403]),
        // A session of nobody's who asks.
        post("/account/sessions/{session}/end",         [303, 303, 404, 404, 403]),
        post("/account/sessions/end-others",            [303, 303, 303, 303, 403]),
        get("/account/confirm",                         [303, 303, 200, 200, 403]),
        post("/account/confirm",                        [303, 303, 422, 422, 403]),
        post("/account/confirm/code",                   [303, 303, 303, 303, 403]),
        post("/account/confirm/ask",                    [303, 303, 404, 404, 403]),
        get("/account/password",                        [303, 303, 200, 200, 403]),
        post("/account/password",                       [303, 303, 422, 422, 403]),
        get("/account/passkeys",                        [303, 303, 404, 404, 403]),
        post("/account/passkeys",                       [303, 303, 404, 404, 403]),
        post("/account/passkeys/ask",                   [303, 303, 404, 404, 403]),
        post("/account/passkeys/second-factor",         [303, 303, 404, 404, 403]),
        post("/account/passkeys/{passkey}/remove",      [303, 303, 404, 404, 403]),
        // Something stands against closing an account that has a line.
        get("/account/close",                           [303, 303, 200, 200, 403]),
        post("/account/close",                          [303, 303, 422, 422, 403]),
        post("/account/close/withdraw",                 [303, 303, 404, 404, 403]),
        get("/desk/find",                               [303, 303, 403, 403, 200]),
        // Nothing was typed.
        post("/desk/find",                              [303, 303, 403, 403, 422]),
        // The house is a customer too.
        get("/desk/customers/{customer}",               [303, 303, 403, 403, 200]),
        post("/desk/customers/{customer}/reveal",       [303, 303, 403, 403, 403]),
        // The house has no such line.
        post("/desk/customers/{customer}/lines/{line}/command", [303, 303, 403, 403, 404]),
        post("/desk/customers/{customer}/caller",       [303, 303, 403, 403, 404]),
        post("/desk/customers/{customer}/caller/code",  [303, 303, 403, 403, 404]),
        post("/desk/orders/{number}/ask",               [303, 303, 403, 403, 200]),
        // The order waits for no network.
        post("/desk/orders/{number}/provision",         [303, 303, 403, 403, 409]),
        // Nobody gives the house anything, and it has no such line. 何静 is an agent.
        post("/desk/customers/{customer}/credit/goodwill", [303, 303, 403, 403, 404]),
        post("/desk/customers/{customer}/credit/adjust", [303, 303, 403, 403, 403]),
        post("/desk/customers/{customer}/credit/{change}/decide", [303, 303, 403, 403, 403]),
        post("/desk/customers/{customer}/lines/{line}/pay-link", [303, 303, 403, 403, 404]),
        post("/desk/customers/{customer}/lines/{line}/card", [303, 303, 403, 403, 404]),
        post("/desk/customers/{customer}/lines/{line}/offer", [303, 303, 403, 403, 404]),
        post("/desk/customers/{customer}/lines/{line}/offer/withdraw", [303, 303, 403, 403, 404]),
        get("/desk/closings",                           [303, 303, 403, 403, 403]),
        post("/desk/closings/{customer}/{request}/take", [303, 303, 403, 403, 403]),
        post("/desk/closings/{customer}/{request}/sent", [303, 303, 403, 403, 403]),
        post("/desk/closings/{customer}/{request}/not-sent", [303, 303, 403, 403, 403]),
        get("/account/identity",                        [303, 303, 200, 200, 403]),
        post("/account/identity",                       [303, 303, 422, 422, 403]),
        get("/account/identity/correct",                [303, 303, 200, 200, 403]),
        // Operators only: 何静 is an agent.
        get("/desk/identity",                           [303, 303, 403, 403, 403]),
        post("/desk/identity/{customer}/{request}",     [303, 303, 403, 403, 403]),
        get("/account/data",                            [303, 303, 200, 200, 403]),
        post("/account/data",                           [303, 303, 200, 200, 403]),
        get("/account/contact",                         [303, 303, 200, 200, 403]),
        post("/account/contact",                        [303, 303, 422, 422, 403]),
        get("/account/contact/code",                    [303, 303, 200, 200, 403]),
        post("/account/contact/code",                   [303, 303, 422, 422, 403]),
        get("/account/mailbox",                         [303, 303, 200, 200, 403]),
        post("/account/mailbox",                        [303, 303, 422, 422, 403]),
        get("/account/mailbox/code",                    [303, 303, 200, 200, 403]),
        post("/account/mailbox/code",                   [303, 303, 422, 422, 403]),
        // Nobody has one, and there is no such browser.
        post("/account/mailbox/remove",                 [303, 303, 404, 404, 403]),
        get("/account/browsers",                        [303, 303, 200, 200, 403]),
        post("/account/browsers",                       [303, 303, 422, 422, 403]),
        post("/account/browsers/{browser}/remove",      [303, 303, 404, 404, 403]),
        post("/sign-out",                               [303, 303, 303, 303, 303]),
        get("/home",                                    [303, 303, 200, 200, 403]),
        get("/lines/{line}",                            [303, 303, 200, 404, 403]),
        get("/lines/{line}/renew",                      [303, 303, 200, 404, 403]),
        // The form's ticket is the owner's; in other hands it is no form of ours.
        post("/lines/{line}/renew",                     [303, 303, 303, 403, 403]),
        get("/lines/{line}/plans",                      [303, 303, 200, 404, 403]),
        get("/lines/{line}/plans/{offering}",           [303, 303, 200, 404, 403]),
        post("/lines/{line}/plans/{offering}/review",   [303, 303, 303, 404, 403]),
        post("/lines/{line}/plans/{offering}/question", [303, 303, 303, 404, 403]),
        // There is no such question or contribution.
        post("/lines/{line}/plans/{offering}/answer",   [303, 303, 422, 404, 403]),
        post("/lines/{line}/plans/{offering}/report",   [303, 303, 409, 404, 403]),
        post("/lines/{line}/plans/{offering}/withdraw", [303, 303, 404, 404, 403]),
        get("/esim",                                    [200, 200, 200, 200, 200]),
        get("/esim/buy",                                [303, 303, 200, 200, 403]),
        // No profile is in stock; the form's ticket is the owner's.
        post("/esim/buy",                               [303, 303, 409, 403, 403]),
        get("/lines/{line}/devices",                    [303, 303, 200, 404, 403]),
        // A form without a ticket is no form of ours.
        post("/lines/{line}/devices",                   [303, 303, 403, 404, 403]),
        post("/lines/{line}/devices/{iccid}/remove",    [303, 303, 404, 404, 403]),
        get("/lines/{line}/devices/{iccid}/code",       [303, 303, 404, 404, 403]),
        get("/esim/check",                              [200, 200, 200, 200, 200]),
        post("/esim/check",                             [200, 200, 200, 200, 200]),
        // A card serves the watch.
        get("/lines/{line}/esim",                       [303, 303, 404, 404, 403]),
        get("/lines/{line}/esim/code",                  [303, 303, 404, 404, 403]),
        get("/desk/contributions",                      [303, 303, 403, 403, 200]),
        post("/desk/contributions/{contribution}",      [303, 303, 403, 403, 404]),
        post("/desk/contributions/{contribution}/answer", [303, 303, 403, 403, 409]),
        get("/lines/{line}/auto-renew",                 [303, 303, 200, 404, 403]),
        post("/lines/{line}/auto-renew",                [303, 303, 303, 404, 403]),
        post("/lines/{line}/auto-renew/off",            [303, 303, 303, 404, 403]),
        get("/lines/{line}/reminders",                  [303, 303, 200, 404, 403]),
        post("/lines/{line}/reminders",                 [303, 303, 303, 404, 403]),
        post("/lines/{line}/reminders/contacts",        [303, 303, 422, 404, 403]),
        get("/lines/{line}/reminders/contacts/code",    [303, 303, 200, 404, 403]),
        post("/lines/{line}/reminders/contacts/code",   [303, 303, 422, 404, 403]),
        // There is no such contact person: the owner has none, and another's line is none.
        post("/lines/{line}/reminders/contacts/{contact}/remove", [303, 303, 303, 404, 403]),
        get("/claim",                                   [303, 303, 200, 200, 403]),
        post("/claim/number",                           [303, 303, 422, 422, 403]),
        get("/claim/code",                              [303, 303, 200, 200, 403]),
        post("/claim/code",                             [303, 303, 422, 422, 403]),
        post("/claim/card",                             [303, 303, 422, 422, 403]),
        get("/lines/{line}/settings",                   [303, 303, 200, 404, 403]),
        post("/lines/{line}/settings",                  [303, 303, 422, 404, 403]),
        // Lost, and found again.
        get("/lines/{line}/lost",                       [303, 303, 200, 404, 403]),
        post("/lines/{line}/lost",                      [303, 303, 303, 404, 403]),
        get("/lines/{line}/found",                      [303, 303, 200, 404, 403]),
        post("/lines/{line}/found",                     [303, 303, 303, 404, 403]),
        post("/lines/{line}/card",                      [303, 303, 422, 404, 403]),
        get("/lines/{line}/owner",                      [303, 303, 200, 404, 403]),
        post("/lines/{line}/owner",                     [303, 303, 422, 404, 403]),
        post("/lines/{line}/owner/withdraw",            [303, 303, 303, 404, 403]),
        get("/lines/{line}/give-up",                    [303, 303, 200, 404, 403]),
        post("/lines/{line}/give-up",                   [303, 303, 422, 404, 403]),
        // Made to nobody here: whoever has the link finds nothing.
        get("/take-over/{link}",                        [303, 303, 404, 404, 403]),
        post("/take-over/{link}",                       [303, 303, 404, 404, 403]),
        post("/take-over/{link}/decline",               [303, 303, 404, 404, 403]),
        get("/cards",                                   [303, 303, 200, 200, 403]),
        // No card is saved: whoever asks, there is none.
        post("/cards/{method}/remove",                  [303, 303, 404, 404, 403]),
        get("/orders/{order}",                          [303, 303, 200, 404, 403]),
        get("/orders/{order}/events",                   [303, 303, 200, 404, 403]),
        post("/orders/{order}/pay",                     [303, 303, 303, 404, 403]),
        post("/orders/{order}/ask",                     [303, 303, 303, 404, 403]),
        post("/orders/{order}/network",                 [303, 303, 303, 404, 403]),
        get("/orders/{order}/receipt",                  [303, 303, 200, 404, 403]),
        get("/orders/{order}/receipt.pdf",              [303, 303, 200, 404, 403]),
        get("/orders/{order}/invoice",                  [303, 303, 200, 404, 403]),
        post("/orders/{order}/invoice",                 [303, 303, 303, 404, 403]),
        get("/orders/{order}/refund",                   [303, 303, 200, 404, 403]),
        post("/orders/{order}/refund",                  [303, 303, 303, 404, 403]),
        // Says nothing; whose browser it is, it leads back.
        get("/pay/return/{attempt}",                    [200, 200, 303, 200, 200]),
        // Nobody can pay inside WeChat here; `wechat.rs` has the rest.
        get("/pay/wechat",                              [404, 404, 404, 404, 404]),
        get("/usage",                                   [303, 303, 200, 200, 403]),
        get("/usage.csv",                               [303, 303, 200, 200, 403]),
        get("/lines/{line}/usage",                      [303, 303, 200, 404, 403]),
        get("/lines/{line}/usage.csv",                  [303, 303, 200, 404, 403]),
        get("/history",                                 [303, 303, 200, 200, 403]),
        get("/history.csv",                             [303, 303, 200, 200, 403]),
        get("/statement",                               [303, 303, 200, 200, 403]),
        get("/statement.csv",                           [303, 303, 200, 200, 403]),
        get("/help",                                    [200, 200, 200, 200, 200]),
        get("/help/{article}",                          [200, 200, 200, 200, 200]),
        get("/cases",                                   [303, 303, 200, 200, 403]),
        get("/cases/new",                               [303, 303, 200, 200, 403]),
        // Nothing is written in it, which is said.
        post("/cases/new",                              [303, 303, 422, 422, 403]),
        get("/cases/{case}",                            [303, 303, 200, 404, 403]),
        post("/cases/{case}",                           [303, 303, 303, 404, 403]),
        get("/cases/{case}/files/{attachment}",         [303, 303, 200, 404, 403]),
        get("/orders/{order}/case",                     [303, 303, 303, 404, 403]),
        get("/o/{token}/case",                          [404, 200, 404, 404, 404]),
        post("/o/{token}/case",                         [404, 422, 404, 404, 404]),
        // The guest opened no case: there is no file of one.
        get("/o/{token}/case/files/{attachment}",       [404, 404, 404, 404, 404]),
        get("/desk/cases",                              [303, 303, 403, 403, 200]),
        get("/desk/cases/{customer}/{case}",            [303, 303, 403, 403, 200]),
        post("/desk/cases/{customer}/{case}",           [303, 303, 403, 403, 303]),
        get("/desk/cases/{customer}/{case}/files/{attachment}", [303, 303, 403, 403, 200]),
        get("/desk/customers/{customer}/case",          [303, 303, 403, 403, 200]),
        // Nothing was typed.
        post("/desk/customers/{customer}/case",         [303, 303, 403, 403, 422]),
        // 何静 is an agent: those who settle bills open a case about one, and senior agents prepare answers.
        post("/desk/reconciliation/{item}/case",        [303, 303, 403, 403, 403]),
        get("/desk/prepared",                           [303, 303, 403, 403, 403]),
        get("/desk/prepared/new",                       [303, 303, 403, 403, 403]),
        get("/desk/prepared/{answer}",                  [303, 303, 403, 403, 403]),
        post("/desk/prepared/{answer}",                 [303, 303, 403, 403, 403]),
        get("/voucher",                                 [303, 303, 200, 200, 403]),
        post("/voucher",                                [303, 303, 422, 422, 403]),
        // What stands on the receipt is the right to check it.
        get("/v/{proof}",                               [404, 200, 404, 404, 404]),
        get("/terms",                                   [404, 404, 404, 404, 404]),
        get("/offline",                                 [200, 200, 200, 200, 200]),
        get("/desk/sign-in",                            [200, 200, 200, 200, 200]),
        post("/desk/sign-in",                           [422, 422, 422, 422, 422]),
        // The link is the right; without it there is nothing.
        get("/desk/set-up/{link}",                      [404, 404, 404, 404, 404]),
        post("/desk/set-up/{link}",                     [404, 404, 404, 404, 404]),
        get("/desk",                                    [303, 303, 403, 403, 200]),
        // Nobody here proved a password of the staff's.
        get("/desk/sign-in/second",                     [303, 303, 303, 303, 303]),
        post("/desk/sign-in/second",                    [303, 303, 303, 303, 303]),
        // This site has no TLS, and so no passkeys; `passkeys` walks these on one that has.
        post("/desk/sign-in/second/ask",                [404, 404, 404, 404, 404]),
        post("/desk/sign-in/second/passkey",            [404, 404, 404, 404, 404]),
        get("/desk/sign-in/set-up",                     [303, 303, 303, 303, 303]),
        post("/desk/sign-in/set-up",                    [303, 303, 303, 303, 303]),
        get("/desk/me",                                 [303, 303, 403, 403, 200]),
        post("/desk/me/generator/new",                  [303, 303, 403, 403, 303]),
        // None is being set.
        get("/desk/me/generator",                       [303, 303, 403, 403, 303]),
        post("/desk/me/generator",                      [303, 303, 403, 403, 303]),
        post("/desk/me/passkeys",                       [303, 303, 403, 403, 404]),
        post("/desk/me/passkeys/ask",                   [303, 303, 403, 403, 404]),
        post("/desk/me/passkeys/{passkey}/remove",      [303, 303, 403, 403, 404]),
        post("/desk/me/codes",                          [303, 303, 403, 403, 200]),
        post("/desk/me/sessions/{session}/end",         [303, 303, 403, 403, 404]),
        post("/desk/me/sessions/end-others",            [303, 303, 403, 403, 303]),
        // 何静 is an agent; `DESK` below has every role.
        get("/desk/staff",                              [303, 303, 403, 403, 403]),
        post("/desk/staff",                             [303, 303, 403, 403, 403]),
        post("/desk/staff/change",                      [303, 303, 403, 403, 403]),
        get("/desk/catalog",                            [303, 303, 403, 403, 403]),
        get("/desk/catalog/new",                        [303, 303, 403, 403, 403]),
        post("/desk/catalog/new",                       [303, 303, 403, 403, 403]),
        get("/desk/catalog/{offering}",                 [303, 303, 403, 403, 403]),
        post("/desk/catalog/{offering}",                [303, 303, 403, 403, 403]),
        post("/desk/catalog/{offering}/cost",           [303, 303, 403, 403, 403]),
        get("/desk/catalog/{offering}/next",            [303, 303, 403, 403, 403]),
        post("/desk/catalog/{offering}/next",           [303, 303, 403, 403, 403]),
        get("/desk/catalog/{offering}/edit",            [303, 303, 403, 403, 403]),
        post("/desk/catalog/{offering}/edit",           [303, 303, 403, 403, 403]),
        get("/desk/catalog/{offering}/try",             [303, 303, 403, 403, 403]),
        get("/desk/figures",                            [303, 303, 403, 403, 403]),
        get("/desk/figures.csv",                        [303, 303, 403, 403, 403]),
        get("/desk/operations",                         [303, 303, 403, 403, 403]),
        post("/desk/operations/jobs/{job}",             [303, 303, 403, 403, 403]),
        post("/desk/operations/jobs",                   [303, 303, 403, 403, 403]),
        post("/desk/operations/test",                   [303, 303, 403, 403, 403]),
        get("/desk/operations/messages",                [303, 303, 403, 403, 403]),
        post("/desk/operations/messages",               [303, 303, 403, 403, 403]),
        get("/desk/audit",                              [303, 303, 403, 403, 403]),
        get("/desk/audit.jsonl",                        [303, 303, 403, 403, 403]),
        get("/desk/audit.csv",                          [303, 303, 403, 403, 403]),
        // 何静 is an agent: money and stock are others'.
        get("/desk/money",                              [303, 303, 403, 403, 403]),
        get("/desk/money/days/{day}",                   [303, 303, 403, 403, 403]),
        get("/desk/money/days/{day}/close.csv",         [303, 303, 403, 403, 403]),
        get("/desk/money/days/{day}/transfers",         [303, 303, 403, 403, 403]),
        get("/desk/money/suspense",                     [303, 303, 403, 403, 403]),
        get("/desk/stock",                              [303, 303, 403, 403, 403]),
        post("/desk/stock/count",                       [303, 303, 403, 403, 403]),
        post("/desk/stock/threshold",                   [303, 303, 403, 403, 403]),
        post("/desk/stock/float",                       [303, 303, 403, 403, 403]),
        get("/desk/stock/batch",                        [303, 303, 403, 403, 403]),
        get("/desk/stock/holds",                        [303, 303, 403, 403, 403]),
        post("/desk/stock/holds",                       [303, 303, 403, 403, 403]),
        post("/desk/stock/holds/{hold}/end",            [303, 303, 403, 403, 403]),
        get("/desk/stock/numbers",                      [303, 303, 403, 403, 403]),
        get("/desk/stock/vouchers",                     [303, 303, 403, 403, 403]),
        post("/desk/stock/vouchers/stop",               [303, 303, 403, 403, 403]),
        get("/desk/orders/{number}",                    [303, 303, 403, 403, 200]),
        get("/desk/orders/{number}/evidence.json",      [303, 303, 403, 403, 200]),
        get("/desk/orders/{number}/evidence.txt",       [303, 303, 403, 403, 200]),
        post("/desk/orders/{number}/invoice",           [303, 303, 403, 403, 303]),
        get("/desk/reconciliation",                     [303, 303, 403, 403, 200]),
        get("/desk/reconciliation/{item}",              [303, 303, 403, 403, 200]),
        // 何静 is an agent: she reads, and operators act.
        post("/desk/reconciliation/{item}",             [303, 303, 403, 403, 403]),
        // The order's money went back above, which staff are told.
        post("/desk/orders/{number}/refund",            [303, 303, 403, 403, 422]),
        post("/desk/orders/{number}/refund/{request}",  [303, 303, 403, 403, 404]),
        post("/desk/orders/{number}/refund/{request}/other-way", [303, 303, 403, 403, 403]),
        post("/demo/enter/{key}",                       [303, 303, 303, 303, 303]),
        get("/{file}",                                  [404, 404, 404, 404, 404]),
        get("/renew",                                   [200, 200, 200, 200, 200]),
        post("/renew",                                  [303, 303, 303, 303, 303]),
        // Links are the right: who does not know one finds nothing, whoever it is.
        get("/renew/{link}",                            [404, 200, 404, 404, 404]),
        post("/renew/{link}",                           [404, 303, 404, 404, 404]),
        // A message's link is the right; another's text is none. `reminders.rs` follows one.
        get("/r/{link}",                                [404, 404, 404, 404, 404]),
        get("/p/{link}",                                [404, 404, 404, 404, 404]),
        get("/d/{session}",                             [303, 303, 303, 303, 303]),
        get("/o/{token}",                               [404, 200, 404, 404, 404]),
        get("/o/{token}/events",                        [404, 200, 404, 404, 404]),
        post("/o/{token}/pay",                          [404, 303, 404, 404, 404]),
        post("/o/{token}/ask",                          [404, 303, 404, 404, 404]),
        post("/o/{token}/network",                      [404, 303, 404, 404, 404]),
        get("/o/{token}/receipt",                       [404, 200, 404, 404, 404]),
        get("/o/{token}/receipt.pdf",                   [404, 200, 404, 404, 404]),
        get("/o/{token}/invoice",                       [404, 200, 404, 404, 404]),
        post("/o/{token}/invoice",                      [404, 303, 404, 404, 404]),
        get("/o/{token}/refund",                        [404, 200, 404, 404, 404]),
        post("/o/{token}/refund",                       [404, 303, 404, 404, 404]),
        post("/api/v1/sign-in/code",                    [202, 202, 202, 202, 202]),
        post("/api/v1/sign-in/password",                [422, 422, 422, 422, 422]),
        post("/api/v1/sign-in",                         [422, 422, 422, 422, 422]),
        get("/api/v1/home",                             [401, 401, 200, 200, 403]),
        get("/api/v1/lines",                            [401, 401, 200, 200, 403]),
        get("/api/v1/lines/{line}",                     [401, 401, 200, 404, 403]),
        get("/api/v1/lines/{line}/offerings",           [401, 401, 200, 404, 403]),
        get("/api/v1/lines/{line}/what-if",             [401, 401, 200, 404, 403]),
        post("/api/v1/lines/{line}/quotes",             [401, 401, 200, 404, 403]),
        post("/api/v1/lines/{line}/orders",             [401, 401, 201, 404, 403]),
        get("/api/v1/lines/{line}/auto-renew",          [401, 401, 200, 404, 403]),
        post("/api/v1/lines/{line}/auto-renew",         [401, 401, 200, 404, 403]),
        row(delete.clone(), "/api/v1/lines/{line}/auto-renew", [401, 401, 204, 404, 403]),
        get("/api/v1/payment-methods",                  [401, 401, 200, 200, 403]),
        row(delete.clone(), "/api/v1/payment-methods/{method}", [401, 401, 404, 404, 403]),
        get("/api/v1/orders/{order}",                   [401, 401, 200, 404, 403]),
        // The order is paid, which its owner is told.
        post("/api/v1/orders/{order}/payments",         [401, 401, 409, 404, 403]),
        post("/api/v1/orders/{order}/vouchers",         [401, 401, 422, 404, 403]),
        post("/api/v1/vouchers",                        [401, 401, 422, 422, 403]),
        post("/api/v1/orders/{order}/ask",              [401, 401, 200, 404, 403]),
        get("/api/v1/orders/{order}/receipt",           [401, 401, 200, 404, 403]),
        get("/api/v1/orders/{order}/receipt.pdf",       [401, 401, 200, 404, 403]),
        get("/api/v1/orders/{order}/invoice",           [401, 401, 200, 404, 403]),
        // The invoice was made above, which its owner is told.
        post("/api/v1/orders/{order}/invoice",          [401, 401, 409, 404, 403]),
        get("/api/v1/orders/{order}/refund",            [401, 401, 200, 404, 403]),
        // The money went back above, which its owner is told.
        post("/api/v1/orders/{order}/refund",           [401, 401, 409, 404, 403]),
        get("/api/v1/esim/offerings",                   [401, 401, 200, 200, 403]),
        // Nothing is in stock here.
        post("/api/v1/esim/orders",                     [401, 401, 409, 409, 403]),
        // A card serves this line.
        get("/api/v1/lines/{line}/esim",                [401, 401, 404, 404, 403]),
        post("/api/v1/lines/{line}/esim/code",          [401, 401, 404, 404, 403]),
        get("/api/v1/lines/{line}/devices",             [401, 401, 200, 404, 403]),
        post("/api/v1/lines/{line}/devices",            [401, 401, 422, 404, 403]),
        row(delete.clone(), "/api/v1/lines/{line}/devices/{iccid}", [401, 401, 404, 404, 403]),
        post("/api/v1/lines/{line}/devices/{iccid}/code", [401, 401, 404, 404, 403]),
        get("/api/v1/receipts/{proof}",                 [404, 200, 404, 404, 404]),
        get("/api/openapi.json",                        [200, 200, 200, 200, 200]),
        get("/api",                                     [200, 200, 200, 200, 200]),
        // Signed by the provider or refused, whoever sends it.
        post("/notify/{provider}",                      [400, 400, 400, 400, 400]),
        post("/notify/messages/{channel}/{secret}",     [404, 404, 404, 404, 404]),
        post("/device/sessions",                        [401, 401, 401, 401, 401]),
        post("/device/sessions/{session}/usage",        [401, 401, 401, 401, 401]),
        row(delete, "/device/sessions/{session}",       [401, 401, 401, 401, 401]),
        get("/demo/clock",                              [401, 401, 401, 401, 401]),
        post("/demo/clock",                             [401, 401, 401, 401, 401]),
        get("/assets/{hash}/{name}",                    [200, 200, 200, 200, 200]),
        get("/app.webmanifest",                         [200, 200, 200, 200, 200]),
        get("/worker.js",                               [200, 200, 200, 200, 200]),
        get("/healthz",                                 [200, 200, 200, 200, 200]),
        get("/readyz",                                  [200, 200, 200, 200, 200]),
    ]
}

#[test]
fn every_route_has_its_row_and_every_row_its_route() {
    let listed: Vec<(Method, &str)> = routes().iter().map(|route| (route.method.clone(), route.path)).collect();
    let rows: Vec<(Method, &str)> = table().iter().map(|row| (row.method.clone(), row.path)).collect();
    let text =
        |all: &[(Method, &str)]| all.iter().map(|(method, path)| format!("{method} {path}")).collect::<BTreeSet<_>>();
    let (routes, table) = (text(&listed), text(&rows));
    assert_eq!(routes.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "routes without a row");
    assert_eq!(table.difference(&routes).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without a route");
    assert_eq!((listed.len(), rows.len()), (routes.len(), table.len()), "nothing is there twice");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anonymous,
    Guest,
    Owner,
    Other,
    Staff,
    /// A member of some role.
    Member(RawId),
}

/// What each role gets at the desk for the same requests: agent, senior agent, finance, catalog, operator, auditor. There is a
/// row for each route of the staff's and no other. What is refused is 403; the rest says that there is no such thing, that
/// what was sent cannot be used, or is carried out.
#[rustfmt::skip]
const DESK: &[(&str, &str, [u16; 6])] = &[
    //                                                                agent senior finance catalog operator auditor
    ("GET", "/desk",                                                 [200, 200, 200, 200, 200, 200]),
    ("GET", "/desk/orders/{number}",                                 [200, 200, 200, 403, 200, 200]),
    ("GET", "/desk/orders/{number}/evidence.json",                   [200, 200, 200, 403, 200, 403]),
    ("GET", "/desk/orders/{number}/evidence.txt",                    [200, 200, 200, 403, 200, 403]),
    ("POST", "/desk/orders/{number}/invoice",                        [404, 404, 404, 403, 404, 403]),
    ("GET", "/desk/reconciliation",                                  [200, 200, 200, 403, 200, 200]),
    ("GET", "/desk/reconciliation/{item}",                           [200, 200, 200, 403, 200, 200]),
    ("POST", "/desk/reconciliation/{item}",                          [403, 403, 303, 403, 409, 403]),
    ("POST", "/desk/orders/{number}/refund",                         [303, 422, 422, 403, 422, 403]),
    ("POST", "/desk/orders/{number}/refund/{request}",               [404, 404, 404, 403, 404, 403]),
    ("POST", "/desk/orders/{number}/refund/{request}/other-way",     [403, 403, 404, 403, 404, 403]),
    ("GET", "/desk/me",                                              [200, 200, 200, 200, 200, 200]),
    ("POST", "/desk/me/generator/new",                               [303, 303, 303, 303, 303, 303]),
    ("GET", "/desk/me/generator",                                    [303, 303, 303, 303, 303, 303]),
    ("POST", "/desk/me/generator",                                   [303, 303, 303, 303, 303, 303]),
    ("POST", "/desk/me/passkeys",                                    [404, 404, 404, 404, 404, 404]),
    ("POST", "/desk/me/passkeys/ask",                                [404, 404, 404, 404, 404, 404]),
    ("POST", "/desk/me/passkeys/{passkey}/remove",                   [404, 404, 404, 404, 404, 404]),
    ("POST", "/desk/me/codes",                                       [200, 200, 200, 200, 200, 200]),
    ("POST", "/desk/me/sessions/{session}/end",                      [404, 404, 404, 404, 404, 404]),
    ("POST", "/desk/me/sessions/end-others",                         [303, 303, 303, 303, 303, 303]),
    ("GET", "/desk/staff",                                           [403, 403, 403, 403, 200, 403]),
    ("POST", "/desk/staff",                                          [403, 403, 403, 403, 422, 403]),
    ("POST", "/desk/staff/change",                                   [403, 403, 403, 403, 404, 403]),
    ("GET", "/desk/figures",                                         [403, 200, 200, 200, 200, 200]),
    ("GET", "/desk/figures.csv",                                     [403, 200, 200, 200, 200, 200]),
    ("GET", "/desk/operations",                                      [403, 403, 403, 403, 200, 200]),
    // The job is gone.
    ("POST", "/desk/operations/jobs/{job}",                          [403, 403, 403, 403, 409, 403]),
    ("POST", "/desk/operations/jobs",                                [403, 403, 403, 403, 404, 403]),
    ("POST", "/desk/operations/test",                                [403, 403, 403, 403, 404, 403]),
    ("GET", "/desk/operations/messages",                             [403, 403, 403, 403, 200, 200]),
    ("POST", "/desk/operations/messages",                            [403, 403, 403, 403, 404, 403]),
    ("GET", "/desk/audit",                                           [403, 403, 403, 403, 200, 200]),
    ("GET", "/desk/audit.jsonl",                                     [403, 403, 403, 403, 200, 200]),
    ("GET", "/desk/audit.csv",                                       [403, 403, 403, 403, 200, 200]),
    ("GET", "/desk/catalog",                                         [403, 403, 200, 200, 200, 200]),
    ("GET", "/desk/catalog/new",                                     [403, 403, 403, 200, 200, 403]),
    // Nothing was typed, and nothing was chosen.
    ("POST", "/desk/catalog/new",                                    [403, 403, 403, 422, 422, 403]),
    ("GET", "/desk/catalog/{offering}",                              [403, 403, 200, 200, 200, 200]),
    ("POST", "/desk/catalog/{offering}",                             [403, 403, 403, 422, 422, 403]),
    ("POST", "/desk/catalog/{offering}/cost",                        [403, 403, 403, 409, 409, 403]),
    ("GET", "/desk/catalog/{offering}/next",                         [403, 403, 403, 200, 200, 403]),
    ("POST", "/desk/catalog/{offering}/next",                        [403, 403, 403, 422, 422, 403]),
    // It is on sale: its content never changes.
    ("GET", "/desk/catalog/{offering}/edit",                         [403, 403, 403, 409, 409, 403]),
    ("POST", "/desk/catalog/{offering}/edit",                        [403, 403, 403, 422, 422, 403]),
    ("GET", "/desk/catalog/{offering}/try",                          [403, 403, 200, 200, 200, 200]),
    ("GET", "/desk/contributions",                                   [200, 200, 403, 200, 200, 403]),
    ("POST", "/desk/contributions/{contribution}",                   [404, 404, 403, 404, 404, 403]),
    ("POST", "/desk/contributions/{contribution}/answer",            [409, 409, 403, 409, 409, 403]),
    ("GET", "/desk/recovery",                                        [200, 200, 403, 403, 200, 403]),
    ("POST", "/desk/recovery/{customer}/{request}",                  [403, 403, 403, 403, 404, 403]),
    ("GET", "/desk/find",                                            [200, 200, 200, 403, 200, 200]),
    ("POST", "/desk/find",                                           [422, 422, 422, 403, 422, 422]),
    ("GET", "/desk/customers/{customer}",                            [200, 200, 200, 403, 200, 200]),
    ("POST", "/desk/customers/{customer}/reveal",                    [403, 422, 403, 403, 422, 403]),
    // Nothing was chosen.
    ("POST", "/desk/customers/{customer}/lines/{line}/command",      [404, 404, 403, 403, 404, 403]),
    // The house has no number to which a code could go.
    ("POST", "/desk/customers/{customer}/caller",                    [404, 404, 403, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/caller/code",               [404, 404, 403, 403, 404, 403]),
    ("POST", "/desk/orders/{number}/ask",                            [200, 200, 200, 403, 200, 403]),
    ("POST", "/desk/orders/{number}/provision",                      [409, 409, 403, 403, 409, 403]),
    ("POST", "/desk/customers/{customer}/credit/goodwill",           [404, 404, 404, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/credit/adjust",             [403, 403, 404, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/credit/{change}/decide",    [403, 403, 404, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/lines/{line}/pay-link",     [404, 404, 403, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/lines/{line}/card",         [404, 404, 403, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/lines/{line}/offer",        [404, 404, 403, 403, 404, 403]),
    ("POST", "/desk/customers/{customer}/lines/{line}/offer/withdraw", [404, 404, 403, 403, 404, 403]),
    ("GET", "/desk/closings",                                        [403, 403, 200, 403, 200, 403]),
    ("POST", "/desk/closings/{customer}/{request}/take",             [403, 403, 404, 403, 404, 403]),
    ("POST", "/desk/closings/{customer}/{request}/sent",             [403, 403, 422, 403, 422, 403]),
    ("POST", "/desk/closings/{customer}/{request}/not-sent",         [403, 403, 404, 403, 404, 403]),
    ("GET", "/desk/money",                                           [403, 403, 200, 403, 200, 200]),
    ("GET", "/desk/money/days/{day}",                                [403, 403, 200, 403, 200, 200]),
    ("GET", "/desk/money/days/{day}/close.csv",                      [403, 403, 200, 403, 200, 200]),
    ("GET", "/desk/money/days/{day}/transfers",                      [403, 403, 200, 403, 200, 200]),
    ("GET", "/desk/money/suspense",                                  [403, 403, 200, 403, 200, 200]),
    ("GET", "/desk/stock",                                           [403, 403, 200, 200, 200, 200]),
    ("POST", "/desk/stock/count",                                    [403, 403, 403, 303, 303, 403]),
    ("POST", "/desk/stock/threshold",                                [403, 403, 403, 422, 422, 403]),
    // The row before asked what is held.
    ("POST", "/desk/stock/float",                                    [403, 403, 403, 422, 422, 403]),
    ("GET", "/desk/stock/batch",                                     [403, 403, 404, 404, 404, 404]),
    ("GET", "/desk/stock/holds",                                     [403, 403, 200, 200, 200, 200]),
    ("POST", "/desk/stock/holds",                                    [403, 403, 403, 422, 422, 403]),
    ("POST", "/desk/stock/holds/{hold}/end",                         [403, 403, 403, 404, 404, 403]),
    ("GET", "/desk/stock/numbers",                                   [403, 403, 200, 200, 200, 200]),
    ("GET", "/desk/stock/vouchers",                                  [403, 403, 200, 200, 200, 200]),
    ("POST", "/desk/stock/vouchers/stop",                            [403, 403, 404, 403, 404, 403]),
    ("GET", "/desk/identity",                                        [403, 403, 403, 403, 200, 403]),
    ("POST", "/desk/identity/{customer}/{request}",                  [403, 403, 403, 403, 404, 403]),
    ("GET", "/desk/cases",                                           [200, 200, 200, 403, 200, 200]),
    ("GET", "/desk/cases/{customer}/{case}",                         [200, 200, 200, 403, 200, 200]),
    ("POST", "/desk/cases/{customer}/{case}",                        [409, 409, 403, 403, 409, 403]),
    ("GET", "/desk/cases/{customer}/{case}/files/{attachment}",      [200, 200, 200, 403, 200, 200]),
    ("GET", "/desk/customers/{customer}/case",                       [200, 200, 403, 403, 200, 403]),
    ("POST", "/desk/customers/{customer}/case",                      [422, 422, 403, 403, 422, 403]),
    // One opens it; where one is open there is no second.
    ("POST", "/desk/reconciliation/{item}/case",                     [403, 403, 303, 403, 409, 403]),
    ("GET", "/desk/prepared",                                        [403, 200, 403, 403, 200, 403]),
    ("GET", "/desk/prepared/new",                                    [403, 200, 403, 403, 200, 403]),
    ("GET", "/desk/prepared/{answer}",                               [403, 404, 403, 403, 404, 403]),
    // Nothing was written.
    ("POST", "/desk/prepared/{answer}",                              [403, 422, 403, 403, 422, 403]),
];

#[test]
fn every_route_of_the_desk_has_its_roles() {
    let of_staff = |route: &&RouteInfo| route.access == Access::StaffPage;
    let all = routes();
    let listed: BTreeSet<String> =
        all.iter().filter(of_staff).map(|route| format!("{} {}", route.method, route.path)).collect();
    let rows: BTreeSet<String> = DESK.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(listed, rows);
}

#[tokio::test]
async fn every_role_gets_what_the_table_says() {
    let things = Things::new().await;
    let mut members = Vec::new();
    for role in Role::ALL {
        members.push((role, things.world.member(role).await));
    }
    let mut wrong = Vec::new();
    for (method, path, expected) in DESK {
        let route = routes().into_iter().find(|route| route.method.as_str() == *method && route.path == *path).unwrap();
        let mut got = Vec::new();
        for (_, member) in &members {
            got.push(ask(&things, &route, Who::Member(*member)).await);
        }
        if got != expected {
            wrong.push(format!("{method} {path}: {got:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the variables of paths stand for.
struct Things {
    world: World,
    order: String,
    number: String,
    /// Our number of the attempt that paid it.
    attempt: String,
    /// A guest's paid order.
    token: String,
    session: String,
    asset: String,
    link: String,
    ticket: String,
    esim_ticket: String,
    guest_ticket: String,
    question_ticket: String,
    /// What stands on the owner's receipt.
    proof: String,
    /// What waits for people after a bill was read.
    item: String,
    /// The owner's case, and a file in it.
    case: String,
    attachment: String,
}

impl Things {
    async fn new() -> Self {
        let world = World::new().await;
        let session = world.attach(WATCH_IMSI).await.session.to_string();
        let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
        world.pays(&attempt).await;
        let paid_by = attempt.out_trade_no;
        let token = "c0ffee".repeat(11);
        let line = (world.people.linfang, world.people.watch);
        let (_, attempt) = checkout(&world.app, line, "watch-month", Some(token.clone())).await;
        world.pays(&attempt).await;
        let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
        let ticket = owner.get(&format!("/lines/{}/renew", world.people.watch)).await.field("ticket");
        let esim_ticket = owner.get("/esim/buy?offering=thailand@1").await.field("ticket");
        // The last form of the page.
        let plan = owner.get(&format!("/lines/{}/plans/watch-month@1", world.people.watch)).await.text;
        let question_ticket = plan.rsplit("name=\"ticket\" value=\"").next().unwrap();
        let question_ticket = question_ticket.split('"').next().unwrap().to_owned();
        let mut guest = Browser::new(&world.router);
        let page = guest.get("/renew").await;
        let asset = page.text.split("href=\"/assets/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let found = guest.submit(&page, "/renew", &[("number", crate::world::WATCH_NUMBER)]).await;
        let link = found.location().strip_prefix("/renew/").unwrap().to_owned();
        let guest_ticket = guest.get(found.location()).await.field("ticket");
        let (order, number) = (order.id.to_string(), order.number);
        let receipt = owner.get(&format!("/orders/{order}/receipt")).await.text;
        let proof = receipt.split("http://portal.test/v/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let item = crate::reconciliation::stranger(&world).await.to_string();
        let page = owner.get("/cases/new").await;
        let case = page.field("id");
        let fields = [("id", case.as_str()), ("subject", "问题"), ("text", "见附件")];
        crate::cases::send(&mut owner, &page, "/cases/new", &fields, &[("a.txt", b"a")]).await;
        let page = owner.get(&format!("/cases/{case}")).await.text;
        let attachment = page.split("/files/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Self {
            world,
            order,
            number,
            attempt: paid_by,
            token,
            session,
            asset,
            link,
            ticket,
            esim_ticket,
            guest_ticket,
            question_ticket,
            proof,
            item,
            case,
            attachment,
        }
    }

    fn path(&self, template: &str, who: Who) -> String {
        let (asset, name) = self.asset.split_once('/').unwrap();
        let known = who == Who::Guest;
        let secret = |text: &str| if known { text.to_owned() } else { "0".repeat(text.len()) };
        template
            .replace("/what-if", "/what-if?until=2026-12-31")
            .replace("{line}", &self.world.people.watch.to_string())
            .replace("{order}", &self.order)
            .replace("{number}", &self.number)
            .replace("{attempt}", &self.attempt)
            .replace("{request}", &"0".repeat(32))
            .replace("{token}", &secret(&self.token))
            .replace("{link}", &secret(&self.link))
            .replace("{proof}", &secret(&self.proof))
            .replace("{session}", &self.session)
            .replace("{item}", &self.item)
            .replace("{job}", &"0".repeat(32))
            .replace("/esim/buy", "/esim/buy?offering=thailand@1")
            .replace("{day}/transfers", "{day}/transfers?posting=PAID")
            .replace("{day}", "open")
            .replace("/desk/stock/batch", "/desk/stock/batch?kind=sims&name=none")
            .replace("{hold}", &"0".repeat(32))
            .replace("{iccid}", "89860499000000000001")
            .replace("{method}", &"0".repeat(32))
            .replace("{passkey}", &"0".repeat(32))
            .replace("{browser}", &"0".repeat(32))
            .replace("{contact}", &"0".repeat(32))
            .replace("{customer}/{case}", &format!("{}/{}", self.world.people.linfang, self.case))
            .replace("{case}", &self.case)
            .replace("{attachment}", &self.attachment)
            .replace("{article}", "renew")
            .replace("{customer}", &"0".repeat(32))
            .replace("{offering}", "watch-month@1")
            .replace("{change}", &"0".repeat(32))
            .replace("{contribution}", &"0".repeat(32))
            .replace("{answer}", &"0".repeat(32))
            .replace("{key}", "linfang")
            .replace("{file}", "MP_verify_none.txt")
            .replace("{provider}", "alipay")
            .replace("{channel}", "sms")
            .replace("{secret}", "forged")
            .replace("{hash}", asset)
            .replace("{name}", name)
    }

    fn fields(&self, template: &str) -> Vec<(&'static str, String)> {
        let text = str::to_owned;
        match template {
            "/sign-in" => vec![("phone", text("13900139000"))],
            "/sign-in/code" => vec![("request", "0".repeat(32)), ("code", text("123456"))],
            "/sign-in/password" => vec![("phone", text("13800138001")), ("password", text("not their password"))],
            "/recover" => vec![
                ("of", text("13800138001")),
                ("contact", format!("1301111000{}", self.world.outside.messages.lock().unwrap().len() % 10)),
                ("reason", text("lost")),
            ],
            "/recover/code" => vec![("request", "0".repeat(32)), ("code", text("123456"))],
            "/desk/recovery/{customer}/{request}" => vec![("verdict", text("refuse")), ("note", text("x"))],
            "/account/language" => vec![("language", text("en"))],
            "/account/confirm" => vec![("password", text("not their password"))],
            "/account/password" => vec![("password", text("password123"))],
            "/account/contact" => vec![("phone", text("12"))],
            "/account/mailbox" => vec![("email", text("12"))],
            "/account/mailbox/code" => vec![("request", "0".repeat(32)), ("code", text("123456"))],
            "/account/browsers" => vec![("endpoint", text("https://127.0.0.1/"))],
            "/account/contact/code" => vec![("request", "0".repeat(32)), ("code", text("123456"))],
            "/renew" => vec![("number", text(crate::world::WATCH_NUMBER))],
            "/lines/{line}/renew" => {
                vec![("ticket", self.ticket.clone()), ("offering", text("watch-month@1")), ("terms", text("2026-10"))]
            }
            "/renew/{link}" => vec![
                ("ticket", self.guest_ticket.clone()),
                ("offering", text("watch-month@1")),
                ("terms", text("2026-10")),
            ],
            "/lines/{line}/plans/{offering}/review" => vec![("stars", text("4")), ("text", text("好"))],
            "/lines/{line}/plans/{offering}/question" => {
                vec![("ticket", self.question_ticket.clone()), ("text", text("好吗？"))]
            }
            "/lines/{line}/plans/{offering}/answer"
            | "/lines/{line}/plans/{offering}/report"
            | "/lines/{line}/plans/{offering}/withdraw" => {
                vec![("contribution", "0".repeat(32)), ("text", text("好"))]
            }
            "/desk/closings/{customer}/{request}/take" => vec![("amount", text("0"))],
            "/desk/identity/{customer}/{request}" => {
                vec![("said_at", text("0")), ("verdict", text("accept")), ("note", text("x"))]
            }
            "/desk/stock/threshold" => vec![("kind", text("card")), ("least", text("0"))],
            "/desk/stock/float" => vec![("least", text("x"))],
            "/desk/stock/holds" => {
                vec![("id", "0".repeat(32)), ("kind", text("sim")), ("name", text("1")), ("reason", text("x"))]
            }
            "/desk/stock/vouchers/stop" => vec![("batch", text("none")), ("reason", text("x"))],
            "/desk/staff" => vec![("login", "x".to_owned()), ("name", text("何静")), ("role", text("agent"))],
            "/desk/staff/change" => {
                vec![
                    ("login", text("nobody")),
                    ("do", text("reset")),
                    ("seen", text("agent.active")),
                    ("reason", text("x")),
                ]
            }
            "/desk/contributions/{contribution}" => vec![("step", text("publish")), ("version", text("0"))],
            "/desk/contributions/{contribution}/answer" => vec![("text", text("好"))],
            "/desk/customers/{customer}/lines/{line}/command" => {
                vec![("do", text("bar")), ("reason", text("x")), ("state", text("active")), ("since", text("0"))]
            }
            "/desk/customers/{customer}/credit/goodwill" | "/desk/customers/{customer}/credit/adjust" => vec![
                ("id", "1".repeat(32)),
                ("kind", text("raised")),
                ("amount", text("1")),
                ("reason", text("x")),
                ("seen", text("0.0")),
            ],
            "/desk/customers/{customer}/credit/{change}/decide" => vec![("verdict", text("approve"))],
            "/desk/customers/{customer}/lines/{line}/pay-link"
            | "/desk/customers/{customer}/lines/{line}/card"
            | "/desk/customers/{customer}/lines/{line}/offer"
            | "/desk/customers/{customer}/lines/{line}/offer/withdraw" => vec![
                ("id", "1".repeat(32)),
                ("line", self.world.people.watch.to_string()),
                ("offering", text("watch-month@1")),
                ("iccid", text("1")),
                ("contact", text("")),
                ("offer", "1".repeat(32)),
                ("reason", text("x")),
            ],
            "/desk/customers/{customer}/caller/code" => vec![("request", "0".repeat(32)), ("code", text("123456"))],
            "/esim/buy" => vec![
                ("ticket", self.esim_ticket.clone()),
                ("offering", text("thailand@1")),
                ("terms", text("2026-10")),
                ("risk", text("yes")),
            ],
            "/lines/{line}/devices" => vec![("risk", text("yes"))],
            "/esim/check" => vec![("model", text("Pixel 3")), ("sold", text("cn"))],
            "/voucher" => vec![("voucher", text("0000-0000-0000-0000-0001"))],
            "/lines/{line}/auto-renew" => vec![
                ("offering", text("watch-month@1")),
                ("method1", text("credit")),
                ("month_cap", text("100")),
                ("lead_days", text("3")),
                ("terms", text("2026-10")),
            ],
            "/orders/{order}/pay" | "/o/{token}/pay" => vec![("method", text("alipay_qr"))],
            "/orders/{order}/invoice" | "/o/{token}/invoice" => {
                vec![("buyer", text("person")), ("title", text("林芳")), ("email", text("a@example.cn"))]
            }
            "/desk/reconciliation/{item}/case" => vec![("text", text("whose is it?"))],
            "/desk/reconciliation/{item}" => vec![("action", text("accept")), ("reason", text("another shop’s"))],
            "/cases/{case}" => vec![("do", text("write")), ("entry", "1".repeat(32)), ("text", text("还有一句"))],
            "/desk/cases/{customer}/{case}" => {
                vec![("do", text("note")), ("entry", "2".repeat(32)), ("text", text("x")), ("version", text("1"))]
            }
            "/orders/{order}/refund" | "/o/{token}/refund" => vec![("ask", text("rule"))],
            "/desk/orders/{number}/refund" => vec![("id", "1".repeat(32)), ("reason", text("x"))],
            "/desk/orders/{number}/refund/{request}" => vec![("verdict", text("decline"))],
            "/desk/orders/{number}/refund/{request}/other-way" => vec![("way", text("credit"))],
            "/desk/orders/{number}/invoice" => vec![("settle", text("issue")), ("number", text("1"))],
            _ => Vec::new(),
        }
    }
}

fn json_of(template: &str) -> &'static str {
    match template {
        "/api/v1/sign-in/code" => r#"{"phone": "13000000077"}"#,
        "/api/v1/sign-in" => r#"{"request_id": "00000000000000000000000000000000", "code": "123456"}"#,
        "/api/v1/sign-in/password" => r#"{"phone": "13800138001", "password": "not their password"}"#,
        "/api/v1/lines/{line}/quotes" => r#"{"offering": "watch-month@1"}"#,
        "/api/v1/lines/{line}/orders" => r#"{"offering": "watch-month@1", "terms_version": "2026-10"}"#,
        "/api/v1/lines/{line}/auto-renew" => {
            r#"{"offering": "watch-month@1", "methods": ["credit"], "month_cap": "100", "lead_days": 3, "terms_version": "2026-10"}"#
        }
        "/api/v1/orders/{order}/payments" => r#"{"method": "alipay_qr"}"#,
        "/api/v1/esim/orders" => {
            r#"{"offering": "thailand@1", "terms_version": "2026-10", "device": {"accept_risk": true}}"#
        }
        "/api/v1/lines/{line}/devices" => r#"{"accept_risk": true}"#,
        "/api/v1/orders/{order}/refund" => r#"{"reason": "by_rule"}"#,
        "/api/v1/vouchers" | "/api/v1/orders/{order}/vouchers" => r#"{"voucher": "0000-0000-0000-0000-0001"}"#,
        "/api/v1/orders/{order}/invoice" => r#"{"buyer": "person", "title": "林芳", "email": "a@example.cn"}"#,
        "/device/sessions" => r#"{"imsi": "460110000000002", "notify_url": "http://127.0.0.1:9/"}"#,
        "/device/sessions/{session}/usage" => r#"{"sequence": 1, "used_octets": 1}"#,
        "/demo/clock" => r#"{"advance_us": 1}"#,
        "/notify/{provider}" => "out_trade_no=1&sign=forged",
        _ => "",
    }
}

async fn ask(things: &Things, route: &RouteInfo, who: Who) -> u16 {
    let people = &things.world.people;
    let principal = match who {
        Who::Anonymous | Who::Guest => None,
        Who::Owner => Some(Principal::Customer(people.linfang)),
        Who::Other => Some(Principal::Customer(people.wangqiang)),
        Who::Staff => Some(Principal::Staff(people.hejing)),
        Who::Member(id) => Some(Principal::Staff(id)),
    };
    // A session of its own for every request: signing out ends one.
    let session = match principal {
        Some(principal) => Some(things.world.session(principal).await),
        None => None,
    };
    let path = things.path(route.path, who);
    let page = matches!(route.access, Access::Page | Access::CustomerPage | Access::StaffPage | Access::DemoPage);
    let mut browser = Browser::new(&things.world.router);
    if page && route.method != Method::GET {
        let csrf = match &session {
            Some(session) => session.csrf.clone(),
            None => browser.get("/sign-in").await.field("_csrf"),
        };
        if let Some(session) = &session {
            browser.cookies.insert("everline_demo".to_owned(), session.token.clone());
        }
        let fields = things.fields(route.path);
        let mut all = vec![("_csrf", csrf.as_str())];
        all.extend(fields.iter().map(|(name, value)| (*name, value.as_str())));
        return browser.post(&path, &all).await.status.as_u16();
    }
    if let Some(session) = &session {
        browser.cookies.insert("everline_demo".to_owned(), session.token.clone());
        browser = browser.with("authorization", &format!("Bearer {}", session.token));
    }
    let key = format!("{who:?}");
    let headers = [("idempotency-key", key.as_str()), ("content-type", "application/json")];
    let body = json_of(route.path).as_bytes().to_vec();
    browser.send(route.method.clone(), &path, &headers, body).await.status.as_u16()
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let things = Things::new().await;
    let (table, mut wrong) = (table(), Vec::new());
    for route in routes() {
        let row = table.iter().find(|row| row.method == route.method && row.path == route.path);
        let Some(row) = row else { panic!("{} {} has no row", route.method, route.path) };
        // All come from one address, whose limits would otherwise be reached.
        things.world.app.clock.pass_us(2 * SECOND_US);
        for (who, expected) in [
            (Who::Anonymous, row.anonymous),
            (Who::Guest, row.guest),
            (Who::Owner, row.owner),
            (Who::Other, row.other),
            (Who::Staff, row.staff),
        ] {
            let got = ask(&things, &route, who).await;
            if got != expected {
                wrong.push(format!("{} {} as {who:?}: {got} instead of {expected}", route.method, route.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_anothers_looks_like_what_does_not_exist() {
    let things = Things::new().await;
    let people = things.world.people;
    let mut other = Browser::of(&things.world, Principal::Customer(people.wangqiang)).await;
    let nothing = "0".repeat(32);
    for (theirs, none) in [
        (format!("/lines/{}", people.watch), format!("/lines/{nothing}")),
        (format!("/lines/{}/renew", people.watch), format!("/lines/{nothing}/renew")),
        (format!("/lines/{}/plans", people.watch), format!("/lines/{nothing}/plans")),
        (format!("/lines/{}/plans/watch-month@1", people.watch), format!("/lines/{nothing}/plans/watch-month@1")),
        (format!("/orders/{}", things.order), format!("/orders/{nothing}")),
        (format!("/orders/{}/receipt", things.order), format!("/orders/{nothing}/receipt")),
        (format!("/orders/{}/receipt.pdf", things.order), format!("/orders/{nothing}/receipt.pdf")),
        (format!("/orders/{}/invoice", things.order), format!("/orders/{nothing}/invoice")),
        (format!("/orders/{}/refund", things.order), format!("/orders/{nothing}/refund")),
        (format!("/lines/{}/usage", people.watch), format!("/lines/{nothing}/usage")),
        (format!("/history?line={}", people.watch), format!("/history?line={nothing}")),
        (format!("/cases/{}", things.case), format!("/cases/{nothing}")),
        (format!("/cases/new?order={}", things.order), format!("/cases/new?order={nothing}")),
        (format!("/cases/new?line={}", people.watch), format!("/cases/new?line={nothing}")),
    ] {
        let (theirs_page, none_page) = (other.get(&theirs).await, other.get(&none).await);
        assert_eq!(theirs_page.status, none_page.status);
        // What was asked for stands in links of the page: to the other language, and to help about it.
        let plain = |text: &str, path: &str| {
            text.replace(path, "").replace(&people.watch.to_string(), &nothing).replace(&things.order, &nothing)
        };
        // A form brings the id of what it will make.
        let text = |page: &Page| match page.text.contains("name=\"id\"") {
            true => page.text.replace(&page.field("id"), ""),
            false => page.text.clone(),
        };
        assert_eq!(plain(&text(&theirs_page), &theirs), plain(&text(&none_page), &none));
    }
}
