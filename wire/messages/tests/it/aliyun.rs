use serde_json::Value;
use wire_messages::aliyun::{AccessKey, Call, sign};

#[test]
fn calls_are_signed_as_the_services_sdk_signs_them() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/aliyun/calls.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = AccessKey { id: text(&vectors["key"]), secret: text(&vectors["secret"]) };
    let calls = vectors["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 3);
    for call in calls {
        let query = call["query"].as_object().unwrap();
        let query: Vec<(String, String)> = query
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        // Whatever the order is in which they are given.
        let parameters: Vec<(&str, &str)> =
            query.iter().rev().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers = &call["headers"];
        let [host, action, date, nonce] =
            ["host", "x-acs-action", "x-acs-date", "x-acs-signature-nonce"].map(|name| text(&headers[name]));
        let ours = Call { host: &host, action: &action, parameters: &parameters, date: &date, nonce: &nonce };
        let signed = sign(&ours, &key);
        for (name, value) in &signed.headers {
            let expected = if *name == "authorization" { &call["authorization"] } else { &headers[*name] };
            assert_eq!(value, expected, "{name}");
        }
        let changed = AccessKey { secret: "another".to_owned(), ..key.clone() };
        assert_ne!(sign(&ours, &changed).headers.last(), signed.headers.last());
    }
}
