use crate::rig::{Got, Rig};
use serde_json::{Value, json};

fn request(id: &str) -> Value {
    json!({ "request_id": id, "msisdn": "8613800138000", "iccid": "89860012345678901234", "plan_code": "P30", "months": 1 })
}

fn url(rig: &Rig, path: &str) -> String {
    format!("{}/v1/activations{path}", rig.access.upstream_url)
}

async fn ask(rig: &Rig, body: &Value) -> Got {
    rig.bearer("POST", &url(rig, ""), &rig.access.upstream_token, body).await
}

async fn look_up(rig: &Rig, id: &str) -> Got {
    rig.bearer("GET", &url(rig, &format!("/{id}")), &rig.access.upstream_token, &Value::Null).await
}

async fn next(rig: &Rig, modes: Value) {
    assert_eq!(rig.control("PUT", "upstream/modes", &json!({ "next": modes })).await.status, 200);
}

#[tokio::test]
async fn activations_are_idempotent_by_request() {
    let rig = Rig::start().await;
    assert_eq!(look_up(&rig, "r1").await.status, 404);
    let first = ask(&rig, &request("r1")).await;
    assert_eq!((first.status, &first.json()["status"]), (200, &json!("completed")));
    let again = ask(&rig, &request("r1")).await;
    assert_eq!((again.status, again.body.as_str()), (200, first.body.as_str()));
    assert_eq!(look_up(&rig, "r1").await.body, first.body);
    let mut other = request("r1");
    other["months"] = 2.into();
    assert_eq!(ask(&rig, &other).await.status, 409);
    assert_eq!(rig.look("upstream/activations").await["activations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_requests_and_tokens_are_refused() {
    let rig = Rig::start().await;
    let wrong = rig.bearer("POST", &url(&rig, ""), "wrong", &request("r1")).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(rig.bearer("GET", &url(&rig, "/r1"), "wrong", &Value::Null).await.status, 401);
    let mut bad = request("r1");
    bad["iccid"] = "1".into();
    let refused = ask(&rig, &bad).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid iccid")));
    bad["plan_code"] = "x".repeat(20_000).into();
    assert_eq!(ask(&rig, &bad).await.status, 413);
}

#[tokio::test]
async fn a_lost_answer_was_carried_out() {
    let rig = Rig::start().await;
    next(&rig, json!(["lose_answer", "unavailable", { "refuse": "no stock" }, { "delay": 1 }])).await;
    let token = format!("Bearer {}", rig.access.upstream_token);
    let body = request("r1").to_string();
    let lost = rig.send("POST", &url(&rig, ""), &[("authorization", &token)], &body).await;
    assert!(lost.is_err());
    assert_eq!(look_up(&rig, "r1").await.json()["status"], "completed");
    assert_eq!(ask(&rig, &request("r2")).await.status, 503);
    assert_eq!(look_up(&rig, "r2").await.status, 404);
    let refused = ask(&rig, &request("r2")).await.json();
    assert_eq!((&refused["status"], &refused["reason"]), (&json!("refused"), &json!("no stock")));
    assert_eq!(ask(&rig, &request("r3")).await.json()["status"], "completed");
}

#[tokio::test]
async fn a_submitted_one_waits_for_a_person() {
    let rig = Rig::start().await;
    assert_eq!(rig.control("PUT", "upstream/modes", &json!({ "standing": "submitted" })).await.status, 200);
    for id in ["r1", "r2"] {
        assert_eq!(ask(&rig, &request(id)).await.json()["status"], "submitted");
        assert_eq!(look_up(&rig, id).await.json()["status"], "submitted");
    }
    assert_eq!(rig.control("POST", "upstream/activations/r1/confirm", &Value::Null).await.status, 200);
    assert_eq!(look_up(&rig, "r1").await.json()["status"], "completed");
    assert_eq!(rig.control("POST", "upstream/activations/r1/confirm", &Value::Null).await.status, 404);
    let refusal = json!({ "reason": "blocked" });
    assert_eq!(rig.control("POST", "upstream/activations/r2/refuse", &refusal).await.status, 200);
    let answer = look_up(&rig, "r2").await.json();
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("refused"), &json!("blocked")));
    assert_eq!(rig.control("PUT", "upstream/modes", &json!({ "standing": "unavailable" })).await.status, 200);
    assert_eq!(look_up(&rig, "r1").await.status, 503);
}
