//! Setting up, and commands beside a server that has the store.

use crate::rig::{Brandland, Node, Wishes, run, shown, text, until};
use everline_store::{SqliteOptions, Store};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_makes_everything_once_and_says_what_remains() {
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    let store = folder.path().join("lib/everline.sqlite");
    let args = [
        "init",
        "--yes",
        "--folder",
        shown(&etc),
        "--sqlite",
        shown(&store),
        "--name-zh",
        "测试\"通信",
        "--name-en",
        "Test",
        "--public-url",
        "https://my.test.example/",
        "--staff-login",
        "zhou.hang",
        "--staff-name",
        "周航",
        "--link",
        "Licence=https://www.example.com/licence",
        "--currency",
        "CNY",
        "--hotline",
        "10010",
        "--iot-numbers",
        "1440xxxxxxxxx,1064xxxxxxxxx",
        "--terms-en",
        "terms.en.txt",
    ];
    let first = run(&args);
    assert!(first.status.success(), "{}", text(&first));
    let said = text(&first);
    assert!(said.contains("https://my.test.example/desk/set-up/"), "{said}");
    assert!(said.contains("alipay.gateway_key_file: cannot read"), "{said}");
    for (file, expected) in [("secrets", 0o700), ("secrets/master.key", 0o600), ("secrets/alipay-merchant.key", 0o600)]
    {
        assert_eq!(mode(&etc.join(file)), expected, "{file}");
    }
    assert_eq!(mode(&store), 0o600);

    let config = etc.join("everline.toml");
    let written = fs::read_to_string(&config).unwrap();
    for expected in [
        "测试\\\"通信",
        "# The merchant's account",
        "\nsubscriber = [\"1xxxxxxxxxx\"]\n",
        "\niot = [\"1440xxxxxxxxx\", \"1064xxxxxxxxx\"]\n",
        "\nterms_files = { en = \"terms.en.txt\" }\n",
    ] {
        assert!(written.contains(expected), "{expected} in {written}");
    }
    assert!(said.contains("brand.terms_files.en: cannot read"), "{said}");
    fs::write(etc.join("terms.en.txt"), "What we promise.\n").unwrap();
    let kept = (written, fs::read_to_string(etc.join("secrets/master.key")).unwrap());
    // What remains is put where the configuration says; then running it again finds a brand that is complete.
    fs::copy(etc.join("alipay-merchant.pub"), etc.join("alipay-gateway.pub")).unwrap();
    for token in ["sms.token", "network.token", "upstream.token"] {
        fs::write(etc.join("secrets").join(token), "t0ken").unwrap();
        fs::set_permissions(etc.join("secrets").join(token), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let again = run(&args);
    let said = text(&again);
    assert!(again.status.success() && said.contains("stays as it is") && said.contains("members already"), "{said}");
    assert!(!said.contains("/desk/set-up/"), "{said}");
    assert_eq!(
        kept,
        (fs::read_to_string(&config).unwrap(), fs::read_to_string(etc.join("secrets/master.key")).unwrap())
    );
    let check = run(&["config", "check", "--config", shown(&config)]);
    let said = text(&check);
    assert!(
        check.status.success()
            && said.contains("nothing is wrong")
            && said.contains("测试\"通信 / Test")
            && said.contains("1440xxxxxxxxx"),
        "{said}"
    );
    assert!(!said.contains("t0ken") && !said.contains(kept.1.trim()), "{said}");
    let staff = run(&["staff", "--config", shown(&config), "list"]);
    assert!(text(&staff).contains("zhou.hang") && text(&staff).contains("invited"), "{}", text(&staff));
}

#[test]
fn init_asks_and_takes_what_is_usual() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::rig::everline(&["init", "--folder", shown(folder.path()), "--sqlite", "s.sqlite"]);
    let piped = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = piped.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let answers = "甲\nA Brand\nhttp://localhost:8800\nfr\nen\nNo/Where\nUTC\nXXQ\nCNY\n\n\n\n\n\n";
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Numbers of people, - for any [1xxxxxxxxxx]"), "{said}");
    for asked in ["Time zone [Asia/Shanghai]", "\"No/Where\" is no IANA time zone", "\"fr\" is no language", "XXQ"] {
        assert!(said.contains(asked), "{asked} in {said}");
    }
    let config = fs::read_to_string(folder.path().join("everline.toml")).unwrap();
    assert!(config.contains("time_zone = \"UTC\"") && config.contains("languages = [\"en\"]"), "{config}");
}

// The sandbox answers on a thread of its own while a command is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_reach_a_store_that_is_being_served() {
    let land = Brandland::new().await;
    let store = Store::open_sqlite(land.store_file(), SqliteOptions::default()).await.unwrap();
    crate::rig::fill(&store, everline_core::line::NetworkKind::BuiltIn, "13900000001", 1).await;
    store.close().await;
    let written = land.write("node", &Wishes::default());
    let mut node = Node::start(&land, &written).await;
    let socket = land.folder.path().join("store.sqlite.sock");
    assert_eq!(mode(&socket), 0o600);

    let file = land.store_file();
    for place in [["--sqlite", shown(&file)], ["--config", shown(&written.file)]] {
        let verified = run(&[&["verify"], &place[..]].concat());
        let said = text(&verified);
        assert!(
            verified.status.success() && said.contains("beside the server") && said.contains("nothing is wrong"),
            "{said}"
        );
        let shown = run(&[&["line", "show", "17280000000"], &place[..]].concat());
        assert!(text(&shown).contains("17280000000"), "{}", text(&shown));
    }
    let out = land.folder.path().join("lines.csv");
    let exported = run(&["export", "lines", "--config", shown(&written.file), shown(&out)]);
    let rows = fs::read_to_string(&out).unwrap();
    assert!(exported.status.success() && text(&exported).contains("beside the server"), "{}", text(&exported));
    assert!(rows.lines().count() == 2 && rows.contains("17280000000"), "{rows}");
    let judged = run(&["import", "lines", "--config", shown(&written.file), "--dry-run", shown(&out)]);
    assert!(judged.status.success() && text(&judged).contains("1 already there"), "{}", text(&judged));
    let refused = run(&["import", "lines", "--config", shown(&written.file), shown(&out)]);
    assert!(text(&refused).contains("stop the server for the import"), "{}", text(&refused));

    let config = ["--config", shown(&written.file)];
    let staff = |args: &[&str]| run(&[&["staff"], &config[..], args].concat());
    let added = staff(&["add", "he.jing", "--name", "何静", "--role", "operator"]);
    let link = text(&added).lines().next().unwrap().to_owned();
    assert!(added.status.success() && link.starts_with(&format!("{}/desk/set-up/", node.url)), "{}", text(&added));
    let refused = staff(&["add", "he.jing", "--name", "何静"]);
    assert!(refused.status.code() == Some(1) && text(&refused).contains("login: taken"), "{}", text(&refused));

    // The link works at the server that is running.
    let visitor = reqwest::Client::builder().cookie_store(true).no_proxy().build().unwrap();
    let page = visitor.get(&link).send().await.unwrap().text().await.unwrap();
    let csrf = page.split("name=\"_csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let password = "a password of some length";
    let form = [("_csrf", csrf.as_str()), ("password", password), ("again", password)];
    let desk = visitor.post(&link).form(&form).send().await.unwrap();
    assert_eq!(desk.url().path(), "/desk/sign-in/set-up", "a password alone opens nothing");
    assert!(text(&staff(&["list"])).contains("active"));
    let line = |args: &[&str]| {
        run(&[&["line"], args, &config[..], &["--by", "he.jing", "--reason", "她打来电话", "17280000000"]].concat())
    };
    for (args, said) in [
        (&["suspend"][..], "17280000000: suspended_barred"),
        (&["suspend"], "17280000000: the line is barred"),
        (&["lost"], "17280000000: the line is barred"),
        (&["resume"], "17280000000: silent"),
        (&["lost"], "17280000000: suspended_lost"),
        (&["found"], "17280000000: silent"),
        (&["keep-number"], "17280000000: number_kept"),
        (&["bring-back"], "17280000000: the line has no plan: renew it"),
        (&["end-test"], "17280000000: the line is not under test"),
        (&["hand-over", "--for", "test"], "17280000000: the line is not in stock"),
        (&["terminate"], "17280000000: terminated"),
    ] {
        let done = line(args);
        assert_eq!(text(&done).trim_end(), said, "{args:?}");
        assert_eq!(done.status.success(), !said.contains("the line "), "{args:?}");
    }
    let unsigned = run(&[&["line", "suspend"], &config[..], &["17280000000", "--by", "he.jing"]].concat());
    assert!(unsigned.status.code() == Some(2) && text(&unsigned).contains("--reason"), "{}", text(&unsigned));
    let history = run(&["line", "show", "17280000000", "--config", shown(&written.file)]);
    assert!(text(&history).contains("suspended_lost, report_lost by he.jing: 她打来电话"), "{}", text(&history));
    vouchers_and_statements(land.folder.path(), shown(&written.file));
    audit_log(land.folder.path(), shown(&written.file));
    assert!(staff(&["disable", "he.jing"]).status.success());
    let desk = visitor.get(format!("{}/desk", node.url)).send().await.unwrap();
    assert_eq!(desk.url().path(), "/desk/sign-in");
    let reconcile =
        |provider, day| run(&[&["reconcile"], &config[..], &["--provider", provider, "--day", day]].concat());
    for (provider, day, says, fine) in [
        ("alipay", "2025-01-02", "0 lines; 0 agree now", true),
        ("alipay", "2099-01-02", "the bill is not made yet", false),
        ("alipay", "2025-02-30", "--day: not a day", false),
        ("paypal", "2025-01-02", "--provider: use alipay, wechat or stripe", false),
    ] {
        let done = reconcile(provider, day);
        assert!(text(&done).contains(says) && done.status.success() == fine, "{}", text(&done));
    }
    let accepted = run(&[&["accept-time"], &config[..]].concat());
    assert!(accepted.status.success(), "{}", text(&accepted));

    node.signal("KILL");
    node.ends().await;
    // A socket that was left behind is no hindrance, neither to commands nor to the next server.
    assert!(socket.exists() && staff(&["list"]).status.success());
    let mut node = Node::start(&land, &written).await;
    until("a command through the new server", async || staff(&["list"]).status.success().then_some(())).await;
    node.signal("TERM");
    assert!(node.ends().await.success());
}

/// Codes are made here and only their hashes go to the server; so do lines of a statement.
/// The log of what was done: its end, the whole as a file, and what `check` says of it.
fn audit_log(folder: &std::path::Path, config: &str) {
    let head = run(&["audit", "head", "--config", config]);
    let head = String::from_utf8(head.stdout).unwrap().trim().to_owned();
    let (count, _) = head.split_once(':').unwrap();
    assert!(count.parse::<u32>().unwrap() > 5, "{head}");
    let file = folder.join("audit.jsonl");
    let export = ["audit", "export", "--config", config, "--to", shown(&file)];
    let written = run(&export);
    assert!(written.status.success() && text(&written).contains(&head), "{}", text(&written));
    let again = run(&export);
    assert!(!again.status.success(), "no file is written over: {}", text(&again));
    let check = |more: &[&str]| run(&[&["audit", "check", shown(&file)], more].concat());
    assert!(check(&["--head", &head]).status.success(), "{}", text(&check(&["--head", &head])));
    let verify = |head: &str| run(&["verify", "--config", config, "--audit-head", head]);
    assert!(verify(&head).status.success(), "{}", text(&verify(&head)));
    let longer = head.replacen(count, "9999", 1);
    assert!(text(&verify(&longer)).contains("it was noted, and is not there"), "{}", text(&verify(&longer)));
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, whole.replacen("spring", "summer", 1)).unwrap();
    let changed = check(&[]);
    assert!(changed.status.code() == Some(1) && text(&changed).contains("it was changed"), "{}", text(&changed));
    std::fs::write(&file, whole.lines().take(3).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    assert!(check(&[]).status.success(), "a file that is cut off is whole in itself");
    assert!(text(&check(&["--head", &head])).contains("is not part of it"), "{}", text(&check(&["--head", &head])));
}

fn vouchers_and_statements(folder: &std::path::Path, config: &str) {
    let file = folder.join("spring.csv");
    let make = |name: &str, file: &std::path::Path, by: &str| {
        let args = ["voucher", "make", "--config", config, "--batch", name, "--kind", "paid", "--amount", "20"];
        let more = ["--count", "900", "--expires", "2099-12-31", "--out", shown(file), "--by", by];
        run(&[&args[..], &more[..]].concat())
    };
    let nobody = make("spring", &file, "nobody");
    assert!(!nobody.status.success() && text(&nobody).contains("by: no active staff member"), "{}", text(&nobody));
    let made = make("spring", &file, "he.jing");
    assert!(made.status.success() && text(&made).contains("900 vouchers of 20.00"), "{}", text(&made));
    assert_eq!(mode(&file), 0o600);
    let codes = fs::read_to_string(&file).unwrap();
    assert_eq!((codes.lines().count(), codes.lines().next()), (901, Some("code,amount,currency,expires")));
    let one = codes.lines().nth(1).unwrap().split(',').next().unwrap();
    assert!(everline_core::voucher::Code::parse(one).is_ok(), "{one}");
    let other = folder.join("again.csv");
    let again = make("spring", &other, "he.jing");
    assert!(!again.status.success() && text(&again).contains("another batch has this name"), "{}", text(&again));
    assert!(!other.exists());
    let kept = make("summer", &file, "he.jing");
    assert!(text(&kept).contains("exists already") && fs::read_to_string(&file).unwrap() == codes, "{}", text(&kept));
    let listed = text(&run(&["voucher", "list", "--config", config]));
    assert!(listed.contains("spring") && listed.contains("active") && listed.contains("2099-12-31"), "{listed}");
    let stopped = run(&["voucher", "stop", "spring", "--config", config, "--by", "he.jing"]);
    assert!(text(&stopped).contains("0 were redeemed, 900 cannot be any more"), "{}", text(&stopped));

    let statement = folder.join("november.csv");
    fs::write(
        &statement,
        "交易日期,金额,对方户名,附言,流水号\n2026-11-22,39,顺达冷链,套餐费,A1\n2026-11-22,-5,税务局,,A2\n",
    )
    .unwrap();
    let import =
        |dry: &[&str]| text(&run(&[&["import", "statement", "--config", config], dry, &[shown(&statement)]].concat()));
    let said = "2 lines: 0 would be matched, 0 payouts, 1 would be unmatched, 0 known already, 1 went out, 0 refused";
    assert_eq!(import(&["--dry-run"]).trim_end(), said);
    for _ in 0..2 {
        assert_eq!(import(&[]).trim_end(), said.replace("would be ", ""));
    }
    let waiting = text(&run(&["statement", "unmatched", "--config", config]));
    assert!(waiting.contains("顺达冷链, 套餐费") && !waiting.contains("税务局"), "{waiting}");
    let payouts = text(&run(&["statement", "payouts", "--config", config]));
    assert_eq!(payouts.trim_end(), "date        amount        provider    number");
    let matched = run(&["statement", "match", "A1", "--config", config, "--order", "2026", "--by", "he.jing"]);
    assert!(!matched.status.success() && text(&matched).contains("no such order"), "{}", text(&matched));
    let refund =
        run(&["refund", "done", "2026", "--config", config, "--amount", "1", "--bank-id", "X", "--by", "he.jing"]);
    assert!(!refund.status.success() && text(&refund).contains("no such order"), "{}", text(&refund));
    let verified = run(&["verify", "--config", config]);
    assert!(verified.status.success() && text(&verified).contains("900  vouchers"), "{}", text(&verified));
}
