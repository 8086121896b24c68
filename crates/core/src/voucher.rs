//! Vouchers: codes that bring credit, once each. They are made in batches, sold or given away, and end at a time.
//!
//! Nobody keeps a code but whoever holds it: the store finds it by its keyed hash ([`VoucherId`]).

use crate::ids::{CustomerId, OrderId, VoucherId};
use crate::ledger::{Cause, Posting, Template};
use crate::money::Money;
use crate::payment::Method;
use crate::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US, SystemTime};
use crate::words::words;
use std::fmt;

/// What a voucher brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoucherKind {
    /// Credit that somebody paid for: whoever sells vouchers owes it to us.
    Paid,
    /// Credit that is given away.
    Promo,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchState {
    /// Its vouchers are being made; none can be redeemed.
    Making,
    /// All of it is there.
    Active,
    /// Nothing of it can be redeemed any more.
    Stopped,
}

words!(VoucherKind { Paid = "paid", Promo = "promo" });
words!(BatchState { Making = "making", Active = "active", Stopped = "stopped" });

impl VoucherKind {
    /// The posting that brings its credit.
    #[must_use]
    pub const fn brings(self) -> Template {
        match self {
            VoucherKind::Paid => Template::Voucher,
            VoucherKind::Promo => Template::VoucherPromo,
        }
    }
    /// How its credit pays.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            VoucherKind::Paid => Method::PaidCredit,
            VoucherKind::Promo => Method::PromoCredit,
        }
    }
}

/// What all vouchers of a batch have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What people call it.
    pub name: String,
    /// What its vouchers bring.
    pub kind: VoucherKind,
    /// How much each of them brings.
    pub amount: Money,
    /// How many there are.
    pub count: i64,
    /// How far it is.
    pub state: BatchState,
    /// When its vouchers end.
    pub expires_at: BusinessTime,
    /// When it was made.
    pub made_at: BusinessTime,
    /// The login of who made it.
    pub made_by: String,
}

/// Who redeemed a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeemed {
    /// Whose account it was added to.
    pub customer: CustomerId,
    /// The order that it was given for, if it was.
    pub order: Option<OrderId>,
    /// When.
    pub at: BusinessTime,
}

/// A voucher of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// The keyed hash of its code.
    pub id: VoucherId,
    /// Its batch.
    pub batch: Batch,
    /// Whether it was redeemed, and by whom.
    pub redeemed: Option<Redeemed>,
}

/// Why a code brings nothing. Each has a remedy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoVoucher {
    /// The code was not typed as it was printed: its check character does not fit. Nothing was looked up.
    #[error("mistyped")]
    Mistyped,
    /// No such code, or somebody else's: the two look alike.
    #[error("unknown")]
    Unknown,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its batch was stopped.
    #[error("stopped")]
    Stopped,
    /// Credit buys no credit: it can be added to the account instead.
    #[error("not-for-top-ups")]
    NotForTopUps,
}

impl NoVoucher {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NoVoucher::Mistyped => "mistyped",
            NoVoucher::Unknown => "unknown",
            NoVoucher::Expired => "expired",
            NoVoucher::Stopped => "stopped",
            NoVoucher::NotForTopUps => "not-for-top-ups",
        }
    }
}

/// Who gives a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Redeemer {
    /// The owner of the account, signed in.
    Owner,
    /// Whoever has the link to an order: learns nothing of what the owner redeemed elsewhere.
    Guest,
}

/// What giving a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It can be redeemed.
    Redeem,
    /// It was added to this account before.
    Already(BusinessTime),
}

