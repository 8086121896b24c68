//! The example parses, and shows every key there is.

use super::*;
use everline_core::number_plan::NumberOf;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const EXAMPLE: &str = include_str!("../../../../docs/everline.example.toml");

/// A folder with everything the example names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    let key = everline_providers::alipay::PrivateKey::generate().unwrap();
    for (name, text) in [
        ("master.key", "ab".repeat(32)),
        ("alipay-merchant.key", key.to_pem().unwrap()),
        ("wechat-merchant.key", key.to_pem().unwrap()),
        ("wechat-api-v3.key", "v3v3v3v3v3v3v3v3v3v3v3v3v3v3v3v3".to_owned()),
        ("wechat-app.secret", "5ec4e75ec4e75ec4e75ec4e75ec4e7ab\n".to_owned()),
        ("stripe.key", "sk_live_stripe-secret".to_owned()),
        ("stripe-webhook", "whsec_webhook-secret-1\nwhsec_webhook-secret-2\n".to_owned()),
        ("sms.token", "sms-secret".to_owned()),
        ("smpp.password", "smpp-key".to_owned()),
        ("aliyun.key", "aliyun-secret".to_owned()),
        ("aliyun-reports", "reports-secret-1".to_owned()),
        ("mail.password", "mail-secret".to_owned()),
        ("mail-reports", "reports-secret-2".to_owned()),
        ("push.key", everline_providers::push::PushKey::write(&[7; 32]).unwrap()),
        ("network.token", "network-secret".to_owned()),
        ("device.token", "device-secret".to_owned()),
        ("upstream.token", "upstream-secret\n".to_owned()),
        ("identity.token", "identity-secret\n".to_owned()),
        ("postgres", "host=/run/postgresql dbname=everline".to_owned()),
    ] {
        fs::write(secrets.join(name), text).unwrap();
        fs::set_permissions(secrets.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(folder.path().join("MP_verify_0000000000000000.txt"), "0000000000000000").unwrap();
    for name in ["alipay-gateway.pub", "wechat-gateway.pub"] {
        fs::write(folder.path().join(name), key.public_key().unwrap().to_pem().unwrap()).unwrap();
    }
    folder
}

fn load_text(folder: &tempfile::TempDir, text: &str) -> Result<Config, Vec<String>> {
    let file = folder.path().join("everline.toml");
    fs::write(&file, text).unwrap();
    let prefix = format!("{}:", file.display());
    load(&file).map_err(|refused| refused.to_string().lines().map(|line| line.replace(&prefix, "")).collect())
}

#[test]
fn the_example_is_a_configuration() {
    let folder = folder();
    let config = load_text(&folder, EXAMPLE).unwrap();
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:8800");
    assert_eq!(config.brand.name.get("en"), "Qinghe Mobile");
    assert_eq!(config.brand.numbers.shown(NumberOf::Line), "1xxxxxxxxxx, 1xxxxxxxxxxxx");
    assert_eq!(config.alipay.notify_url, "https://my.example.com/notify/alipay");
    assert!(config.wechat.is_none());
    assert_eq!(config.upstream.as_ref().unwrap().token.reveal(), "upstream-secret", "without the end of the line");
    let stripe = config.stripe.as_ref().unwrap();
    assert_eq!(stripe.api_url, "https://api.stripe.com");
    assert_eq!((stripe.webhook_secrets().len(), stripe.livemode), (2, true));
    assert_eq!(config.jobs.lease, Duration::from_secs(120));
    assert_eq!(master_key(&config.master_key).unwrap(), [0xab; 32]);
    let former =
        EXAMPLE.replace("# former_receipt_keys = [\"64 hexadecimal digits\"]", "former_receipt_keys = [\"KEY\"]");
    let with = |key: &str| load_text(&folder, &former.replace("KEY", key)).map(|config| config.former_receipt_keys);
    assert_eq!(with(&"cd".repeat(32)), Ok(vec![ReceiptKey([0xcd; 32])]));
    assert!(with("abc").unwrap_err()[0].contains("keys.former_receipt_keys: \"abc\" is no key"));
    let shown = format!("{config:?}");
    for secret in [
        "sms-secret",
        "network-secret",
        "device-secret",
        "upstream-secret",
        "stripe-secret",
        "webhook-secret",
        "abab",
        "PRIVATE",
    ] {
        assert!(!shown.contains(secret), "Debug shows {secret}");
    }
}

/// The example with a section that stands there behind a #, whole.
fn with_section(example: &str, name: &str) -> String {
    let (before, rest) = example.split_once(&format!("# [{name}]\n")).unwrap();
    let (section, after) = rest.split_once("\n\n").unwrap();
    let key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.trim_start_matches("# ").contains(' '));
    let lines = section.lines().map(|line| if key(line) { line.trim_start_matches("# ") } else { line });
    format!("{before}[{name}]\n{}\n\n{after}", lines.collect::<Vec<_>>().join("\n"))
}

