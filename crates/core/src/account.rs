//! How a customer's own account is kept: how somebody proves to be its owner, what such a proof allows and for how long,
//! what a password may be, and what the owner is told.
//!
//! Whoever holds a session may look and renew. Whatever would keep the owner out, or take something away for good, asks for
//! a proof that is fresh; and where that proof is a code to a number whose Sim was replaced, it waits.

use crate::time::{BusinessTime, HOUR_US, MINUTE_US, Now, SystemTime};
use crate::words::words;

/// How somebody proved to be a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// By a one-time code to the contact number.
    Code,
    /// By the password.
    Password,
    /// By a passkey that checked its owner: possession and knowledge or body in one.
    Passkey,
    /// By a code of a generator, after the password; the staff only.
    Generator,
    /// By a recovery code, after the password; the staff only.
    RecoveryCode,
}

words!(Proof {
    Code = "code",
    Password = "password",
    Passkey = "passkey",
    Generator = "generator",
    RecoveryCode = "recovery_code",
});

/// How long a proof is fresh.
pub const FRESH_US: i64 = 10 * MINUTE_US;
/// How long a code to a number allows nothing a thief wants after the number's Sim was replaced.
pub const SIM_HOLD_US: i64 = 24 * HOUR_US;

/// Why a proof does not allow a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotProved {
    /// It is too old, or of a kind that is not enough.
    #[error("prove again who you are")]
    Again,
    /// The Sim of the number that the code went to was replaced.
    #[error("the Sim of the number was replaced: not before {until:?}")]
    SimReplaced {
        /// From when a code is enough again.
        until: SystemTime,
    },
    /// The number that the code went to is of a line that is reported lost: whoever found it reads the code too.
    #[error("the number was reported lost")]
    NumberLost,
}

/// What is known of a number that codes go to, where it is a line of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CodeNumber {
    /// When its Sim was last replaced.
    pub sim_replaced_at: Option<SystemTime>,
    /// Since when its line is reported lost.
    pub lost_since: Option<BusinessTime>,
}

impl CodeNumber {
    /// Whether a code to it that was entered at an instant proves that its owner is there. One from before the line was reported
    /// lost does: whoever reports their own telephone goes on with what they proved.
    ///
    /// # Errors
    /// [`NotProved`]
    pub fn proves(&self, entered: SystemTime, now: Now) -> Result<(), NotProved> {
        // Each on its own clock: how long ago it was.
        let since = |lost: BusinessTime| now.business.since_us(lost) > now.system.since_us(entered);
        if self.lost_since.is_some_and(since) {
            return Err(NotProved::NumberLost);
        }
        match self.sim_replaced_at.map(|at| at.plus_us(SIM_HOLD_US)).filter(|until| *until > now.system) {
            Some(until) => Err(NotProved::SimReplaced { until }),
            None => Ok(()),
        }
    }
}

/// What a proof is to allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Password, passkeys, second factor, browsers that get notices, closing.
    Access,
    /// The contact number, by which everything else is recovered, and the mailbox, which tells the owner where the number is
    /// lost: a password alone is not enough.
    Contact,
}

/// Whether what somebody proved, and when, allows a change now. `number`: the contact number. With a second factor on, only a
/// passkey proves.
///
/// # Errors
/// [`NotProved`]
pub fn allows(
    (proof, at): (Proof, SystemTime),
    change: Change,
    second_factor: bool,
    number: CodeNumber,
    now: Now,
) -> Result<(), NotProved> {
    let fresh = at.plus_us(FRESH_US) > now.system;
    let enough = match proof {
        Proof::Passkey => true,
        Proof::Code => !second_factor,
        Proof::Password => !second_factor && change == Change::Access,
        Proof::Generator | Proof::RecoveryCode => false,
    };
    if !fresh || !enough {
        return Err(NotProved::Again);
    }
    if proof == Proof::Code { number.proves(at, now) } else { Ok(()) }
}

/// Fewest characters of a customer's password; what it is made of is nobody's business (NIST SP 800-63B-4 §3.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Most bytes of a password: enough for a sentence.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// What is wrong with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer characters than [`PASSWORD_CHARS_MIN`].
    #[error("too short")]
    TooShort,
    /// More bytes than [`PASSWORD_BYTES_MAX`].
    #[error("too long")]
    TooLong,
    /// Among those that are tried first: well-known, a row of keys, a few characters repeated, or the own number.
    #[error("too common")]
    Common,
}

