//! The sections about messages: who carries them, with which secrets, and in which words.

use super::read::Table;
use super::secret::{Secret, required_secret, secret};
use super::services::{Service, host_is_near, protected, service};
use everline_app::send_message;
use everline_core::message::EmailAddress;
use everline_providers::email::MailTls;
use everline_providers::push::{PushKey, SERVICES};
use everline_providers::sms::aliyun::{AliyunTemplate, ENDPOINT};
use everline_providers::sms::smpp::{IdForm, Source};
use everline_providers::texts::{LINK, Texts};
use std::collections::BTreeMap;

/// How people are told.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    pub(crate) sms: SmsFile,
    pub(crate) email: Option<EmailFile>,
    pub(crate) push: Option<PushFile>,
    /// The brand's own texts: languages, and Fluent.
    pub(crate) texts: Vec<(String, String)>,
}

/// Who carries short messages.
#[derive(Debug, Clone)]
pub(crate) enum SmsFile {
    /// A provider that takes JSON, and the secret of the address to which it posts what people write.
    Http(Service, Option<Secret>),
    /// A message centre.
    Smpp(SmppFile),
    /// Alibaba Cloud.
    Aliyun(AliyunFile),
}

/// A message centre, with its secret as it was found.
#[derive(Debug, Clone)]
pub(crate) struct SmppFile {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Option<Option<String>>,
    pub(crate) system_id: String,
    pub(crate) password: Secret,
    pub(crate) system_type: String,
    pub(crate) source: Source,
    pub(crate) receipt_ids: IdForm,
    pub(crate) window: usize,
    pub(crate) per_second: u32,
    pub(crate) enquire_s: u64,
}

/// An account with Alibaba Cloud, with its secrets as they were found.
#[derive(Debug, Clone)]
pub(crate) struct AliyunFile {
    pub(crate) endpoint: String,
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: Secret,
    pub(crate) sign_names: BTreeMap<String, String>,
    pub(crate) templates: BTreeMap<(String, String), AliyunTemplate>,
    pub(crate) report_secret: Option<Secret>,
}

/// A mail server, with its secrets as they were found.
#[derive(Debug, Clone)]
pub(crate) struct EmailFile {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: MailTls,
    pub(crate) roots: Option<String>,
    pub(crate) login: Option<(String, Secret)>,
    pub(crate) from: EmailAddress,
    pub(crate) report_secret: Option<Secret>,
}

/// Notices in browsers, with the key as it was found.
#[derive(Debug, Clone)]
pub(crate) struct PushFile {
    pub(crate) private_key: Secret,
    pub(crate) contact: String,
    pub(crate) services: Vec<String>,
}

/// All of them.
pub(super) fn messages(root: &Table<'_>) -> Option<Messages> {
    let http = root.has("sms").then(|| root.within("sms", http));
    let smpp = root.has("smpp").then(|| root.within("smpp", smpp).map(SmsFile::Smpp));
    let aliyun = root.has("aliyun_sms").then(|| root.within("aliyun_sms", aliyun).map(SmsFile::Aliyun));
    let mut carriers = [http, smpp, aliyun].into_iter().flatten();
    let (sms, second) = (carriers.next(), carriers.next());
    if sms.is_none() {
        root.missing("sms", "or [smpp] or [aliyun_sms]: who carries short messages");
    }
    if second.is_some() {
        root.wrong("sms", "one of [sms], [smpp] and [aliyun_sms], not several: a message goes one way");
    }
    let email = root.has("email").then(|| root.within("email", email));
    let push = root.has("push").then(|| root.within("push", push));
    let texts = root.within("messages", texts);
    Some(Messages {
        sms: sms??,
        email: email.map_or(Some(None), |found| found.map(Some))?,
        push: push.map_or(Some(None), |found| found.map(Some))?,
        texts,
    })
}

fn texts(table: &Table<'_>) -> Vec<(String, String)> {
    table.within("texts_files", |files| {
        let mut all = Vec::new();
        for tag in ["zh-CN", "en"] {
            let Some(path) = files.path(tag) else { continue };
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => {
                    files.wrong(tag, format_args!("cannot read {}: {error}", path.display()));
                    continue;
                }
            };
            let own = [(tag.to_owned(), text)];
            match Texts::load("", &own) {
                Ok(_) => all.extend(own),
                Err(mistakes) => mistakes.iter().for_each(|mistake| files.wrong(tag, mistake)),
            }
        }
        all
    })
}

