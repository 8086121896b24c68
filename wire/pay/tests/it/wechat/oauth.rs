//! Who uses WeChat's browser: asked as the SDK asks, and answers read as the SDK reads them.

use super::key_file;
use crate::{load, text};
use wire_pay::wechat::{Authorize, CodeAnswer, CodeExchange, CodeRefusalKind};

const OAUTH: &str = include_str!("../../../vectors/wechat/oauth.json");

#[test]
fn the_browser_is_sent_and_the_code_exchanged_as_the_sdk_does() {
    let (file, keys) = (load(OAUTH), key_file());
    let account = &file["account"];
    let own = |name: &str| text(account, name).to_owned();
    let appid = text(&keys, "appid").to_owned();
    let ours = Authorize { appid: appid.clone(), redirect_uri: own("redirect_uri"), state: own("state") };
    assert_eq!(format!("https://open.weixin.qq.com{}", ours.target().unwrap()), text(&file, "authorize"));
    let query = text(&file, "authorize").split(['?', '#']).nth(1).unwrap();
    assert_eq!(Authorize::parse(query), Ok(ours));
    let ours = CodeExchange { appid, secret: own("secret"), code: own("code") };
    assert_eq!(ours.target(), text(&file, "exchange"));
    assert_eq!(CodeExchange::parse(text(&file, "exchange").split_once('?').unwrap().1), Ok(ours));
}

#[test]
fn answers_say_what_the_sdk_reads() {
    let file = load(OAUTH);
    let answers = file["answers"].as_array().unwrap();
    assert!(answers.len() >= 7);
    for case in answers {
        let name = text(case, "name");
        match CodeAnswer::parse(text(case, "body").as_bytes()).unwrap() {
            CodeAnswer::Granted { openid, snapshot } => {
                assert_eq!(case["openid"], openid.as_str(), "{name}");
                assert_eq!(snapshot, name == "granted to a snapshot");
            }
            CodeAnswer::Refused(refusal) => {
                assert_eq!(
                    (&case["openid"], case["errcode"].as_i64()),
                    (&serde_json::Value::Null, Some(refusal.errcode))
                );
                assert_ne!(refusal.kind(), CodeRefusalKind::Other, "{name}");
            }
        }
    }
}