words!(PasswordFault { TooShort = "too-short", TooLong = "too-long", Common = "too-common" });

/// Well-known passwords that are long enough, in small letters. Shorter ones with something behind them are found by
/// [`BEGINNINGS`].
const WELL_KNOWN: &[&str] = &[
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "1qazxsw23edc",
    "a1b2c3d4e5",
    "abcd123456",
    "abcdef1234",
    "administrator",
    "asdfghjkl123",
    "asdfghjkl;",
    "baseball123",
    "chinamobile",
    "chinatelecom",
    "chinaunicom",
    "correcthorse",
    "football123",
    "iloveyou123",
    "iloveyou1314",
    "iloveyou520",
    "justletmein",
    "letmein123",
    "michael123",
    "mypassword",
    "passw0rd123",
    "q1w2e3r4t5",
    "qazwsxedcrfv",
    "qq123456789",
    "qwer123456",
    "qwertyuiop",
    "qwertyuiop123",
    "qwe123qwe123",
    "sunshine123",
    "superman123",
    "trustno1trustno1",
    "unbelievable",
    "w123456789",
    "wang123456",
    "welcome123",
    "woaini1314",
    "woaini5201314",
    "woaini520",
    "zaq12wsxcde3",
    "zhang123456",
    "zxcvbnm123",
    "zxcvbnm,./",
];
/// What is followed by digits or signs only in the passwords that are tried first.
const BEGINNINGS: &[&str] = &[
    "", "a", "aa", "aaa", "abc", "abcd", "admin", "asd", "asdf", "china", "code", "everline", "hello", "iloveyou",
    "letmein", "love", "monkey", "password", "passw", "pass", "p@ssw", "qaz", "qq", "qwe", "qwer", "qwerty", "root",
    "test", "user", "wang", "welcome", "woaini", "zhang", "zxc", "zxcvbnm",
];
/// Rows of keys and letters: a password that walks along one is tried first.
const ROWS: [&str; 5] = ["01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Whether a password can be used by somebody with this contact number.
///
/// # Errors
/// [`PasswordFault`]
pub fn password_fits(password: &str, number: &str) -> Result<(), PasswordFault> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordFault::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordFault::TooLong);
    }
    let small = password.to_lowercase();
    let different: std::collections::BTreeSet<char> = small.chars().collect();
    let common = WELL_KNOWN.contains(&small.as_str())
        || different.len() < 4
        || (!number.is_empty() && small.contains(number) && small.len() < number.len() + 4)
        || walks(&small)
        || known_beginning(&small);
    if common { Err(PasswordFault::Common) } else { Ok(()) }
}

/// Whether all of it lies along one row, forwards or backwards.
fn walks(small: &str) -> bool {
    let back: String = small.chars().rev().collect();
    ROWS.iter().any(|row| {
        let twice = row.repeat(2);
        twice.contains(small) || twice.contains(&back)
    })
}

/// Whether it is a well-known word and a walk or repetition of digits, as in `password2024` or `abc1234567`.
fn known_beginning(small: &str) -> bool {
    let end = small.trim_end_matches(|c: char| c.is_ascii_digit() || "!@#.*_-".contains(c));
    let digits: String = small.chars().skip(end.chars().count()).filter(char::is_ascii_digit).collect();
    let plain =
        digits.len() <= 4 || walks(&digits) || digits.chars().collect::<std::collections::BTreeSet<_>>().len() < 3;
    BEGINNINGS.contains(&end) && plain
}

