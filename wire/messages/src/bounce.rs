//! Reports of mail servers about mail that did, or did not, arrive (RFC 3464 in the form of RFC 6522), read from the whole mail.

use mail_parser::{MessageParser, MimeHeaders};

/// The longest mail that is read.
pub const MAIL_BYTES_MAX: usize = 512 * 1024;
/// Most parts of a mail, and groups of fields of a report, that are looked at.
const PARTS_MAX: usize = 50;

/// What became of a mail (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It arrived.
    Delivered,
    /// It did not, and will not.
    Failed,
    /// Anything else: it is late, or was handed on to who does not report.
    Underway,
}

/// A report about one mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The `Message-ID` of the mail, without its brackets.
    pub message_id: String,
    /// What became of it.
    pub action: Action,
    /// The status code of RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
}

/// Not a report, or none that says which mail it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a delivery status notification that names its mail")]
pub struct Unreadable;

/// Reads a report. About several people it says the worst.
///
/// # Errors
/// [`Unreadable`].
pub fn read(mail: &[u8]) -> Result<Bounce, Unreadable> {
    if mail.len() > MAIL_BYTES_MAX {
        return Err(Unreadable);
    }
    let mail = MessageParser::default().parse(mail).ok_or(Unreadable)?;
    let (mut status, mut about) = (None, None);
    for part in mail.parts.iter().take(PARTS_MAX) {
        let Some(kind) = part.content_type() else { continue };
        match (kind.ctype(), kind.subtype().unwrap_or_default()) {
            (main, "delivery-status" | "global-delivery-status") if main.eq_ignore_ascii_case("message") => {
                status = status.or_else(|| recipients(&String::from_utf8_lossy(part.contents())));
            }
            (_, "rfc822" | "rfc822-headers" | "global" | "global-headers") => {
                about = about.or_else(|| message_id(&String::from_utf8_lossy(part.contents())));
            }
            _ => {}
        }
    }
    let (action, status) = status.ok_or(Unreadable)?;
    Ok(Bounce { message_id: about.ok_or(Unreadable)?, action, status })
}

/// The worst of what the groups of fields say, each about one recipient.
fn recipients(text: &str) -> Option<(Action, Option<String>)> {
    let text = text.replace("\r\n", "\n");
    let mut worst = None;
    for group in text.split("\n\n").take(PARTS_MAX) {
        let action = match field(group, "Action").map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("failed") => Action::Failed,
            Some("delivered") => Action::Delivered,
            Some(_) => Action::Underway,
            None => continue,
        };
        let code = |text: String| text.split_whitespace().next().map(str::to_owned).filter(|code| is_status(code));
        let found = (action, field(group, "Status").and_then(code));
        match &worst {
            Some((Action::Failed, _)) => {}
            Some((Action::Underway, _)) if action != Action::Failed => {}
            _ => worst = Some(found),
        }
    }
    worst
}

/// `class.subject.detail`, as RFC 3463 §2 has it.
#[must_use]
pub fn is_status(code: &str) -> bool {
    let mut parts = code.split('.');
    let number = |part: Option<&str>, most| {
        part.is_some_and(|part| (1..=most).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let class = parts.next();
    matches!(class, Some("2" | "4" | "5"))
        && number(parts.next(), 3)
        && number(parts.next(), 3)
        && parts.next().is_none()
}

/// The `Message-ID` among the fields at the head of a mail.
fn message_id(head: &str) -> Option<String> {
    let head = head.replace("\r\n", "\n");
    let head = head.split("\n\n").find(|group| !group.trim().is_empty())?;
    let id = field(head, "Message-ID")?;
    let id = id.trim().strip_prefix('<')?.strip_suffix('>')?.to_owned();
    (id.len() <= 250 && id.chars().all(|c| c.is_ascii_graphic())).then_some(id)
}

/// The value of a field, its continuations joined.
fn field(group: &str, name: &str) -> Option<String> {
    let mut lines = group
        .lines()
        .skip_while(|line| line.split_once(':').is_none_or(|(found, _)| !found.trim_end().eq_ignore_ascii_case(name)));
    let (_, first) = lines.next()?.split_once(':')?;
    let more = lines.take_while(|line| line.starts_with([' ', '\t']));
    Some([first].into_iter().chain(more).map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REPORT: &str = "From: MAILER-DAEMON@mx.example.net\r\nTo: bounces@example.com\r\nSubject: Undelivered\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"B1\"\r\n\r\n\
        --B1\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\
        --B1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
        Final-Recipient: rfc822; nobody@example.net\r\nAction: failed\r\nStatus: 5.1.1 (bad mailbox)\r\n\
        Diagnostic-Code: smtp; 550 5.1.1\r\n User unknown\r\n\r\n\
        --B1\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID:\r\n <0192@my.example.com>\r\n\r\n--B1--\r\n";

    #[test]
    fn a_report_says_which_mail_and_why() {
        let expected = |action, status: Option<&str>| {
            Ok(Bounce { message_id: "0192@my.example.com".to_owned(), action, status: status.map(str::to_owned) })
        };
        assert_eq!(read(REPORT.as_bytes()), expected(Action::Failed, Some("5.1.1")));
        let delayed = REPORT.replace("failed", "delayed").replace("5.1.1 (", "4.4.1 (");
        assert_eq!(read(delayed.as_bytes()), expected(Action::Underway, Some("4.4.1")));
        let delivered = REPORT.replace("failed", "Delivered").replace("5.1.1 (", "nonsense (");
        assert_eq!(read(delivered.as_bytes()), expected(Action::Delivered, None));
        let whole = REPORT.replace("text/rfc822-headers", "message/rfc822");
        assert_eq!(read(whole.as_bytes()), expected(Action::Failed, Some("5.1.1")));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for bad in [
            "",
            "Subject: hello\r\n\r\nhello",
            &REPORT.replace("message/delivery-status", "text/plain"),
            &REPORT.replace("Message-ID", "X-ID"),
            &REPORT.replace("Action:", "Reaction:"),
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Unreadable), "{bad}");
        }
        assert_eq!(read(&vec![b'a'; MAIL_BYTES_MAX + 1]), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn strangers_bytes_never_panic(mail in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&mail);
        }

        #[test]
        fn damaged_reports_never_panic(at in 0..REPORT.len(), octet in any::<u8>(), cut in 0..REPORT.len()) {
            let mut mail = REPORT.as_bytes().to_vec();
            mail[at] = octet;
            mail.truncate(cut);
            let _ = read(&mail);
        }
    }
}
