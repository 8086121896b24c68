//! What `everline init` must know: flags, questions for what they leave open, and what is usual.

use super::beside;
use crate::config::{Place, Secret};
use everline_core::brand::{Brand, FamilyRules, Localized};
use everline_core::money::Currency;
use everline_core::number_plan::{NumberPattern, NumberPlan};
use everline_core::offering::Family;
use everline_core::time::Zone;
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What the command line says. What it leaves out is asked for, or with `--yes` as usual.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder for the configuration and its secrets
    #[arg(long, default_value = "/etc/everline")]
    pub(crate) folder: PathBuf,
    /// Ask nothing: take what is usual for what is not said
    #[arg(long)]
    pub(crate) yes: bool,
    /// The brand's name in Chinese
    #[arg(long)]
    name_zh: Option<String>,
    /// The brand's name in English
    #[arg(long)]
    name_en: Option<String>,
    /// What customers open, like https://my.example.com
    #[arg(long)]
    public_url: Option<String>,
    /// Languages of the pages, the first is the usual one
    #[arg(long, value_delimiter = ',')]
    languages: Vec<String>,
    /// IANA time zone
    #[arg(long)]
    time_zone: Option<String>,
    /// Currency of prices and accounts
    #[arg(long)]
    currency: Option<String>,
    /// Country calling code
    #[arg(long)]
    calling_code: Option<String>,
    /// Numbers of people: digits, x for any, like 1xxxxxxxxxx; several with commas; - for any number
    #[arg(long)]
    subscriber_numbers: Option<String>,
    /// Numbers of things, in the same way
    #[arg(long)]
    iot_numbers: Option<String>,
    /// Number of the hotline
    #[arg(long)]
    hotline: Option<String>,
    /// When somebody answers the hotline
    #[arg(long)]
    hotline_hours: Option<String>,
    /// Organisation credit code of the payee
    #[arg(long)]
    credit_code: Option<String>,
    /// Version of the terms
    #[arg(long)]
    terms_version: Option<String>,
    /// File with the text of the terms in Chinese; - for none
    #[arg(long)]
    terms_zh: Option<String>,
    /// File with the text of the terms in English; - for none
    #[arg(long)]
    terms_en: Option<String>,
    /// An official page at the foot of every page: NAME=URL; may be said several times
    #[arg(long = "link")]
    links: Vec<String>,
    /// The SQLite file of the store
    #[arg(long, conflicts_with = "postgres")]
    sqlite: Option<String>,
    /// The connection string of a PostgreSQL store; kept in a file of its own
    #[arg(long)]
    postgres: Option<String>,
    /// Login of the first staff member
    #[arg(long, default_value = "operator")]
    pub(crate) staff_login: String,
    /// Name of the first staff member
    #[arg(long, default_value = "Operator")]
    pub(crate) staff_name: String,
}

/// Everything, checked.
pub(super) struct Answers {
    pub(super) public_url: String,
    pub(super) languages: Vec<String>,
    pub(super) brand: Brand,
    pub(super) links: Vec<(String, String)>,
    /// The terms' files by language.
    pub(super) terms_files: Vec<(&'static str, String)>,
    pub(super) sqlite: String,
    pub(super) postgres: Option<String>,
}

impl Answers {
    /// Where the store is.
    pub(super) fn place(&self, folder: &Path) -> Result<Place, String> {
        match &self.postgres {
            Some(_) => Ok(Place::Postgres(Secret::from_file(&folder.join("secrets/postgres"))?)),
            None => Ok(Place::Sqlite(beside(folder, &self.sqlite))),
        }
    }
}

/// Asks on the terminal, or takes what is usual.
struct Asker {
    asks: bool,
}

impl Asker {
    /// The flag, or an answer that `parse` takes, or what is usual.
    fn get<T>(
        &self,
        flag: Option<String>,
        question: &str,
        usual: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        if let Some(said) = flag {
            return parse(said.trim()).map_err(|what| format!("{question}: {what}"));
        }
        if !self.asks {
            return parse(usual);
        }
        loop {
            eprint!("{question} [{usual}]: ");
            let _ = std::io::stderr().flush();
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| error.to_string())?;
            let said = if line.trim().is_empty() { usual } else { line.trim() };
            match parse(said) {
                Ok(value) => return Ok(value),
                Err(what) if read == 0 => return Err(format!("{question}: {what}")),
                Err(what) => eprintln!("  {what}"),
            }
        }
    }
}

fn text(said: &str) -> Result<String, String> {
    if said.is_empty() || said.contains(char::is_control) { Err("a text".to_owned()) } else { Ok(said.to_owned()) }
}