/// The example of a brand that has an account with WeChat Pay.
fn with_wechat() -> String {
    with_section(EXAMPLE, "wechat")
}

/// The example with everything that there may be, though not all of it at once.
fn with_everything() -> String {
    ["wechat", "smpp", "aliyun_sms", "email", "push", "identity"]
        .iter()
        .fold(EXAMPLE.to_owned(), |text, name| with_section(&text, name))
}

/// The keys of the example, those behind a # included.
fn keys_of_the_example() -> BTreeSet<String> {
    let (mut keys, mut section) = (BTreeSet::new(), String::new());
    for line in EXAMPLE.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            keys.insert(format!("{section}{key}"));
        }
    }
    keys
}

#[test]
fn every_key_is_in_the_example_and_no_other() {
    let folder = folder();
    let (_, known) = Book::new(&folder.path().join("everline.toml"), &with_everything()).read(config);
    let text_of = |key: &String| {
        let last = key.rsplit('.').next().unwrap_or("");
        // Inside values: languages of texts, sources of secrets, the two parts of a link.
        ["zh-CN", "en", "file", "env", "inline_for_tests"].contains(&last)
            || key.starts_with("brand.links.")
            || key.starts_with("identity.document.")
    };
    let shared: Vec<String> =
        ["watch", "router", "iot", "travel"].map(|family| format!("brand.families.{family}.")).into();
    let is_table = |key: &String| known.iter().any(|other| other.starts_with(&format!("{key}.")) && !text_of(other));
    let documented = keys_of_the_example();
    let of_every_family = |key: &String| shared.iter().any(|family| key.starts_with(family.as_str()));
    let missing: Vec<&String> = (known.iter())
        .filter(|key| !text_of(key) && !is_table(key) && !of_every_family(key) && !documented.contains(*key))
        .collect();
    assert!(missing.is_empty(), "the example lacks {missing:?}");
    assert!(known.len() > 60, "{known:?}");
    let unknown: Vec<&String> = documented.iter().filter(|key| !known.contains(*key)).collect();
    assert!(unknown.is_empty(), "the example has {unknown:?}, which nobody reads");
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let folder = folder();
    let check = |from: &str, to: &str, expected: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        let mistakes = load_text(&folder, &EXAMPLE.replacen(from, to, 1)).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{to}: {mistakes:?}");
    };
    check("hotline = ", "hot_line = ", "unknown key \"hot_line\" in [brand]; did you mean \"hotline\"?");
    check("\nhotline = ", "\nhot_line = ", "brand.hotline: missing");
    check("\"CNY\"", "\"XXQ\"", "XXQ");
    check("[\"1xxxxxxxxxx\"]", "[\"1-xxx\"]", "no pattern of numbers");
    check("Asia/Shanghai\"\n", "Asia/Peking\"\n", "no IANA time zone");
    check("[\"zh-CN\", \"en\"]", "[\"fr\"]", "\"fr\" is no language");
    check("\"127.0.0.1:8800\"", "\"127.0.0.1\"", "no address with a port");
    check("behind_proxy = [\"127.0.0.1/32\", ", "behind_proxy = [\"localhost\", ", "\"localhost\" is no network");
    check("{ file = \"secrets/sms.token\" }", "\"s3cret\"", "a secret does not stand in the configuration");
    check("{ file = \"secrets/sms.token\" }", "{ env = \"EVERLINE_NO_SUCH\" }", "no variable EVERLINE_NO_SUCH");
    check("secrets/sms.token", "secrets/none", "cannot read");
    check("secrets/master.key", "secrets/sms.token", "holds no 64 hexadecimal digits");
    check("\"https://sms.example.com", "\"http://sms.example.com", "https:// expected outside of private networks");
    check("# postgres = {", "postgres = {", "either sqlite or postgres");
    check("# mode = \"live\"", "mode = \"test\"", "holds a key of the other mode");
    check("secrets/stripe.key", "secrets/postgres", "holds no key");
    check("# alone_max = \"100.00\"", "alone_max = \"a lot\"", "\"a lot\" is no amount");
    check("# line_per_hour = 20", "line_per_hour = -1", "line_per_hour");
    check("# order_minutes = 15", "order_minutes = 1411", "at most 1410 where cards are taken");
    check("# api_url = \"https://api.", "api_url = \"http://api.", "https:// expected outside of private networks");
    check("# lease_s = 120", "lease_s = 20", "at least three times");
    check("# format = \"text\"", "format = \"xml\"", "\"xml\" is none of text, json");
    check("# migrate = \"on_start\"", "migrate = true", "a text expected, found true or false");
    check("public_url = \"https://my.", "public_url = \"http://my.", "http:// works for this machine alone");
}