/// What an owner is told about the account, once each; also what is kept of its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountNews {
    /// A password was set where there was none.
    PasswordSet,
    /// The password was changed, or set anew because it was forgotten.
    PasswordChanged,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A second factor is asked for from now on.
    SecondFactorOn,
    /// A second factor is asked for no more.
    SecondFactorOff,
    /// Messages and codes go to another number; also told to the one they went to before.
    ContactChanged,
    /// The Sim of one of the lines was replaced.
    SimReplaced,
    /// A line came to the account: claimed, or taken over from another.
    LineTaken,
    /// A line went on to another account, as its owner had offered.
    LineGiven,
    /// Staff offered a line to somebody, as a caller asked who was proved to be its owner.
    LineOfferMade,
    /// Another device got the number of one of the lines.
    CompanionAdded,
    /// A device beside a line's own lost its number.
    CompanionRemoved,
    /// Somebody asks people to be let in: what it means, and how to stop it.
    RecoveryAsked,
    /// People let somebody in; also told to the number from before.
    RecoveryDone,
    /// Support answered a case.
    CaseAnswered,
    /// A mailbox was proved, and is told from now on; also told at the one it takes the place of.
    MailboxSet,
    /// A mailbox is told no more; also told there.
    MailboxRemoved,
    /// Notices go to another browser too.
    BrowserAdded,
    /// Notices go to a browser no more.
    BrowserRemoved,
    /// The account is to be closed, and what is left of its paid credit sent to a bank account.
    ClosingAsked,
    /// The name or document of the account was corrected.
    IdentityCorrected,
}

words!(AccountNews {
    PasswordSet = "password_set",
    PasswordChanged = "password_changed",
    PasskeyAdded = "passkey_added",
    PasskeyRemoved = "passkey_removed",
    SecondFactorOn = "second_factor_on",
    SecondFactorOff = "second_factor_off",
    ContactChanged = "contact_changed",
    SimReplaced = "sim_replaced",
    LineTaken = "line_taken",
    LineGiven = "line_given",
    LineOfferMade = "line_offer_made",
    CompanionAdded = "companion_added",
    CompanionRemoved = "companion_removed",
    RecoveryAsked = "recovery_asked",
    RecoveryDone = "recovery_done",
    CaseAnswered = "case_answered",
    MailboxSet = "mailbox_set",
    MailboxRemoved = "mailbox_removed",
    BrowserAdded = "browser_added",
    BrowserRemoved = "browser_removed",
    ClosingAsked = "closing_asked",
    IdentityCorrected = "identity_corrected",
});

/// How long a request to be let in by people waits, so that an owner who did not make it can stop it.
pub const RECOVERY_HOLD_US: i64 = 48 * HOUR_US;
/// Most requests of one account that are open at once: one of a stranger's does not shut out the owner's.
pub const RECOVERIES_MAX: usize = 3;

/// Where a request to be let in by people is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecoveryState {
    /// The owner can stop it; nobody can complete it.
    Waiting,
    /// Staff decide; the owner can still stop it.
    Ready,
    /// Staff let its asker in.
    Done,
    /// Staff did not.
    Refused,
    /// The owner stopped it, by the link or by signing in.
    Stopped,
}

words!(RecoveryState { Waiting = "waiting", Ready = "ready", Done = "done", Refused = "refused", Stopped = "stopped" });

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecoveryStep {
    /// Its time is over.
    HoldOver,
    /// Staff let its asker in.
    Complete,
    /// Staff refuse.
    Refuse,
    /// The owner stops it.
    Stop,
}

/// Why a request does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotRecovered {
    /// The owner still has time to stop it.
    #[error("not before its time")]
    TooEarly,
    /// It is over.
    #[error("it is over")]
    Over,
}

words!(NotRecovered { TooEarly = "too-early", Over = "over" });

