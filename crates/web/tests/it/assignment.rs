//! A form or body that brings more than it has fields for: nothing but those fields is taken.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_app::privacy::export;
use everline_app::sign_in::Principal;
use std::path::Path;

/// What somebody would like to set: the columns of what the forms below change, and a few words besides.
const MORE: [(&str, &str); 46] = [
    ("admin", "true"),
    ("amount", "1"),
    ("balance", "99999999"),
    ("birthday", "1950-01-01"),
    ("changed_by", "1"),
    ("closed_at", "1"),
    ("contact", "13900000000"),
    ("created_at", "0"),
    ("currency", "JPY"),
    ("customer", "00000000000000000000000000000001"),
    ("customer_id", "00000000000000000000000000000001"),
    ("delivered_at", "1"),
    ("discount", "100"),
    ("due_at", "0"),
    ("ends_at", "4102444800000000"),
    ("expires_at", "4102444800000000"),
    ("family", "phone"),
    ("for_whom", "staff"),
    ("funds", "99999999"),
    ("guest_renewal", "1"),
    ("iccid", "89860000000000000000"),
    ("identity", "verified"),
    ("in_effect_at", "1"),
    ("kind", "house"),
    ("main_balance_consent", "1"),
    ("msisdn", "13900000000"),
    ("network", "built_in"),
    ("number", "1"),
    ("offering_version", "9"),
    ("owner_id", "1"),
    ("owner_key", "1"),
    ("paid_at", "1"),
    ("paid_credit", "99999999"),
    ("placed_by", "guest"),
    ("price", "0.01"),
    ("priority", "urgent"),
    ("promo_credit", "99999999"),
    ("role", "operator"),
    ("service_until", "4102444800000000"),
    ("settled_by", "registry"),
    ("staff", "1"),
    ("staff_id", "1"),
    ("starts_at", "1"),
    ("state", "in_effect"),
    ("terms_version", "2000-01"),
    ("version", "99"),
];

/// Sends a form of a page, with more than it has fields for if that is tried.
async fn sends(browser: &mut Browser, page: &Page, path: &str, fields: &[(&str, &str)], more: bool) -> Page {
    let mut all = fields.to_vec();
    if more {
        all.extend(MORE.iter().filter(|(name, _)| fields.iter().all(|(own, _)| own != name)));
    }
    let sent = browser.submit(page, path, &all).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{path}: {}", sent.text);
    sent
}

/// What is kept about a customer after a few forms.
async fn after_forms(more: bool) -> serde_json::Value {
    let world = World::new().await;
    let customer = world.people.linfang;
    let mut owner = Browser::of(&world, Principal::Customer(customer)).await;
    let page = owner.get("/account").await;
    sends(&mut owner, &page, "/account/language", &[("language", "en")], more).await;
    let settings = format!("/lines/{}/settings", world.people.watch);
    let page = owner.get(&settings).await;
    sends(&mut owner, &page, &settings, &[("name", "手表"), ("device", "tracker")], more).await;
    let renew = format!("/lines/{}/renew", world.people.watch);
    let page = owner.get(&renew).await;
    let (ticket, offering) = (page.field("ticket"), page.field("offering"));
    let fields = [("ticket", ticket.as_str()), ("offering", &offering), ("terms", "2026-10"), ("method", "alipay_qr")];
    sends(&mut owner, &page, &renew, &fields, more).await;
    let page = owner.get("/cases/new").await;
    let id = page.field("id");
    let fields = [("id", id.as_str()), ("subject", "付款"), ("text", "付不了款")];
    sends(&mut owner, &page, "/cases/new", &fields, more).await;
    let lost = format!("/lines/{}/lost", world.people.phone);
    let page = owner.get(&lost).await;
    sends(&mut owner, &page, &lost, &[], more).await;
    world.settle().await;
    export(&world.app.store, customer, &world.app.zone).await.unwrap()
}

#[tokio::test]
async fn a_form_that_brings_more_than_its_fields_does_what_the_form_does() {
    let (plain, more) = (after_forms(false).await, after_forms(true).await);
    let records = |all: &serde_json::Value, table: &str| all["records"][table].as_array().unwrap().len();
    assert!(records(&plain, "orders") > 0 && records(&plain, "support_case") > 0, "{plain}");
    for (table, rows) in plain["records"].as_object().unwrap() {
        assert_eq!(rows, &more["records"][table], "{table}");
    }
}

#[test]
fn every_body_that_programs_send_refuses_what_it_does_not_know() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut bodies = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("#[derive(") {
            let item = text[at..].split("struct ").next().unwrap();
            if !item.contains("Deserialize") || item.contains("enum ") {
                continue;
            }
            bodies += 1;
            assert!(item.contains("deny_unknown_fields"), "{}: {item}", path.display());
        }
    }
    assert!(bodies > 10, "the sources are read wrong");
}
