//! What can be made to go wrong between the payment gateways and the merchant.

use serde::{Deserialize, Serialize};

/// Everything that is switched on now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Faults {
    pub(crate) notify: NotifyFaults,
    /// The first rule that fits a call decides its answer.
    pub(crate) answers: Vec<AnswerFault>,
    /// Of the bills of all gateways.
    pub(crate) bills: BillFaults,
}

/// What is wrong with bills: in each of them, every time it is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BillFaults {
    /// It is not made yet, however late it is.
    pub(crate) not_ready: bool,
    /// So many rows are left out, the earliest first.
    pub(crate) leave_out: usize,
    /// So many of the rows that follow have another amount.
    pub(crate) other_amount: usize,
    /// So many of the rows that follow stand there twice.
    pub(crate) double: usize,
    /// So many rows of payments that nobody made.
    pub(crate) add: usize,
    /// The file is damaged.
    pub(crate) broken: bool,
}

impl BillFaults {
    /// What becomes of the rows of a bill, earliest first.
    pub(crate) fn spoil<T: Clone>(
        self,
        mut rows: Vec<T>,
        other_amount: impl Fn(&mut T),
        stranger: impl Fn(usize) -> Option<T>,
    ) -> Vec<T> {
        rows.drain(..self.leave_out.min(rows.len()));
        rows.iter_mut().take(self.other_amount).for_each(other_amount);
        let twice: Vec<T> = rows.iter().skip(self.other_amount).take(self.double).cloned().collect();
        rows.extend(twice);
        rows.extend((0..self.add).filter_map(stranger));
        rows
    }
    /// What becomes of its file.
    pub(crate) fn damage(self, mut file: Vec<u8>) -> Vec<u8> {
        if self.broken {
            file.truncate(file.len() / 2);
        }
        file
    }
}

/// What happens to notifications. They count for every try, also for later tries of an earlier notification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NotifyFaults {
    /// Nothing is sent; the schedule goes on.
    pub(crate) drop: bool,
    /// So many further copies of each.
    pub(crate) duplicate: u32,
    /// Waits so long before each, in milliseconds.
    pub(crate) delay_ms: u64,
    /// The signature belongs to something else.
    pub(crate) forge: bool,
    /// Properly signed, with another amount.
    pub(crate) wrong_amount: bool,
    /// Properly signed, for another seller.
    pub(crate) wrong_seller: bool,
    /// Properly signed, for another application.
    pub(crate) wrong_app: bool,
    /// Of WeChat Pay: a probe, whose signature is none; it must not be acknowledged.
    pub(crate) probe: bool,
}

/// What happens to the answers of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerFault {
    /// The method it is about, such as `alipay.trade.refund` or `wechat.refund`; `*` for all.
    #[serde(default = "any_method")]
    pub(crate) method: String,
    /// What happens.
    pub(crate) kind: AnswerFaultKind,
    /// For so many calls; without it, until it is switched off.
    #[serde(default)]
    pub(crate) times: Option<u32>,
}

/// The ways in which an answer fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerFaultKind {
    /// Carried out, then answered after so many milliseconds.
    Slow(u64),
    /// Carried out, then the connection is closed.
    CloseAfter,
    /// Not carried out; the connection is closed.
    CloseBefore,
    /// Carried out, answered with a signature of something else.
    BadSignature,
    /// Not carried out; HTTP status 500.
    #[serde(rename = "http_500")]
    Http500,
    /// Not carried out; the gateway's own "service unavailable" (20000, `SYSTEM_ERROR`).
    SystemError,
}

fn any_method() -> String {
    "*".to_owned()
}

impl Faults {
    /// What happens to this call; counts it.
    pub(crate) fn take(&mut self, method: &str) -> Option<AnswerFaultKind> {
        let at = self.answers.iter().position(|rule| rule.method == "*" || rule.method == method)?;
        let rule = self.answers.get_mut(at)?;
        let kind = rule.kind;
        if let Some(left) = rule.times.as_mut() {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.answers.remove(at);
            }
        }
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_counted_and_used_up() {
        let mut faults: Faults = serde_json::from_str(
            r#"{"notify":{"duplicate":2},"answers":[
                {"method":"alipay.trade.refund","kind":"close_after","times":2},
                {"kind":{"slow":50},"times":1},
                {"method":"alipay.trade.query","kind":"http_500"}]}"#,
        )
        .unwrap();
        assert_eq!(faults.notify.duplicate, 2);
        assert_eq!(faults.take("alipay.trade.refund"), Some(AnswerFaultKind::CloseAfter));
        assert_eq!(faults.take("alipay.trade.refund"), Some(AnswerFaultKind::CloseAfter));
        assert_eq!(faults.take("alipay.trade.refund"), Some(AnswerFaultKind::Slow(50)));
        assert_eq!(faults.take("alipay.trade.refund"), None);
        for _ in 0..3 {
            assert_eq!(faults.take("alipay.trade.query"), Some(AnswerFaultKind::Http500));
        }
        assert!(serde_json::from_str::<Faults>(r#"{"answers":[{"kind":"explode"}]}"#).is_err());
        assert!(serde_json::from_str::<Faults>(r#"{"typo":true}"#).is_err());
    }
}