/// The state that a step leads to. A step that led there already leads there again.
///
/// # Errors
/// [`NotRecovered`]
pub const fn recovery(state: RecoveryState, step: RecoveryStep) -> Result<RecoveryState, NotRecovered> {
    use RecoveryState::{Done, Ready, Refused, Stopped, Waiting};
    match (state, step) {
        (Waiting | Ready, RecoveryStep::HoldOver) => Ok(Ready),
        (Waiting | Ready | Stopped, RecoveryStep::Stop) => Ok(Stopped),
        (Waiting, RecoveryStep::Complete) => Err(NotRecovered::TooEarly),
        (Ready | Done, RecoveryStep::Complete) => Ok(Done),
        (Waiting | Ready | Refused, RecoveryStep::Refuse) => Ok(Refused),
        _ => Err(NotRecovered::Over),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proof_allows() {
        let at = SystemTime::from_us(1_000 * HOUR_US);
        let (fresh, old) = (at.plus_us(FRESH_US - 1), at.plus_us(FRESH_US));
        let held = NotProved::SimReplaced { until: at.plus_us(SIM_HOLD_US) };
        // Business time is a day ahead.
        let business = |at: SystemTime| BusinessTime::from_us(at.us() + 24 * HOUR_US);
        let number =
            |sim_replaced_at, lost: Option<SystemTime>| CodeNumber { sim_replaced_at, lost_since: lost.map(business) };
        let (known, replaced, lost) = (number(None, None), number(Some(at), None), number(None, Some(at.plus_us(-1))));
        let after = number(None, Some(at));
        for (proof, change, second, sim, now, expected) in [
            (Proof::Code, Change::Access, false, lost, fresh, Err(NotProved::NumberLost)),
            (Proof::Code, Change::Access, false, after, fresh, Ok(())),
            (Proof::Code, Change::Access, false, lost, old, Err(NotProved::Again)),
            (Proof::Password, Change::Access, false, lost, fresh, Ok(())),
            (Proof::Passkey, Change::Contact, false, lost, fresh, Ok(())),
            (Proof::Code, Change::Access, false, known, fresh, Ok(())),
            (Proof::Code, Change::Contact, false, known, fresh, Ok(())),
            (Proof::Code, Change::Access, false, known, old, Err(NotProved::Again)),
            (Proof::Code, Change::Access, true, known, fresh, Err(NotProved::Again)),
            (Proof::Code, Change::Access, false, replaced, fresh, Err(held)),
            (Proof::Code, Change::Access, false, number(Some(at.plus_us(-SIM_HOLD_US)), None), fresh, Ok(())),
            (Proof::Password, Change::Access, false, replaced, fresh, Ok(())),
            (Proof::Password, Change::Contact, false, known, fresh, Err(NotProved::Again)),
            (Proof::Password, Change::Access, true, known, fresh, Err(NotProved::Again)),
            (Proof::Passkey, Change::Contact, true, replaced, fresh, Ok(())),
            (Proof::Passkey, Change::Access, true, known, old, Err(NotProved::Again)),
        ] {
            let now = Now { business: business(now), system: now };
            assert_eq!(
                allows((proof, at), change, second, sim, now),
                expected,
                "{proof:?} {change:?} {second} {sim:?}"
            );
        }
    }

    #[test]
    fn a_request_waits_and_ends_once() {
        use RecoveryState::{Done, Ready, Refused, Stopped, Waiting};
        use RecoveryStep::{Complete, HoldOver, Refuse, Stop};
        let (early, over) = (Err(NotRecovered::TooEarly), Err(NotRecovered::Over));
        for (state, hold_over, complete, refuse, stop) in [
            (Waiting, Ok(Ready), early, Ok(Refused), Ok(Stopped)),
            (Ready, Ok(Ready), Ok(Done), Ok(Refused), Ok(Stopped)),
            (Done, over, Ok(Done), over, over),
            (Refused, over, over, Ok(Refused), over),
            (Stopped, over, over, over, Ok(Stopped)),
        ] {
            let led = [HoldOver, Complete, Refuse, Stop].map(|step| recovery(state, step));
            assert_eq!(led, [hold_over, complete, refuse, stop], "{state:?}");
        }
    }

    #[test]
    fn passwords_that_are_tried_first_are_refused() {
        use PasswordFault::{Common, TooLong, TooShort};
        let check = |password: &str| password_fits(password, "13800138000");
        for short in ["", "ninechars", "九个字的密码就这样"] {
            assert_eq!(check(short), Err(TooShort), "{short}");
        }
        assert_eq!(check(&"long and longer ".repeat(17)), Err(TooLong));
        for common in [
            "1234567890",
            "0987654321",
            "9876543210",
            "aaaaaaaaaaaa",
            "1212121212",
            "qwertyuiop",
            "QWERTYUIOP",
            "Password123",
            "password2026",
            "password!!",
            "abc1234567",
            "a123456789",
            "13800138000",
            "13800138000a",
            "poiuytrewq",
            "woaini1314",
            "P@ssw2024!!",
            "iloveyou520",
            "1q2w3e4r5t",
            "abcdefghijkl",
        ] {
            assert_eq!(check(common), Err(Common), "{common}");
        }
        for fine in [
            "four words nobody knows",
            "correct horse battery",
            "我家的猫叫做小花今年三岁",
            "vK8#pQ2!mZ",
            "lin.fang.2198.tree",
            "13800138000 is my number",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
    }
}