/// Whether a voucher can be redeemed for an account, and for an order of it.
///
/// Checked in this order: there is none, or it is being made · redeemed before, by this customer or not · stopped · over.
///
/// # Errors
/// [`NoVoucher`]
pub fn verdict(
    voucher: Option<&Voucher>,
    (customer, order): (CustomerId, Option<OrderId>),
    by: Redeemer,
    now: BusinessTime,
) -> Result<Verdict, NoVoucher> {
    let Some(Voucher { batch, redeemed, .. }) = voucher else { return Err(NoVoucher::Unknown) };
    if let Some(redeemed) = redeemed {
        let known = by == Redeemer::Owner || (order.is_some() && redeemed.order == order);
        let mine = redeemed.customer == customer && known;
        return if mine { Ok(Verdict::Already(redeemed.at)) } else { Err(NoVoucher::Unknown) };
    }
    match batch.state {
        BatchState::Making => Err(NoVoucher::Unknown),
        BatchState::Stopped => Err(NoVoucher::Stopped),
        BatchState::Active if batch.expires_at <= now => Err(NoVoucher::Expired),
        BatchState::Active => Ok(Verdict::Redeem),
    }
}

/// The posting by which a voucher brings its credit; it belongs to no order.
#[must_use]
pub fn posting(voucher: &Voucher, now: BusinessTime) -> Posting {
    let Batch { kind, amount, .. } = voucher.batch;
    Posting::new(kind.brings(), Cause::Voucher(voucher.id), None, amount.micros(), now)
}

/// Random bytes that a code is made of.
pub const RANDOM_BYTES: usize = 12;
const SYMBOLS: usize = 20;
/// Digits and letters that are not mistaken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A voucher's code as it is printed: nineteen random symbols of five bits and a check symbol.
///
/// The symbols are elements of GF(2^5) and coefficients of a polynomial that is zero at a primitive element: one wrong
/// symbol, or any two that changed places, make it another value.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Times a primitive element of GF(2^5), modulo x^5 + x^2 + 1.
const fn times_x(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 32 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

fn at_x(values: &[u8]) -> u8 {
    values.iter().fold(0, |sum, value| times_x(sum) ^ value)
}

impl Code {
    /// The code that is made of random bytes; 95 bits of them are used.
    #[must_use]
    pub fn from_random(random: [u8; RANDOM_BYTES]) -> Self {
        let mut bits = random.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let mut values = Vec::with_capacity(SYMBOLS);
        for _ in 1..SYMBOLS {
            values.push(u8::try_from(bits & 31).unwrap_or(0));
            bits >>= 5;
        }
        values.push(times_x(at_x(&values)));
        let symbol = |value: &u8| ALPHABET.get(usize::from(*value)).map_or('0', |symbol| char::from(*symbol));
        Self(values.iter().map(symbol).collect())
    }
    /// Reads a code as somebody typed it: in any case, with any spaces and hyphens, with O for 0 and I or L for 1.
    ///
    /// # Errors
    /// [`NoVoucher::Mistyped`]
    pub fn parse(text: &str) -> Result<Self, NoVoucher> {
        let (mut code, mut values) = (String::new(), Vec::with_capacity(SYMBOLS));
        for typed in text.chars().take(8 * SYMBOLS) {
            // Forms of full width, as Chinese keyboards write them.
            let narrow = match typed {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(typed).saturating_sub(0xfee0)).unwrap_or(typed),
                other => other,
            };
            let symbol = match narrow.to_ascii_uppercase() {
                '-' | '‐' | '–' | '—' | '−' | '_' => continue,
                space if space.is_whitespace() => continue,
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET.iter().position(|known| char::from(*known) == symbol).ok_or(NoVoucher::Mistyped)?;
            values.push(u8::try_from(value).map_err(|_| NoVoucher::Mistyped)?);
            code.push(symbol);
        }
        if values.len() == SYMBOLS && at_x(&values) == 0 { Ok(Self(code)) } else { Err(NoVoucher::Mistyped) }
    }
    /// Its symbols, of which its keyed hash is made.
    #[must_use]
    pub fn symbols(&self) -> &str {
        &self.0
    }
    /// As it is printed: in groups of four.
    #[must_use]
    pub fn printed(&self) -> String {
        let grouped = self.0.chars().enumerate().flat_map(|(place, symbol)| {
            let hyphen = (place > 0 && place % 4 == 0).then_some('-');
            hyphen.into_iter().chain([symbol])
        });
        grouped.collect()
    }
}

/// Wrong codes that are free, for whoever gives them.
pub const FREE_OF_PERSON: i64 = 5;
/// The same for an address and for a line, behind which many may be.
pub const FREE_OF_MANY: i64 = 20;
/// Wrong codes of everybody, in an hour, that are worth a look.
pub const ALARM_OF_ALL: i64 = 1_000;

/// Wrong codes that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guesses {
    /// How many.
    pub wrong: i64,
    /// When the last one was.
    pub last_at: SystemTime,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { wrong: 0, last_at: SystemTime::from_us(i64::MIN) }
    }
}

