//! Delivery receipts (appendix B): a text that message centres write in much the same way, and optional parameters that say
//! the same where they are given.

use super::Deliver;

/// How a receipt writes the id that the response to the message had. Nothing in the protocol says; some write it in decimal digits
/// in one place and in hexadecimal ones in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdForm {
    /// As the response did.
    #[default]
    Same,
    /// The response in hexadecimal, the receipt's text in decimal digits.
    DecimalReceipt,
    /// The response in decimal, the receipt's text in hexadecimal digits.
    HexReceipt,
}

impl IdForm {
    /// One spelling of the id in a response.
    #[must_use]
    pub fn of_response(self, id: &str) -> String {
        match self {
            IdForm::Same => plain(id),
            IdForm::DecimalReceipt => number(id, 16),
            IdForm::HexReceipt => number(id, 10),
        }
    }
    /// The same spelling of the id in a receipt's text.
    fn of_receipt(self, id: &str) -> String {
        match self {
            IdForm::Same => plain(id),
            IdForm::DecimalReceipt => number(id, 10),
            IdForm::HexReceipt => number(id, 16),
        }
    }
}

/// Letters in one case: some write them in another one.
fn plain(id: &str) -> String {
    id.trim().to_ascii_lowercase()
}

fn number(id: &str, radix: u32) -> String {
    u128::from_str_radix(id.trim(), radix).map_or_else(|_| plain(id), |number| format!("{number:x}"))
}

/// The state of a message (§5.2.28).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way; a later receipt says more.
    Underway,
    /// It arrived.
    Delivered,
    /// It did not, and will not: the receipt's word for it.
    Failed(&'static str),
}

/// The states, by number, and by word with the letters that appendix B gives them.
const STATES: [(u8, &str, State); 8] = [
    (1, "ENROUTE", State::Underway),
    (2, "DELIVRD", State::Delivered),
    (3, "EXPIRED", State::Failed("EXPIRED")),
    (4, "DELETED", State::Failed("DELETED")),
    (5, "UNDELIV", State::Failed("UNDELIV")),
    (6, "ACCEPTD", State::Underway),
    (7, "UNKNOWN", State::Underway),
    (8, "REJECTD", State::Failed("REJECTD")),
];

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which message, spelled as [`IdForm::of_response`] does.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// The network's error, if there is one.
    pub error: Option<String>,
}

impl Receipt {
    /// Reads a receipt; `None` if it names no message, or no state.
    #[must_use]
    pub fn read(deliver: &Deliver, form: IdForm) -> Option<Self> {
        let text: String = deliver.text.iter().map(|octet| char::from(*octet)).collect();
        let named = deliver.receipted_message_id.as_deref().filter(|id| !id.trim().is_empty());
        let id = named.map(|id| form.of_response(id));
        let id = id.or_else(|| field(&text, "id").map(|id| form.of_receipt(id)))?;
        let numbered = deliver.message_state.and_then(|state| STATES.iter().find(|(number, ..)| *number == state));
        // Some write the word out.
        let word = || {
            let word = field(&text, "stat")?.to_ascii_uppercase();
            STATES.iter().find(|(_, known, _)| word.starts_with(known.get(..5).unwrap_or(known)))
        };
        let (.., state) = numbered.or_else(word)?;
        let no_error = |error: &&str| !error.is_empty() && !error.bytes().all(|digit| digit == b'0');
        let error = field(&text, "err").filter(no_error).map(str::to_owned);
        let error = error.or_else(|| deliver.network_error.filter(|code| *code != 0).map(|code| code.to_string()));
        Some(Self { id, state: *state, error })
    }
}

/// The value of `name:value`, in whatever case the name is; an id may be none.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = text;
    loop {
        let colon = rest.find(':')?;
        let (before, after) = (rest.get(..colon)?, rest.get(colon + 1..)?);
        let value = after.split(' ').next().unwrap_or("");
        let word = before.rsplit(' ').next().unwrap_or(before);
        if word.eq_ignore_ascii_case(name) {
            return (!value.is_empty()).then_some(value);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text as appendix B shows it.
    fn appendix_b(id: &str, stat: &str, err: &str) -> String {
        format!(
            "id:{id} sub:001 dlvrd:001 submit date:2611291200 done date:2611291201 stat:{stat} err:{err} text:hello id:9"
        )
    }

    fn of(text: &str) -> Deliver {
        Deliver { esm_class: 4, text: text.as_bytes().to_vec(), ..Deliver::default() }
    }

    #[test]
    fn receipts_as_message_centres_write_them() {
        for (text, id, state, error) in [
            (appendix_b("0123AB", "DELIVRD", "000"), "0123ab", State::Delivered, None),
            (appendix_b("7", "UNDELIV", "027"), "7", State::Failed("UNDELIV"), Some("027")),
            ("id:c0ffee stat:EXPIRED".to_owned(), "c0ffee", State::Failed("EXPIRED"), None),
            ("ID:5 Stat:DELIVERED Err:0".to_owned(), "5", State::Delivered, None),
            ("id:5 sub:1 dlvrd:0 stat:ENROUTE err:0 Text:id:9".to_owned(), "5", State::Underway, None),
            ("id:5 stat:UNDELIVERABLE err:EC_1".to_owned(), "5", State::Failed("UNDELIV"), Some("EC_1")),
            ("id:5 stat:REJECTED".to_owned(), "5", State::Failed("REJECTD"), None),
        ] {
            let read = Receipt::read(&of(&text), IdForm::Same).unwrap();
            assert_eq!((read.id.as_str(), read.state, read.error.as_deref()), (id, state, error), "{text}");
        }
        for no_receipt in ["", "hello", "stat:DELIVRD", "id:5", "id: stat:DELIVRD", "id:5 stat:", "id:5 stat:MAYBE"] {
            assert_eq!(Receipt::read(&of(no_receipt), IdForm::Same), None, "{no_receipt}");
        }
    }

    #[test]
    fn ids_in_two_forms_are_one() {
        let decimal = Receipt::read(&of("id:6699 stat:DELIVRD"), IdForm::DecimalReceipt).unwrap();
        assert_eq!(decimal.id, IdForm::DecimalReceipt.of_response("1A2B"));
        assert_eq!(decimal.id, IdForm::DecimalReceipt.of_response("00001a2b"));
        let hex = Receipt::read(&of("id:1A2B stat:DELIVRD"), IdForm::HexReceipt).unwrap();
        assert_eq!(hex.id, IdForm::HexReceipt.of_response("0000006699"));
        // What is optional has the id as the response had it.
        let both = Deliver { receipted_message_id: Some("1A2B".to_owned()), ..of("id:6699 stat:DELIVRD") };
        assert_eq!(Receipt::read(&both, IdForm::DecimalReceipt).unwrap().id, decimal.id);
    }

    #[test]
    fn what_is_optional_outweighs_the_text() {
        let deliver = Deliver { message_state: Some(5), network_error: Some(8), ..of("id:5 stat:DELIVRD err:000") };
        let read = Receipt::read(&deliver, IdForm::Same).unwrap();
        assert_eq!((read.state, read.error.as_deref()), (State::Failed("UNDELIV"), Some("8")));
    }

    proptest! {
        #[test]
        fn strangers_texts_never_panic(text in prop::collection::vec(any::<u8>(), 0..200), state in any::<Option<u8>>()) {
            let deliver = Deliver { esm_class: 4, text, message_state: state, ..Deliver::default() };
            for form in [IdForm::Same, IdForm::DecimalReceipt, IdForm::HexReceipt] {
                let _ = Receipt::read(&deliver, form);
            }
        }
    }
}
