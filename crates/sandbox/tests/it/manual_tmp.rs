use crate::rig::{Rig, seed};
use everline_sandbox::{DeviceKind, DeviceSeed};
use serde_json::{Value, json};
#[tokio::test]
async fn manual() {
    let fleet: usize = std::env::var("FLEET").ok().and_then(|v| v.parse().ok()).unwrap_or(0);
    let rig = Rig::start_with(|c| {
        c.ports.view = 18080;
        c.devices = vec![
            DeviceSeed { imsi: "460001000000001".into(), name: "小美的手表".into(), kind: DeviceKind::Watch, apn: None },
            DeviceSeed { imsi: "460001000000002".into(), name: "爸爸的手机".into(), kind: DeviceKind::Phone, apn: None },
            DeviceSeed { imsi: "460001000000003".into(), name: "店里的路由器".into(), kind: DeviceKind::Router, apn: None },
            DeviceSeed { imsi: "460001000000004".into(), name: "货车追踪器 A-17".into(), kind: DeviceKind::Tracker, apn: None },
        ];
        c.devices.extend((0..fleet).map(|n| seed(&format!("46000{n:010}"), DeviceKind::Tracker)));
    }).await;
    rig.precreate("EL20260301000001", "88.00").await;
    rig.precreate("EL20260301000002", "30.00").await;
    rig.payer("EL20260301000002", "decline").await;
    rig.precreate("EL20260301000003", "9.90").await;
    rig.payer("EL20260301000003", "pay").await;
    for (n, text) in ["【Everline】您的验证码是 482913，5 分钟内有效。", "【Everline】您的流量将在 3 天后用完，点此续费：http://127.0.0.1:8080/r/8613800138000?p=30 ，一次点击即可。"].iter().enumerate() {
        let sms = json!({"message_id": format!("m{n}"), "to": "138 0013 8000", "template": "renewal_reminder", "language": "zh-CN", "text": text});
        rig.bearer("POST", &rig.access.sms_url, &rig.access.sms_token, &sms).await;
    }
    rig.sandbox().attach_all().await;
    rig.script(200, r#"{"state":"redirected","redirect_url":"http://127.0.0.1:8080/renew"}"#);
    rig.control("POST", "devices/460001000000001/use", &json!({"octets": 12345678})).await;
    rig.control("POST", "devices/460001000000003/use", &json!({"octets": 2345678})).await;
    rig.control("PUT", "devices/460001000000004/misbehaviour", &json!("vanished")).await;
    rig.control("PUT", "upstream/modes", &json!({ "standing": "submitted" })).await;
    let request = json!({ "request_id": "0190a6b2-7c1e-7000-8000-000000000001", "msisdn": "8613800138000", "iccid": "89860012345678901234", "plan_code": "P30" });
    rig.bearer("POST", &format!("{}/v1/activations", rig.access.upstream_url), &rig.access.upstream_token, &request).await;
    let _ = Value::Null;
    println!("READY {}", rig.access.view_url);
    tokio::time::sleep(std::time::Duration::from_secs(std::env::var("HOLD").unwrap().parse().unwrap())).await;
}
