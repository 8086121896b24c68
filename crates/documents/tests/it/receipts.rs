//! What is in a file: read back with `pdftotext` and `pdfinfo` of Poppler where they are installed.

use everline_documents::{Check, DocumentError, ReceiptDocument, Row, Section, pdf};
use std::process::Command;

const LINK: &str =
    "https://my.example.com/v/AQkF3s8Zk1h0cKx3m2p9Zk1h0cKx3m2p9Zk1h0cKx3m2p9Zk1h0cKx3m2p9Zk1h0cKx3m2p9Zk1h0cKx3";

fn row(label: &str, value: &str) -> Row {
    Row { label: label.to_owned(), value: value.to_owned() }
}

fn receipt() -> ReceiptDocument {
    let section = |heading: &str, rows| Section { heading: heading.to_owned(), rows };
    ReceiptDocument {
        language: "zh-CN".to_owned(),
        issuer: "青禾通信".to_owned(),
        title: "收据".to_owned(),
        number: "编号 0000000042".to_owned(),
        issued: "开具时间 2026年11月22日 18:30".to_owned(),
        issued_at: jiff::civil::date(2026, 11, 22).at(10, 30, 0, 0),
        amount: row("金额", "¥1,099.90"),
        amount_in_words: Some("大写：壹仟零玖拾玖元玖角整".to_owned()),
        sections: vec![
            section("双方", vec![row("付款人", "138****8001"), row("收款方", "王䶮𠅤龘㛃与𠮷田电讯行")]),
            section("购买内容", vec![row("商品", "手表畅联月包"), row("内容", "1\u{a0}GB · 30\u{a0}分钟")]),
        ],
        check: Some(Check {
            text: "扫描二维码可核对本收据。".to_owned(),
            link: LINK.to_owned(),
            described: "通往核对页面的二维码".to_owned(),
        }),
        notes: vec!["本收据是付款凭证，非税务发票。".to_owned()],
    }
}

/// What a program of Poppler says about a file, with these words before and behind its name; `None` where it is not
/// installed.
fn poppler(program: &str, before: &[&str], behind: &[&str], bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.pdf");
    std::fs::write(&file, bytes).unwrap();
    let Ok(output) = Command::new(program).args(before).arg(&file).args(behind).output() else {
        println!("skipped: no {program} installed");
        return None;
    };
    Some(String::from_utf8(output.stdout).unwrap())
}

fn text_of(bytes: &[u8]) -> Option<String> {
    poppler("pdftotext", &["-layout"], &["-"], bytes)
}

#[test]
fn everything_can_be_read_and_what_the_font_lacks_as_code_points() {
    let bytes = pdf(&receipt()).unwrap();
    let Some(text) = text_of(&bytes) else { return };
    for said in [
        "青禾通信",
        "编号 0000000042",
        "¥1,099.90",
        "大写：壹仟零玖拾玖元玖角整",
        "138****8001",
        "王䶮𠅤龘㛃与[U+20BB7]田电讯行",
        "1 GB · 30 分钟",
        "非税务发票",
        "1 / 1",
    ] {
        // Poppler leaves out or adds spaces between Chinese and Latin letters as it sees fit.
        let plain = |text: &str| text.replace(' ', "");
        assert!(plain(&text).contains(&plain(said)), "{said} in\n{text}");
    }
    let link: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    assert!(link.contains(LINK), "{text}");
}

#[test]
fn the_file_is_tagged_and_says_what_it_is() {
    let bytes = pdf(&receipt()).unwrap();
    let content = String::from_utf8_lossy(&bytes);
    for said in ["<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>", "/Lang (zh-CN)"] {
        assert!(content.contains(said), "{said}");
    }
    for part in ["/S /H1", "/S /H2", "/S /Table", "/S /TH", "/S /TD", "/S /Figure", "/S /Link"] {
        assert!(content.contains(part), "{part}");
    }
    let Some(info) = poppler("pdfinfo", &[], &[], &bytes) else { return };
    for said in ["收据 编号 0000000042", "Tagged:          yes", "Pages:           1", "(A4)"] {
        assert!(info.contains(said), "{said} in\n{info}");
    }
}

#[test]
fn the_same_receipt_is_the_same_bytes_and_small() {
    let (one, other) = (pdf(&receipt()).unwrap(), pdf(&receipt()).unwrap());
    assert_eq!(one, other);
    assert!(one.starts_with(b"%PDF-1.7"));
    assert!(one.len() < 60_000, "only glyphs that are used: {} bytes", one.len());
    let mut changed = receipt();
    changed.amount.value = "¥1,099.91".to_owned();
    assert_ne!(pdf(&changed).unwrap(), one);
}

#[test]
fn many_rows_go_on_over_pages_with_their_count_at_the_foot() {
    let mut long = receipt();
    let rows = (0..150).map(|n| row(&format!("第 {n} 项"), &format!("号码 172****{n:04}"))).collect();
    long.sections.push(Section { heading: "明细".to_owned(), rows });
    let bytes = pdf(&long).unwrap();
    let Some(text) = text_of(&bytes) else { return };
    let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    assert!(pages.len() >= 3, "{} pages", pages.len());
    for (place, page) in pages.iter().enumerate() {
        assert!(page.replace(' ', "").contains(&format!("{}/{}", place + 1, pages.len())), "{page}");
    }
    for n in 0..150 {
        assert_eq!(text.matches(&format!("172****{n:04}")).count(), 1, "row {n} stands there once");
    }
}

#[test]
fn no_character_keeps_a_receipt_from_being_written() {
    let mut characters = (0..=0x10_ffff_u32).step_by(31).filter_map(char::from_u32).peekable();
    while characters.peek().is_some() {
        let text: String = characters.by_ref().take(1_500).collect();
        let mut strange = receipt();
        strange.title = text.chars().take(20).collect();
        strange.sections.push(Section { heading: "字".to_owned(), rows: vec![row(&text[..0], &text)] });
        let first = u32::from(text.chars().next().unwrap());
        assert!(pdf(&strange).is_ok(), "from U+{first:04X}: {:?}", pdf(&strange).err());
    }
}

#[test]
fn a_link_that_no_code_can_hold_is_refused() {
    let mut long = receipt();
    long.check.as_mut().unwrap().link = "x".repeat(4_000);
    assert_eq!(pdf(&long), Err(DocumentError::LinkTooLong(4_000)));
}

#[test]
fn a_receipt_with_hardly_anything_is_a_page_too() {
    let bare = ReceiptDocument {
        amount_in_words: None,
        sections: vec![Section { heading: "空".to_owned(), rows: Vec::new() }],
        check: None,
        notes: Vec::new(),
        issuer: String::new(),
        ..receipt()
    };
    assert!(pdf(&bare).unwrap().starts_with(b"%PDF"));
}
