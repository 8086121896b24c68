//! A correction of who somebody is, with a picture of the document: sent from the portal, read and decided at the desk.

use crate::cases::send;
use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::sign_in::Principal;
use everline_core::ids::CustomerId;
use everline_core::staff::Role;
use everline_store::{Sql, Stop, Tx, Work, args};

static SET: Sql = Sql::new("UPDATE customer SET identity = $2 WHERE customer_id = $1");

/// How far somebody's identity is proved.
struct Set(CustomerId, &'static str);
impl Work for Set {
    const NAME: &'static str = "set_identity_for_a_test";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        tx.put(&SET, args![self.0, self.1]);
        Ok(())
    }
}

const CARD: [(&str, &str); 4] =
    [("name", "林芳"), ("document_kind", "cn_id"), ("document_number", "11010519491231002X"), ("agree", "yes")];
const PASSPORT: [(&str, &str); 5] = [
    ("name", "林芳"),
    ("document_kind", "passport"),
    ("document_number", "E1234567"),
    ("born", "1949-12-31"),
    ("agree", "yes"),
];
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n....";

async fn decides(desk: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let action = page.text.split("action=\"/desk/identity/").nth(1).unwrap().split('"').next().unwrap();
    let (path, said_at) = (format!("/desk/identity/{action}"), page.field("said_at"));
    desk.submit(page, &path, &[fields, &[("said_at", said_at.as_str())]].concat()).await
}

#[tokio::test]
async fn papers_go_with_a_correction_to_those_alone_who_decide_about_it() {
    let world = World::new().await;
    let customer = world.people.linfang;
    world.app.store.transact(Set(customer, "none")).await.unwrap();
    let mut owner = Browser::of(&world, Principal::Customer(customer)).await;
    let path = "/account/identity";
    let page = owner.get(path).await;
    page.hides(&["type=\"file\""]);
    assert_eq!(send(&mut owner, &page, path, &CARD, &[]).await.location(), path);
    world.app.store.transact(Set(customer, "verified")).await.unwrap();
    let page = owner.get("/account/identity/correct").await;
    page.says(&["type=\"file\"", "enctype=\"multipart/form-data\""]);
    let wrong = send(&mut owner, &page, path, &PASSPORT, &[("护照.png", b"MZ\x90\0")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["类型不支持", "value=\"E1234567\"", "value=\"1949-12-31\""]);
    assert_eq!(send(&mut owner, &page, path, &PASSPORT, &[("护照.png", PICTURE)]).await.location(), path);
    let waits = owner.get(path).await;
    waits.says(&["/cases/"]).hides(&["type=\"file\"", "E1234567"]);
    let case = waits.text.split("href=\"/cases/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    owner.get(&format!("/cases/{case}")).await.says(&["护照.png"]);

    let theirs = format!("/desk/cases/{customer}/{case}");
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    assert_eq!(agent.get(&theirs).await.status, StatusCode::FORBIDDEN);
    agent.get("/desk/cases").await.hides(&[&case]);
    let mut operator = Browser::of(&world, Principal::Staff(world.member(Role::Operator).await)).await;
    let page = operator.get("/desk/identity").await;
    page.says(&[&theirs, "E*****67"]).hides(&["E1234567"]);
    let papers = operator.get(&theirs).await;
    papers.says(&["护照.png"]);
    let link = papers.text.split('"').find(|text| text.contains("/files/")).unwrap().to_owned();
    assert_eq!(operator.get(&link).await.file, PICTURE);
    assert_eq!(agent.get(&link).await.status, StatusCode::FORBIDDEN);
    // Nobody decides without saying why; what was typed stays.
    for note in ["", &"字".repeat(501)] {
        let wrong = decides(&mut operator, &page, &[("verdict", "accept"), ("note", note)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        wrong.says(&["aria-invalid=\"true\"", &format!(">{note}</textarea>")]);
    }
    let done = decides(&mut operator, &page, &[("verdict", "accept"), ("note", "照片与护照一致")]).await;
    assert_eq!(done.location(), "/desk/identity");
    operator.get("/desk/identity").await.hides(&[&theirs]);
    let late = decides(&mut operator, &page, &[("verdict", "refuse"), ("note", "照片不清楚")]).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
    owner.get(path).await.says(&["E*****67", "照片与护照一致"]);
    owner.get(&format!("/cases/{case}")).await.says(&["已解决"]);
}
