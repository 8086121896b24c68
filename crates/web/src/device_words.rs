//! Words by which people recognise a browser of theirs: what it is and what it runs on. Two words are kept, never the
//! header, which says far more.

use crate::texts::{Arg, Lang};

/// Browsers, with what their headers contain; the first that fits: most claim to be several.
const BROWSERS: [(&str, &[&str], &str); 12] = [
    ("wechat", &["MicroMessenger"], "device-wechat"),
    ("alipay", &["AlipayClient"], "device-alipay"),
    ("edge", &["Edg/", "EdgA/", "EdgiOS/"], "device-edge"),
    ("opera", &["OPR/", "Opera"], "device-opera"),
    ("samsung", &["SamsungBrowser"], "device-samsung"),
    ("huawei", &["HuaweiBrowser"], "device-huawei"),
    ("qq", &["MQQBrowser", "QQBrowser"], "device-qq"),
    ("uc", &["UCBrowser", "Quark"], "device-uc"),
    ("firefox", &["Firefox/", "FxiOS/"], "device-firefox"),
    ("chrome", &["CriOS/", "Chrome/", "Chromium/"], "device-chrome"),
    ("safari", &["Safari/"], "device-safari"),
    ("program", &[], "device-program"),
];
const SYSTEMS: [(&str, &[&str], &str); 7] = [
    ("harmony", &["HarmonyOS", "OpenHarmony"], "device-harmony"),
    ("iphone", &["iPhone"], "device-iphone"),
    ("ipad", &["iPad"], "device-ipad"),
    ("android", &["Android"], "device-android"),
    ("windows", &["Windows"], "device-windows"),
    ("mac", &["Macintosh", "Mac OS"], "device-mac"),
    ("linux", &["Linux", "X11"], "device-linux"),
];

fn first(all: &[(&'static str, &[&str], &str)], header: &str) -> &'static str {
    let fits = |row: &&(&'static str, &[&str], &str)| row.1.iter().any(|mark| header.contains(mark));
    all.iter().find(fits).map_or("other", |row| row.0)
}

/// The words to keep of a `User-Agent` (RFC 9110 §10.1.5).
pub(crate) fn words(user_agent: &str) -> String {
    format!("{} {}", first(&BROWSERS, user_agent), first(&SYSTEMS, user_agent))
}
/// The words for whoever signs in over the API.
pub(crate) const PROGRAM: &str = "program other";

/// What people read: `Chrome · Android`.
pub(crate) fn shown(lang: Lang, words: &str) -> String {
    let (browser, system) = words.split_once(' ').unwrap_or((words, ""));
    let text = |all: &[(&str, &[&str], &'static str)], word: &str| {
        all.iter().find(|row| row.0 == word).map(|row| lang.get(row.2))
    };
    match (text(&BROWSERS, browser), text(&SYSTEMS, system)) {
        (Some(browser), Some(system)) => {
            lang.with("device-on", &[("browser", Arg::Text(&browser)), ("system", Arg::Text(&system))])
        }
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => lang.get("device-other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        for (header, expected) in [
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36",
                "chrome android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "safari iphone",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50",
                "wechat iphone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
                "edge windows",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "firefox linux"),
            (
                "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0 Safari/537.36 HuaweiBrowser/5.0",
                "huawei harmony",
            ),
            ("curl/8.5", "other other"),
            ("", "other other"),
        ] {
            assert_eq!(words(header), expected, "{header}");
        }
        assert_eq!(shown(Lang::En, "chrome android"), "Chrome on Android");
        assert_eq!(shown(Lang::ZhCn, "wechat iphone"), "微信 · iPhone");
        assert_eq!(shown(Lang::En, "other other"), "Unknown device");
        assert_eq!(shown(Lang::En, ""), "Unknown device");
        assert_eq!(shown(Lang::En, PROGRAM), "A program");
        assert_eq!(shown(Lang::En, "<b> x"), "Unknown device", "only words of ours are shown");
    }
}