/// Roots in a file of PEM.
fn roots(table: &Table<'_>) -> Option<String> {
    let path = table.path("root_file")?;
    match std::fs::read_to_string(&path) {
        Ok(text) if text.contains("BEGIN CERTIFICATE") => Some(text),
        Ok(_) => {
            table.wrong("root_file", format_args!("{} holds no certificate in PEM", path.display()));
            None
        }
        Err(error) => {
            table.wrong("root_file", format_args!("cannot read {}: {error}", path.display()));
            None
        }
    }
}

/// A host without anything around it.
fn host(table: &Table<'_>, what: &str) -> Option<String> {
    table.required_parsed("host", what, |host| {
        let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
        if plain { Ok(host.to_owned()) } else { Err(format!("{host:?}: a host alone expected, without port or path")) }
    })
}

fn port(table: &Table<'_>, usual: u16) -> u16 {
    u16::try_from(table.number("port", 1..=65_535, i64::from(usual))).unwrap_or(usual)
}

fn http(table: &Table<'_>) -> Option<SmsFile> {
    let (service, report_secret) = (service(table, "url"), hook_secret(table));
    Some(SmsFile::Http(service?, report_secret))
}

fn smpp(table: &Table<'_>) -> Option<SmppFile> {
    let host = host(table, "the message centre's host");
    let port = port(table, 2_775);
    let roots = roots(table);
    let tls = table.word("tls", &[("on", true), ("off", false)]).unwrap_or(true);
    if !tls && host.as_deref().is_some_and(|host| !host_is_near(host)) {
        table.wrong(
            "tls",
            "\"off\" only towards an address of a private network: the password would travel in the clear",
        );
    }
    let fits = |max: usize| {
        move |text: &str| match text.len() <= max && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(text.to_owned()),
            false => Err(format!("at most {max} characters of ASCII, without spaces")),
        }
    };
    let system_id = table.required_parsed("system_id", "the name that you were given", fits(15));
    let password = required_secret(table, "password", "the password that you were given");
    if let Some(password) = &password
        && fits(8)(password.reveal()).is_err()
    {
        table.wrong("password", format_args!("{}: at most 8 characters of ASCII", password.from()));
    }
    let system_type = table.parsed("system_type", fits(12)).unwrap_or_default();
    let source = table.required_parsed("source", "whom messages are from", Source::parse);
    let forms = [("same", IdForm::Same), ("decimal", IdForm::DecimalReceipt), ("hexadecimal", IdForm::HexReceipt)];
    let receipt_ids = table.word("receipt_ids", &forms).unwrap_or_default();
    let window = usize::try_from(table.number("window", 1..=1_000, 10)).unwrap_or(10);
    let per_second = u32::try_from(table.number("per_second", 0..=10_000, 0)).unwrap_or(0);
    let enquire_s = table.number("enquire_s", 5..=600, 30).unsigned_abs();
    Some(SmppFile {
        host: host?,
        port,
        tls: tls.then_some(roots),
        system_id: system_id?,
        password: password?,
        system_type,
        source: source?,
        receipt_ids,
        window,
        per_second,
        enquire_s,
    })
}

/// `language template code parameters…`, as one text.
fn template(entry: &str) -> Result<((String, String), AliyunTemplate), String> {
    let mut words = entry.split_whitespace().map(str::to_owned);
    let (Some(language), Some(name), Some(code)) = (words.next(), words.next(), words.next()) else {
        return Err(format!("{entry:?}: a language, a template, its code and its parameters expected"));
    };
    if !Texts::languages().any(|known| known == language) {
        let known: Vec<&str> = Texts::languages().collect();
        return Err(format!("{entry:?}: {language} is no language of messages: {}", known.join(", ")));
    }
    let known = send_message::parameters(&name);
    if known.is_empty() {
        return Err(format!("{entry:?}: {name} is no template"));
    }
    let parameters: Vec<String> = words.collect();
    let stranger =
        parameters.iter().find(|parameter| *parameter != LINK && !known.iter().any(|known| known == parameter));
    if let Some(stranger) = stranger {
        return Err(format!("{entry:?}: {name} has no parameter {stranger}: {}, {LINK}", known.join(", ")));
    }
    Ok(((language, name), AliyunTemplate { code, parameters }))
}