#[test]
fn alipays_certificates_are_checked_too() {
    // Fixed keys and certificates: data behind the golden vectors of `wire-pay`.
    const KEYS: &str = include_str!("../../../../wire/pay/vectors/alipay/keys.json");
    let folder = folder();
    let keys: serde_json::Value = serde_json::from_str(KEYS).unwrap();
    let key = keys["merchant"]["private_pkcs8"].as_str().unwrap();
    let key = everline_providers::alipay::PrivateKey::parse(key).unwrap();
    fs::write(folder.path().join("secrets/alipay-merchant.key"), key.to_pem().unwrap()).unwrap();
    for (name, text) in [
        ("app.crt", include_str!("../../../../wire/pay/vectors/alipay/app.pem")),
        ("roots.crt", include_str!("../../../../wire/pay/vectors/alipay/roots.pem")),
        ("alipay.crt", include_str!("../../../../wire/pay/vectors/alipay/gateway.pem")),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let by_key = "\ngateway_key_file = \"alipay-gateway.pub\"\n";
    let files =
        "\napp_cert_file = \"app.crt\"\nroot_cert_file = \"roots.crt\"\ngateway_cert_files = [\"alipay.crt\"]\n";
    let whole = EXAMPLE.replacen(by_key, files, 1);
    let config = load_text(&folder, &whole).unwrap();
    assert!(matches!(config.alipay.trust, everline_providers::alipay::Trust::Certificates { .. }));
    let check = |from: &str, to: &str, expected: &str| {
        assert!(whole.contains(from), "{from}");
        let mistakes = load_text(&folder, &whole.replacen(from, to, 1)).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{to}: {mistakes:?}");
    };
    check("\"app.crt\"", "\"alipay.crt\"", "alipay.app_cert_file: it certifies another key than merchant_key");
    check("\"roots.crt\"", "\"none.crt\"", "alipay.root_cert_file: cannot read");
    check("[\"alipay.crt\"]", "[\"secrets/sms.token\"]", "alipay.gateway_cert_files");
    check("\nroot_cert_file = \"roots.crt\"\n", "\n", "alipay.root_cert_file: missing: Alipay's bundle of roots");
    check("\napp_cert_file", &format!("{by_key}app_cert_file"), "either Alipay's key, or certificates");
}

#[test]
fn wechat_is_checked_too() {
    let folder = folder();
    let whole = with_wechat();
    let config = load_text(&folder, &whole).unwrap();
    let wechat = config.wechat.as_ref().unwrap();
    assert_eq!(wechat.notify_url, "https://my.example.com/notify/wechat");
    assert_eq!(wechat.public_keys.iter().map(|(id, _)| id.len()).collect::<Vec<_>>(), [45]);
    let shown = format!("{config:?}");
    assert!(!["v3v3", "PRIVATE", "5ec4e7"].iter().any(|secret| shown.contains(secret)), "Debug shows a secret");
    assert_eq!(wechat.app_secret.as_ref().map(|secret| secret.reveal().len()), Some(32));
    assert_eq!(
        (&*wechat.authorize_url, &*wechat.token_url),
        ("https://open.weixin.qq.com", "https://api.weixin.qq.com")
    );
    let without = whole.replace("app_secret = ", "# app_secret = ");
    assert!(load_text(&folder, &without).unwrap().wechat.unwrap().app_secret.is_none());
    let check = |from: &str, to: &str, expected: &str| {
        assert!(whole.contains(from), "{from}");
        let mistakes = load_text(&folder, &whole.replacen(from, to, 1)).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{to}: {mistakes:?}");
    };
    check("secrets/wechat-api-v3.key", "secrets/sms.token", "holds no 32 characters");
    check("secrets/wechat-merchant.key", "secrets/sms.token", "wechat.merchant_key: ");
    check("=wechat-gateway.pub", "=none.pub", "cannot read");
    check("=wechat-gateway.pub", "=secrets/sms.token", "holds no public RSA key");
    check("\"PUB_KEY_ID_", "\"0", "an id and a file");
    assert_eq!(wechat.domain_proof.as_ref().map(|(_, text)| text.len()), Some(16));
    check("MP_verify_0000000000000000.txt", "alipay-gateway.pub", "MP_verify_….txt expected");
    check("MP_verify_0000000000000000.txt", "MP_verify_1.txt", "cannot read");
    check("secrets/wechat-app.secret", "secrets/sms.token", "holds no AppSecret");
    check("secrets/wechat-app.secret", "secrets/none", "wechat.app_secret");
    check("app_secret = ", "appsecret = ", "unknown key \"appsecret\" in [wechat]; did you mean \"app_secret\"?");
    check("\"https://api.weixin.qq.com\"", "\"http://api.weixin.qq.com\"", "https:// expected");
    check("mchid = ", "mch_id = ", "unknown key \"mch_id\" in [wechat]; did you mean \"mchid\"?");
}

/// The example with another carrier of short messages than the provider that takes JSON.
fn carried_by(name: &str) -> String {
    let http = "[sms]\nurl = \"https://sms.example.com/v1/messages\"\ntoken = { file = \"secrets/sms.token\" }\n";
    assert!(EXAMPLE.contains(http));
    with_section(&EXAMPLE.replacen(http, "", 1), name)
}

/// Checks that a change of a text is refused by name.
fn refused(folder: &tempfile::TempDir, whole: &str, from: &str, to: &str, expected: &str) {
    assert!(whole.contains(from), "{from}");
    let mistakes = load_text(folder, &whole.replacen(from, to, 1)).unwrap_err();
    assert!(mistakes.iter().any(|mistake| mistake.contains(expected)), "{to}: {mistakes:?}");
}

#[test]
fn a_message_centre_is_checked() {
    let folder = folder();
    fs::write(folder.path().join("smsc-root.pem"), include_str!("../../../../wire/pay/vectors/alipay/app.pem"))
        .unwrap();
    let whole = carried_by("smpp");
    let config = load_text(&folder, &whole).unwrap();
    let SmsFile::Smpp(file) = &config.messages.sms else { panic!("a message centre") };
    assert_eq!((file.host.as_str(), file.port, file.window), ("smsc.example.net", 2_775, 10));
    assert!(!format!("{config:?}").contains("smpp-key"), "Debug shows a secret");
    let check = |from: &str, to: &str, expected: &str| refused(&folder, &whole, from, to, expected);
    check("tls = \"on\"", "tls = \"off\"", "the password would travel in the clear");
    check("source = \"10690000\"", "source = \"a name too long\"", "smpp.source: a number like");
    check("secrets/smpp.password", "secrets/sms.token", "at most 8 characters");
    check("receipt_ids = \"same\"", "receipt_ids = \"octal\"", "\"octal\" is none of same, decimal, hexadecimal");
    check("host = \"smsc.example.net\"", "host = \"smpp://smsc\"", "a host alone expected");
    check("\"smsc-root.pem\"", "\"none.pem\"", "cannot read");
    check(
        "[smpp]",
        "[sms]\nurl = \"https://x\"\ntoken = { file = \"secrets/sms.token\" }\n[smpp]",
        "a message goes one way",
    );
    refused(
        &folder,
        EXAMPLE,
        "[sms]\n",
        "[brand.retention]\n",
        "or [smpp] or [aliyun_sms]: who carries short messages",
    );
}

#[test]
fn templates_that_are_missing_are_named() {
    let folder = folder();
    let whole = carried_by("aliyun_sms");
    let example = "[\"zh-CN one_time_code SMS_100000001 code\", \"zh-CN suspended SMS_100000002 line link\"]";
    let mistakes = load_text(&folder, &whole).unwrap_err();
    assert!(
        mistakes[0].contains("zh-CN lacks renewal_in_effect, ") && !mistakes[0].contains("suspended"),
        "{mistakes:?}"
    );
    let all: Vec<String> =
        everline_app::send_message::templates().map(|name| format!("\"zh-CN {name} SMS_1\"")).collect();
    let full = whole.replacen(example, &format!("[{}]", all.join(", ")), 1);
    let config = load_text(&folder, &full).unwrap();
    let SmsFile::Aliyun(file) = &config.messages.sms else { panic!("Alibaba Cloud") };
    assert_eq!((file.templates.len(), file.endpoint.as_str()), (all.len(), "https://dysmsapi.aliyuncs.com"));
    let shown = format!("{config:?}");
    assert!(!shown.contains("aliyun-secret") && !shown.contains("reports-secret"), "Debug shows a secret");
    let check = |from: &str, to: &str, expected: &str| refused(&folder, &full, from, to, expected);
    check("\"zh-CN barred SMS_1\"", "\"zh-CN barred SMS_1 amount\"", "barred has no parameter amount: brand, hotline");
    check("\"zh-CN barred SMS_1\"", "\"zh-CN bared SMS_1\"", "bared is no template");
    check("\"zh-CN barred SMS_1\"", "\"fr barred SMS_1\"", "fr is no language of messages: zh-CN, en");
    check("{ zh-CN = \"青禾通信\" }", "{ zh-CN = \"青禾通信\", en = \"Qinghe\" }", "en lacks renewal_in_effect");
    check("secrets/aliyun-reports", "secrets/sms.token", "at least 16 letters and digits");
}

#[test]
fn mail_and_browsers_are_checked() {
    let folder = folder();
    fs::write(folder.path().join("mail-root.pem"), include_str!("../../../../wire/pay/vectors/alipay/app.pem"))
        .unwrap();
    let whole = with_section(&with_section(EXAMPLE, "email"), "push");
    let config = load_text(&folder, &whole).unwrap();
    assert_eq!(config.messages.email.as_ref().unwrap().from.as_str(), "service@example.com");
    assert_eq!(config.messages.push.as_ref().unwrap().services.len(), 4);
    assert!(!format!("{config:?}").contains("mail-secret"), "Debug shows a secret");
    let check = |from: &str, to: &str, expected: &str| refused(&folder, &whole, from, to, expected);
    check("tls = \"starttls\"", "tls = \"none\"", "only towards this machine");
    check("from = \"service@example.com\"", "from = \"service\"", "email.from: no address of a mailbox");
    check("user = \"everline\"\n", "", "user and password: both, or neither");
    check("secrets/push.key", "secrets/sms.token", "no private key of P-256");
    check("\"mailto:ops@example.com\"", "\"ops\"", "push.contact: ");
    check("[\"fcm.googleapis.com\", ", "[\"https://fcm.googleapis.com\", ", "a host like push.example.com");
}

#[test]
fn a_brands_own_texts_are_checked_before_they_are_needed() {
    let folder = folder();
    let whole = EXAMPLE.replacen("# texts_files = {", "texts_files = {", 1);
    let write = |en: &str| {
        fs::write(folder.path().join("messages.zh-CN.ftl"), "suspended = { $line } 停机了\n").unwrap();
        fs::write(folder.path().join("messages.en.ftl"), en).unwrap();
        load_text(&folder, &whole)
    };
    assert_eq!(write("suspended = { $line } is off\n").unwrap().messages.texts.len(), 2);
    let mistakes = write("suspended = { $code } is off\nsuspnded = x\n").unwrap_err();
    assert!(mistakes[0].contains("messages.texts_files.en: en: \"suspnded\" is no template"), "{mistakes:?}");
    assert!(mistakes[1].contains("en: suspended: { $code } is no parameter of it: brand, hotline"), "{mistakes:?}");
    fs::remove_file(folder.path().join("messages.en.ftl")).unwrap();
    assert!(load_text(&folder, &whole).unwrap_err()[0].contains("cannot read"));
}

#[test]
fn nothing_travels_in_the_clear() {
    let folder = folder();
    let no_proxy = EXAMPLE.replace("behind_proxy = [\"127.0.0.1/32\", \"::1/128\"]", "");
    assert!(load_text(&folder, &no_proxy).is_ok(), "a loopback address may");
    let open = no_proxy.replace("\"127.0.0.1:8800\"", "\"0.0.0.0:8800\"");
    assert!(load_text(&folder, &open).unwrap_err()[0].contains("only a loopback address"));
    let here = no_proxy.replace("https://my.example.com\"", "http://localhost:8800\"");
    assert!(load_text(&folder, &here).is_ok());
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let folder = folder();
    let file = folder.path().join("secrets/sms.token");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let mistakes = load_text(&folder, EXAMPLE).unwrap_err();
    assert!(mistakes.len() == 1 && mistakes[0].contains("chmod o-rwx"), "{mistakes:?}");
    assert!(!mistakes[0].contains("sms-secret"));
}
