//! What the process that keeps the list and the process that is killed say to each other: one message a line, over the
//! child's standard input and output. A line is written at once and whole, so that a killed process leaves no half of one.

use std::fmt;
use std::str::FromStr;

/// To the child. Its first line is not one of these: it holds the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask<'a> {
    /// Take this notice, as the provider posts it.
    Take { serial: u64, notice: &'a str },
    /// Say what the store holds of the payment with this number.
    Look { serial: u64, out_trade_no: &'a str },
}

impl fmt::Display for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Take { serial, notice } => writeln!(f, "take {serial} {notice}"),
            Ask::Look { serial, out_trade_no } => writeln!(f, "look {serial} {out_trade_no}"),
        }
    }
}

impl<'a> Ask<'a> {
    /// Reads a line.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let (word, rest) = line.split_once(' ')?;
        let (serial, text) = rest.split_once(' ')?;
        let serial = serial.parse().ok()?;
        match word {
            "take" => Some(Ask::Take { serial, notice: text }),
            "look" => Some(Ask::Look { serial, out_trade_no: text }),
            _ => None,
        }
    }
}

/// From the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Say {
    /// The store is open and notices are taken.
    Ready,
    /// The notice is acknowledged: the provider will not send it again.
    Acknowledged(u64),
    /// It is not: the provider will.
    NotYet(u64),
    /// What the store holds.
    Seen(u64, Seen),
    /// The database said something that no store says that kept what it was given; one line.
    Damaged(String),
}

/// What a store holds of one renewal. Whole is one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// The attempt is paid, with the amount that was asked.
    pub(crate) paid: u32,
    /// The order is paid and delivered.
    pub(crate) delivered: u32,
    /// Transfers of PAID.
    pub(crate) paid_postings: u32,
    /// Transfers of DELIVERED.
    pub(crate) delivered_postings: u32,
    /// Periods of the order on its line, with all their buckets.
    pub(crate) periods: u32,
    /// Receipts of the order.
    pub(crate) receipts: u32,
}

impl Seen {
    /// A renewal that is there exactly once.
    pub(crate) const ONCE: Self =
        Self { paid: 1, delivered: 1, paid_postings: 1, delivered_postings: 1, periods: 1, receipts: 1 };

    /// A renewal of which nothing is there.
    pub(crate) const NOTHING: Self =
        Self { paid: 0, delivered: 0, paid_postings: 0, delivered_postings: 0, periods: 0, receipts: 0 };

    /// Whether no part of it is there more often than in `other`: what differs then is gone, and nothing is doubled.
    pub(crate) fn within(self, other: Self) -> bool {
        self.counts().iter().zip(other.counts()).all(|(mine, theirs)| *mine <= theirs)
    }
    fn counts(self) -> [u32; 6] {
        [self.paid, self.delivered, self.paid_postings, self.delivered_postings, self.periods, self.receipts]
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [paid, delivered, paid_postings, delivered_postings, periods, receipts] = self.counts();
        write!(
            f,
            "attempts paid {paid}, orders delivered {delivered}, PAID {paid_postings}, DELIVERED {delivered_postings}, \
             periods {periods}, receipts {receipts}"
        )
    }
}

impl fmt::Display for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Say::Ready => writeln!(f, "ready"),
            Say::Acknowledged(serial) => writeln!(f, "acknowledged {serial}"),
            Say::NotYet(serial) => writeln!(f, "not-yet {serial}"),
            Say::Seen(serial, seen) => {
                write!(f, "seen {serial}")?;
                seen.counts().iter().try_for_each(|count| write!(f, " {count}"))?;
                writeln!(f)
            }
            Say::Damaged(said) => writeln!(f, "damaged {}", said.replace('\n', " ")),
        }
    }
}

/// A line that is no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoMessage;

impl FromStr for Say {
    type Err = NoMessage;
    fn from_str(line: &str) -> Result<Self, NoMessage> {
        if let Some(said) = line.strip_prefix("damaged ") {
            return Ok(Say::Damaged(said.to_owned()));
        }
        let mut words = line.split_ascii_whitespace();
        let word = words.next().ok_or(NoMessage)?;
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).ok_or(NoMessage);
        let say = match word {
            "ready" => Say::Ready,
            "acknowledged" => Say::Acknowledged(number()?),
            "not-yet" => Say::NotYet(number()?),
            "seen" => {
                let serial = number()?;
                let mut count = || number().and_then(|count| u32::try_from(count).map_err(|_| NoMessage));
                let seen = Seen {
                    paid: count()?,
                    delivered: count()?,
                    paid_postings: count()?,
                    delivered_postings: count()?,
                    periods: count()?,
                    receipts: count()?,
                };
                Say::Seen(serial, seen)
            }
            _ => return Err(NoMessage),
        };
        if words.next().is_some() { Err(NoMessage) } else { Ok(say) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_its_line() {
        let damaged = Say::Damaged("database: sqlite 11: database disk image is malformed".to_owned());
        for say in [Say::Ready, Say::Acknowledged(7), Say::NotYet(0), Say::Seen(3, Seen::ONCE), damaged] {
            assert_eq!(say.to_string().trim_end().parse(), Ok(say));
        }
        let asks = [Ask::Take { serial: 1, notice: "a=b&c=d" }, Ask::Look { serial: 2, out_trade_no: "0192" }];
        for ask in asks {
            assert_eq!(Ask::parse(ask.to_string().trim_end()), Some(ask));
        }
    }

    #[test]
    fn half_a_line_is_no_message() {
        for line in ["", "ack", "acknowledged", "acknowledged x", "acknowledged 1 2", "seen 1 1 1 1 1 1"] {
            assert_eq!(line.parse::<Say>(), Err(NoMessage), "{line}");
        }
        assert_eq!(Ask::parse("take 1"), None);
    }
}
