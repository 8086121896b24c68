//! Bills: where they are, and whether the file that was fetched is the one that was announced.

use super::{
    BILL_BYTES_MAX, Error,
    json::{Reader, Writer, bad},
};
use crate::time::{format_time, parse_time};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use std::{
    fmt,
    io::{Read as _, Write as _},
    str::FromStr,
};

const HASH_TYPE: &str = "SHA1";

/// A day in UTC+8, written `yyyy-MM-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillDate {
    /// Its first second.
    start_unix_s: i64,
}

impl BillDate {
    /// The day in which `unix_s` lies.
    #[must_use]
    pub fn of(unix_s: i64) -> Self {
        // Midnight in UTC+8 is 16:00 in UTC.
        let offset_s = 8 * 3600;
        Self { start_unix_s: unix_s.saturating_sub(unix_s.saturating_add(offset_s).rem_euclid(86_400)) }
    }
}

impl fmt::Display for BillDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format_time(self.start_unix_s);
        f.write_str(text.split(' ').next().unwrap_or_default())
    }
}

impl FromStr for BillDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let start = parse_time(&format!("{text} 00:00:00")).map_err(|_| bad("bill_date"))?;
        Ok(Self { start_unix_s: start })
    }
}

/// How the file of a bill is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// As one gzip stream (RFC 1952).
    Gzip,
}

impl Packing {
    pub(super) fn query(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => "&tar_type=GZIP",
        }
    }
}

/// The account of a fund flow bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundAccount {
    /// `BASIC`: where payments arrive and refunds leave.
    Basic,
    /// `OPERATION`.
    Operation,
    /// `FEES`.
    Fees,
}

impl FundAccount {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "BASIC",
            Self::Operation => "OPERATION",
            Self::Fees => "FEES",
        }
    }

    pub(super) fn parse(text: Option<&str>) -> Result<Self, Error> {
        match text {
            None | Some("BASIC") => Ok(Self::Basic),
            Some("OPERATION") => Ok(Self::Operation),
            Some("FEES") => Ok(Self::Fees),
            Some(_) => Err(bad("account_type")),
        }
    }
}

/// Where a bill is, and its hash. The download itself is not signed, so this signed hash is all that vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillAnnouncement {
    /// SHA-1 of the bill **as it is before it is packed**, in lower-case hexadecimal.
    hash: String,
    /// Where to fetch it, for five minutes. To be fetched with an `Authorization` like every call.
    pub download_url: String,
}

impl BillAnnouncement {
    /// The announcement of `bill`, as a stand-in of the gateway makes it.
    #[must_use]
    pub fn of(bill: &[u8], download_url: &str) -> Self {
        Self { hash: sha1(bill), download_url: download_url.to_owned() }
    }

    /// Reads the verified body of the response to [`Call::TradeBill`](super::Call::TradeBill) or
    /// [`Call::FundFlowBill`](super::Call::FundFlowBill).
    ///
    /// # Errors
    /// As for every body; [`crate::Error::MissingField`], [`crate::Error::BadField`]; [`Error::BillHashType`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let reader = Reader::parse(body)?;
        let found = reader.text("hash_type")?;
        if found != HASH_TYPE {
            return Err(Error::BillHashType { found });
        }
        let hash = reader.text("hash_value")?.to_ascii_lowercase();
        Ok(Self { hash, download_url: reader.text("download_url")? })
    }

    /// The announcement as the gateway writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        Writer::new()
            .text("hash_type", HASH_TYPE)
            .text("hash_value", &self.hash)
            .text("download_url", &self.download_url)
            .end()
    }

    /// Origin (`https://host`) and request target of the download's URL. Whoever fetches it compares the origin with
    /// the gateway's: the request is signed, and its target comes from a message.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] if it is no URL of HTTP or HTTPS with a path, or has a space or control character.
    pub fn download(&self) -> Result<(&str, &str), Error> {
        let url = self.download_url.as_str();
        let host = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let host = host.filter(|_| url.bytes().all(|b| b.is_ascii_graphic())).ok_or_else(|| bad("download_url"))?;
        let path = host.find('/').filter(|length| *length > 0).ok_or_else(|| bad("download_url"))?;
        url.split_at_checked(url.len() - host.len() + path).ok_or_else(|| bad("download_url"))
    }

    /// Unpacks a fetched file and checks that it is the bill that was announced.
    ///
    /// # Errors
    /// [`Error::Gzip`], [`Error::BillTooLarge`], [`Error::BillHash`].
    pub fn open(&self, file: &[u8], packing: Packing) -> Result<Vec<u8>, Error> {
        let bill = match packing {
            Packing::Plain if file.len() > BILL_BYTES_MAX => return Err(Error::BillTooLarge),
            Packing::Plain => file.to_vec(),
            Packing::Gzip => unpack(file)?,
        };
        let actual = sha1(&bill);
        if actual != self.hash {
            return Err(Error::BillHash { announced: self.hash.clone(), actual });
        }
        Ok(bill)
    }
}

/// The file that a stand-in of the gateway hands out for `bill`.
///
/// # Errors
/// [`Error::Gzip`] if the library fails; not caused by input.
pub fn pack_bill(bill: &[u8], packing: Packing) -> Result<Vec<u8>, Error> {
    match packing {
        Packing::Plain => Ok(bill.to_vec()),
        Packing::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bill).and_then(|()| encoder.finish()).map_err(|_| Error::Gzip)
        }
    }
}

fn unpack(file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut rest = file;
    let mut bill = Vec::new();
    let limit = u64::try_from(BILL_BYTES_MAX).unwrap_or(u64::MAX);
    // One byte more than the limit tells that there is more.
    GzDecoder::new(&mut rest).take(limit + 1).read_to_end(&mut bill).map_err(|_| Error::Gzip)?;
    if bill.len() > BILL_BYTES_MAX {
        return Err(Error::BillTooLarge);
    }
    if rest.is_empty() { Ok(bill) } else { Err(Error::Gzip) }
}

fn sha1(bytes: &[u8]) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