impl Guesses {
    /// How long wrong codes are remembered after the last one.
    pub const REMEMBERED_US: i64 = DAY_US;
    /// After the free ones each wrong code costs a minute, two, four … up to an hour; how many microseconds are left.
    #[must_use]
    pub fn wait_us(self, free: i64, now: SystemTime) -> Option<i64> {
        let passed = now.since_us(self.last_at);
        if passed >= Self::REMEMBERED_US {
            return None;
        }
        let beyond = u32::try_from(self.wrong.saturating_sub(free)).ok()?;
        let pause = MINUTE_US.saturating_mul(1_i64 << beyond.min(6)).min(HOUR_US);
        Some(pause.saturating_sub(passed)).filter(|left| *left > 0)
    }
    /// With one more wrong code.
    #[must_use]
    pub fn with_one_more(self, now: SystemTime) -> Self {
        let remembered = now.since_us(self.last_at) < Self::REMEMBERED_US;
        Self { wrong: if remembered { self.wrong.saturating_add(1) } else { 1 }, last_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RawId;
    use crate::money::Currency;

    fn codes() -> impl Iterator<Item = Code> {
        (0..50_u8).map(|n| {
            let mut random = [0; RANDOM_BYTES];
            let mut state = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            for byte in &mut random {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = state.to_be_bytes()[0];
            }
            Code::from_random(random)
        })
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for code in codes() {
            let printed = code.printed();
            assert_eq!(printed.len(), 24);
            for typed in [
                printed.clone(),
                printed.to_lowercase(),
                printed.replace('-', " "),
                printed.replace('0', "o").replace('1', "l"),
                format!("  {}\u{3000}", printed.replace('-', "－")),
                printed.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
            ] {
                assert_eq!(Code::parse(&typed), Ok(code.clone()), "{typed}");
            }
            assert_eq!(format!("{code:?}"), "Code(…)", "no log tells it");
        }
        for nonsense in ["", "0", "U000-0000-0000-0000-0000", &"0".repeat(21), &"-".repeat(500), "验证码"] {
            assert_eq!(Code::parse(nonsense), Err(NoVoucher::Mistyped), "{nonsense}");
        }
    }

    #[test]
    fn one_wrong_symbol_and_any_two_that_changed_places_are_caught() {
        for code in codes() {
            let symbols: Vec<char> = code.symbols().chars().collect();
            for place in 0..SYMBOLS {
                for other in ALPHABET.iter().map(|byte| char::from(*byte)).filter(|other| *other != symbols[place]) {
                    let mut wrong = symbols.clone();
                    wrong[place] = other;
                    assert_eq!(Code::parse(&wrong.iter().collect::<String>()), Err(NoVoucher::Mistyped));
                }
                for with in (0..place).filter(|with| symbols[*with] != symbols[place]) {
                    let mut swapped = symbols.clone();
                    swapped.swap(place, with);
                    assert_eq!(Code::parse(&swapped.iter().collect::<String>()), Err(NoVoucher::Mistyped));
                }
            }
        }
    }

    #[test]
    fn every_random_bit_but_one_counts() {
        let zero = Code::from_random([0; RANDOM_BYTES]);
        let mut differ = 0;
        for bit in 0..96 {
            let mut random = [0; RANDOM_BYTES];
            random[bit / 8] = 1 << (bit % 8);
            differ += usize::from(Code::from_random(random) != zero);
        }
        assert_eq!(differ, 95);
    }

    #[test]
    fn what_a_code_means_depends_on_who_gives_it() {
        let (me, other) = (CustomerId::from([1; 16]), CustomerId::from([2; 16]));
        let (order, another) = (OrderId::from([3; 16]), OrderId::from([4; 16]));
        let at = BusinessTime::from_us;
        let voucher = |state, redeemed: Option<(CustomerId, Option<OrderId>)>| Voucher {
            id: VoucherId(RawId::from_bytes([9; 16])),
            batch: Batch {
                name: "spring".to_owned(),
                kind: VoucherKind::Paid,
                amount: Money::from_micros(1, Currency::CNY),
                count: 1,
                state,
                expires_at: at(100),
                made_at: at(0),
                made_by: "he".to_owned(),
            },
            redeemed: redeemed.map(|(customer, order)| Redeemed { customer, order, at: at(5) }),
        };
        use BatchState::{Active, Making, Stopped};
        use Redeemer::{Guest, Owner};
        let already = Ok(Verdict::Already(at(5)));
        for (found, order_now, by, now, expected) in [
            (None, None, Owner, 1, Err(NoVoucher::Unknown)),
            (Some(voucher(Making, None)), None, Owner, 1, Err(NoVoucher::Unknown)),
            (Some(voucher(Active, None)), None, Owner, 99, Ok(Verdict::Redeem)),
            (Some(voucher(Active, None)), Some(order), Guest, 99, Ok(Verdict::Redeem)),
            (Some(voucher(Active, None)), None, Owner, 100, Err(NoVoucher::Expired)),
            (Some(voucher(Stopped, None)), None, Owner, 100, Err(NoVoucher::Stopped)),
            (Some(voucher(Active, Some((me, None)))), None, Owner, 200, already),
            (Some(voucher(Stopped, Some((me, Some(order))))), None, Owner, 1, already),
            (Some(voucher(Active, Some((me, Some(order))))), Some(order), Guest, 1, already),
            (Some(voucher(Active, Some((me, None)))), Some(order), Guest, 1, Err(NoVoucher::Unknown)),
            (Some(voucher(Active, Some((me, Some(another))))), Some(order), Guest, 1, Err(NoVoucher::Unknown)),
            (Some(voucher(Active, Some((other, None)))), None, Owner, 1, Err(NoVoucher::Unknown)),
            (Some(voucher(Stopped, Some((other, None)))), None, Owner, 200, Err(NoVoucher::Unknown)),
        ] {
            assert_eq!(verdict(found.as_ref(), (me, order_now), by, at(now)), expected, "{found:?} {by:?} {now}");
        }
    }

    #[test]
    fn wrong_codes_cost_more_and_more_time_and_are_forgotten() {
        let at = |minutes| SystemTime::from_us(minutes * MINUTE_US);
        let mut guesses = Guesses::default();
        for _ in 0..FREE_OF_PERSON {
            assert_eq!(guesses.wait_us(FREE_OF_PERSON, at(2_000)), None);
            guesses = guesses.with_one_more(at(2_000));
        }
        let mut now = 2_000;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(guesses.wait_us(FREE_OF_PERSON, at(now)), Some(minutes * MINUTE_US));
            assert_eq!(guesses.wait_us(FREE_OF_MANY, at(now)), None, "many share an address");
            now += minutes;
            assert_eq!(guesses.wait_us(FREE_OF_PERSON, at(now)), None);
            guesses = guesses.with_one_more(at(now));
        }
        assert_eq!(guesses.wait_us(FREE_OF_PERSON, at(now + 24 * 60)), None);
        assert_eq!(guesses.with_one_more(at(now + 24 * 60)).wrong, 1);
    }
}