/// Asks what must be known.
pub(super) fn ask(options: &Options) -> Result<Answers, String> {
    if !options.yes && !std::io::stdin().is_terminal() {
        eprintln!("everline init: no terminal to ask at; reading answers from the standard input");
    }
    let asker = Asker { asks: !options.yes };
    let zh = asker.get(options.name_zh.clone(), "Name of the brand in Chinese", "青禾通信", text)?;
    let en = asker.get(options.name_en.clone(), "Name of the brand in English", "Qinghe Mobile", text)?;
    let public_url = asker.get(
        options.public_url.clone(),
        "Address that customers open",
        "https://my.example.com",
        crate::config::base_url,
    )?;
    let said = Some(options.languages.join(",")).filter(|said| !said.is_empty());
    let languages = asker.get(said, "Languages of the pages, the usual one first", "zh-CN,en", languages)?;
    let brand = brand(options, &asker, Localized::zh_en(&zh, &en))?;
    let terms = |flag: &Option<String>, question| asker.get(flag.clone(), question, "-", text);
    let terms_files = [
        ("zh-CN", terms(&options.terms_zh, "File with the terms in Chinese, - for none")?),
        ("en", terms(&options.terms_en, "File with the terms in English, - for none")?),
    ];
    let terms_files = terms_files.into_iter().filter(|(_, file)| file != "-").collect();
    let links = options.links.iter().map(|link| match link.split_once('=') {
        Some((name, url)) => Ok((text(name)?, crate::config::base_url(url)?)),
        None => Err(format!("--link {link}: NAME=URL expected")),
    });
    let links = links.collect::<Result<Vec<_>, String>>()?;
    let postgres = options.postgres.clone();
    let sqlite = match &postgres {
        Some(_) => String::new(),
        None => asker.get(options.sqlite.clone(), "File of the store", "/var/lib/everline/everline.sqlite", text)?,
    };
    Ok(Answers { public_url, languages, brand, links, terms_files, sqlite, postgres })
}

fn languages(said: &str) -> Result<Vec<String>, String> {
    let known = everline_web::WebConfig::known_languages();
    let tags = said.split(',').map(str::trim).map(|tag| {
        let found = known.contains(&tag).then(|| tag.to_owned());
        found.ok_or_else(|| format!("{tag:?} is no language of this program: {}", known.join(", ")))
    });
    tags.collect()
}

/// Patterns of numbers; `-` is none, and so any number.
fn patterns(said: &str) -> Result<Vec<NumberPattern>, String> {
    let texts = said.split(',').map(str::trim).filter(|text| *text != "-");
    texts.map(|text| text.parse().map_err(|error| format!("{text:?} is {error}"))).collect()
}

fn brand(options: &Options, asker: &Asker, name: Localized) -> Result<Brand, String> {
    let zone = |said: &str| match Zone::named(said) {
        Ok(_) => Ok(said.to_owned()),
        Err(_) => Err(format!("{said:?} is no IANA time zone")),
    };
    let currency = |said: &str| said.parse::<Currency>().map_err(|error| error.to_string());
    let calling = |said: &str| match said.len() {
        1..=3 if said.bytes().all(|byte| byte.is_ascii_digit()) => Ok(said.to_owned()),
        _ => Err("one to three digits".to_owned()),
    };
    let time_zone = asker.get(options.time_zone.clone(), "Time zone", "Asia/Shanghai", zone)?;
    let currency = asker.get(options.currency.clone(), "Currency", "CNY", currency)?;
    let calling_code = asker.get(options.calling_code.clone(), "Country calling code", "86", calling)?;
    // The numbers of China, where the usual answers are from.
    let (people, things) = if calling_code == "86" { ("1xxxxxxxxxx", "1xxxxxxxxxxxx") } else { ("-", "-") };
    let numbers = NumberPlan {
        subscriber: asker.get(options.subscriber_numbers.clone(), "Numbers of people, - for any", people, patterns)?,
        iot: asker.get(options.iot_numbers.clone(), "Numbers of things, - for any", things, patterns)?,
    };
    let hotline = asker.get(options.hotline.clone(), "Number of the hotline", "400-800-1234", text)?;
    let hours = asker.get(options.hotline_hours.clone(), "When somebody answers it", "8:00–22:00", text)?;
    let credit_code = asker.get(options.credit_code.clone(), "Organisation credit code", "91310000MA1K000000", text)?;
    let terms_version = asker.get(options.terms_version.clone(), "Version of the terms", "1", text)?;
    let grace = [(Family::Phone, 3), (Family::Watch, 0), (Family::Router, 1), (Family::Iot, 2), (Family::Travel, 0)];
    let families = grace.map(|(family, grace_days)| (family, FamilyRules { grace_days, ..FamilyRules::default() }));
    Ok(Brand {
        legal_name: name.clone(),
        name,
        credit_code,
        time_zone,
        currency,
        calling_code,
        numbers,
        hotline,
        hotline_hours: Localized::zh_en(&hours, &hours),
        hotline_open: Vec::new(),
        terms_version,
        order_minutes: 15,
        queued_plans_max: 12,
        companions_max: 2,
        retention: everline_core::retention::Retention::default(),
        bank: None,
        refunds: everline_core::refund_request::RefundLimits::default(),
        credit: everline_core::credit_change::CreditLimits::default(),
        velocity: everline_core::velocity::Velocity::default(),
        reminders: everline_core::reminder::Reminders::default(),
        regions: BTreeMap::new(),
        identity: everline_core::identity::IdentityRules::default(),
        families: BTreeMap::from(families),
    })
}