fn aliyun(table: &Table<'_>) -> Option<AliyunFile> {
    let endpoint = table.parsed("endpoint", protected);
    let endpoint = endpoint.or_else(|| (!table.has("endpoint")).then(|| ENDPOINT.to_owned()));
    let access_key_id = table.required("access_key_id", "the access key's name, LTAI…").map(str::to_owned);
    let access_key_secret = required_secret(table, "access_key_secret", "the access key's secret");
    if !table.has("sign_names") {
        table.missing("sign_names", "whom messages are from, as it was approved, by language");
    }
    let sign_names: BTreeMap<String, String> = table.within("sign_names", |names| {
        let of =
            |tag| names.text(tag).filter(|name| !name.trim().is_empty()).map(|name| (tag.to_owned(), name.to_owned()));
        ["zh-CN", "en"].into_iter().filter_map(of).collect()
    });
    let templates: BTreeMap<_, _> = table.list("templates", template).into_iter().collect();
    for language in sign_names.keys() {
        let lacks = |name: &&str| !templates.contains_key(&(language.clone(), (*name).to_owned()));
        let by_sms = |name: &&str| *name != send_message::MAILBOX_CODE;
        let missing: Vec<&str> = send_message::templates().filter(by_sms).filter(lacks).collect();
        if !missing.is_empty() {
            table.wrong("templates", format_args!("{language} lacks {}", missing.join(", ")));
        }
    }
    let report_secret = hook_secret(table);
    Some(AliyunFile {
        endpoint: endpoint?,
        access_key_id: access_key_id?,
        access_key_secret: access_key_secret?,
        sign_names,
        templates,
        report_secret,
    })
}

/// The secret in the address that reports are sent to.
fn hook_secret(table: &Table<'_>) -> Option<Secret> {
    let secret = secret(table, "report_secret")?;
    let fits = secret.reveal().len() >= 16
        && secret.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !fits {
        let from = secret.from();
        table
            .wrong("report_secret", format_args!("{from}: at least 16 letters and digits: it is a part of an address"));
    }
    Some(secret)
}

fn email(table: &Table<'_>) -> Option<EmailFile> {
    let host = host(table, "the mail server's host");
    let words = [("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit), ("none", MailTls::None)];
    let tls = table.word("tls", &words).unwrap_or(MailTls::StartTls);
    let port = port(table, if tls == MailTls::Implicit { 465 } else { 587 });
    if tls == MailTls::None && host.as_deref().is_some_and(|host| !host_is_near(host)) {
        table.wrong("tls", "\"none\" only towards this machine or an address of a private network");
    }
    let roots = roots(table);
    let user = table.text("user").map(str::to_owned);
    let password = secret(table, "password");
    if user.is_some() != table.has("password") {
        table.wrong("user", "user and password: both, or neither");
    }
    let from = table.required_parsed("from", "whom mail is from", EmailAddress::parse);
    let report_secret = hook_secret(table);
    Some(EmailFile { host: host?, port, tls, roots, login: user.zip(password), from: from?, report_secret })
}

fn push(table: &Table<'_>) -> Option<PushFile> {
    let private_key = required_secret(table, "private_key", "32 bytes in base64url; `everline init` makes one");
    if let Some(key) = &private_key
        && let Err(error) = PushKey::parse(key.reveal())
    {
        table.wrong("private_key", format_args!("{}: {error}", key.from()));
    }
    let contact =
        table.required_parsed("contact", "whom a push service can write to, mailto:… or https://…", |text| {
            match text.strip_prefix("mailto:") {
                Some(address) => {
                    EmailAddress::parse(address).map(|_| text.to_owned()).map_err(|error| error.to_string())
                }
                None => super::services::base_url(text),
            }
        });
    let services = table.list("services", |host| {
        let rest = host.strip_prefix("*.").unwrap_or(host);
        let fits = rest.contains('.')
            && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'));
        if fits {
            Ok(host.to_owned())
        } else {
            Err(format!("{host:?}: a host like push.example.com or *.example.com expected"))
        }
    });
    let services = if table.has("services") { services } else { SERVICES.map(str::to_owned).to_vec() };
    Some(PushFile { private_key: private_key?, contact: contact?, services })
}
