//! Amounts and times: what is read is written as something that reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire_pay::{
    Fen, SignedFen,
    time::{format_time, parse_time},
};

fuzz_target!(|text: &str| {
    if let Ok(amount) = text.parse::<Fen>() {
        assert!((0..=Fen::MAX.get()).contains(&amount.get()));
        assert_eq!(amount.to_string().parse(), Ok(amount));
        assert_eq!(text.parse(), Ok(SignedFen::from(amount)));
    }
    if let Ok(amount) = text.parse::<SignedFen>() {
        assert_eq!(amount.to_string().parse(), Ok(amount));
    }
    if let Ok(unix_s) = parse_time(text) {
        assert_eq!(parse_time(&format_time(unix_s)), Ok(unix_s));
        assert!(text.starts_with(&format_time(unix_s)));
    }
});
