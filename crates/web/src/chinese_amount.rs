//! Amounts in the financial numerals that Chinese receipts carry beside the figures (中文大写金额), as the rules for
//! filling in payment vouchers say (《支付结算办法》 annex 1): no numeral can be altered into another.

use everline_core::money::{Currency, Money};

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
const GROUPS: [&str; 4] = ["", "万", "亿", "万亿"];

/// An amount in renminbi in financial numerals: `9.90` is 玖元玖角整, `1000010.05` is 壹佰万零壹拾元零伍分.
///
/// `None` for another currency, a negative amount, and an amount with a part smaller than a fen.
#[must_use]
pub fn chinese_amount(amount: Money) -> Option<String> {
    if amount.currency() != Currency::CNY {
        return None;
    }
    let fen = u64::try_from(amount.to_minor().ok()?).ok()?;
    let (yuan, jiao, fen) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut text = whole(yuan);
    if yuan > 0 {
        text.push('元');
    }
    match (jiao, fen) {
        (0, 0) if yuan == 0 => return Some("零元整".to_owned()),
        (0, 0) => text.push('整'),
        (0, fen) => {
            if yuan > 0 {
                text.push('零');
            }
            text.push(digit(fen));
            text.push('分');
        }
        (jiao, fen) => {
            text.push(digit(jiao));
            text.push('角');
            if fen > 0 {
                text.push(digit(fen));
                text.push('分');
            } else {
                text.push('整');
            }
        }
    }
    Some(text)
}

fn digit(value: u64) -> char {
    usize::try_from(value).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or('零')
}

/// A whole number, four digits at a time; zeros between digits that are spoken become one 零.
fn whole(number: u64) -> String {
    let mut text = String::new();
    let mut zero = false;
    for (group, name) in GROUPS.iter().enumerate().rev() {
        let scale = 10_000u64.saturating_pow(u32::try_from(group).unwrap_or(0));
        let part = number / scale % 10_000;
        for (place, unit) in PLACES.iter().enumerate().rev() {
            let value = part / 10u64.pow(u32::try_from(place).unwrap_or(0)) % 10;
            if value == 0 {
                zero = !text.is_empty();
                continue;
            }
            if zero {
                text.push('零');
                zero = false;
            }
            text.push(digit(value));
            text.push_str(unit);
        }
        if part > 0 {
            // 万亿 followed by a spoken 亿 group says 亿 only once.
            let next = !(number / 100_000_000).is_multiple_of(10_000);
            text.push_str(if *name == "万亿" && next { "万" } else { name });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_spoken_as_the_rules_say() {
        for (figures, words) in [
            ("0", "零元整"),
            ("0.01", "壹分"),
            ("0.10", "壹角整"),
            ("0.25", "贰角伍分"),
            ("9.90", "玖元玖角整"),
            ("10", "壹拾元整"),
            ("29.05", "贰拾玖元零伍分"),
            ("100", "壹佰元整"),
            ("101", "壹佰零壹元整"),
            ("1001", "壹仟零壹元整"),
            ("1010.30", "壹仟零壹拾元叁角整"),
            ("1409.50", "壹仟肆佰零玖元伍角整"),
            ("6007.14", "陆仟零柒元壹角肆分"),
            ("10000", "壹万元整"),
            ("10010", "壹万零壹拾元整"),
            ("107000.53", "壹拾万零柒仟元伍角叁分"),
            ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
            ("1000010.05", "壹佰万零壹拾元零伍分"),
            ("100000000", "壹亿元整"),
            ("100000001", "壹亿零壹元整"),
            ("325000000.04", "叁亿贰仟伍佰万元零肆分"),
            ("1000000000000", "壹万亿元整"),
            ("1000100000000", "壹万零壹亿元整"),
        ] {
            let amount = Money::parse(figures, Currency::CNY).unwrap();
            assert_eq!(chinese_amount(amount).as_deref(), Some(words), "{figures}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        let cny = |micros| Money::from_micros(micros, Currency::CNY);
        assert_eq!(chinese_amount(cny(1)), None, "less than a fen");
        assert_eq!(chinese_amount(cny(-10_000)), None, "negative");
        assert_eq!(chinese_amount(Money::parse("9.90", "USD".parse().unwrap()).unwrap()), None);
    }
}
