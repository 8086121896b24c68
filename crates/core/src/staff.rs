//! Who works at the desk, and what each role may do there. One table says it; whether whoever asked may also approve is
//! decided where it happens, and no role passes that.

use crate::words::words;

/// What a member of the staff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Helps customers.
    Agent,
    /// Helps customers, sees what is masked, and approves what agents ask for.
    SeniorAgent,
    /// Sees to money: refunds, bills, payouts.
    Finance,
    /// Makes what is sold, and sees to the stock.
    Catalog,
    /// Runs the business: may do everything.
    Operator,
    /// Looks, and changes nothing.
    Auditor,
}

words!(Role {
    Agent = "agent",
    SeniorAgent = "senior_agent",
    Finance = "finance",
    Catalog = "catalog",
    Operator = "operator",
    Auditor = "auditor",
});

impl Role {
    /// Whether a member of this role may do something.
    #[must_use]
    pub const fn may(self, what: Permission) -> bool {
        use Permission as P;
        match self {
            Role::Operator => true,
            Role::Agent => matches!(
                what,
                P::SeeCustomer
                    | P::TakeEvidence
                    | P::ActOnLine
                    | P::WorkCases
                    | P::Moderate
                    | P::SettleInvoice
                    | P::Refund
                    | P::SeeReconciliation
                    | P::SeeRecoveries
                    | P::AskProvider
                    | P::Goodwill
            ),
            Role::SeniorAgent => {
                Role::Agent.may(what) || matches!(what, P::Reveal | P::ApproveRefund | P::KeepPrepared | P::SeeFigures)
            }
            Role::Finance => matches!(
                what,
                P::SeeCustomer
                    | P::SeeMoney
                    | P::SeeStock
                    | P::TakeEvidence
                    | P::SettleInvoice
                    | P::Refund
                    | P::ApproveRefund
                    | P::RefundOtherWay
                    | P::SeeReconciliation
                    | P::SettleReconciliation
                    | P::CloseAccounts
                    | P::MakeVouchers
                    | P::AskProvider
                    | P::Goodwill
                    | P::AdjustCredit
                    | P::SeeCatalog
                    | P::SeeFigures
            ),
            Role::Catalog => matches!(
                what,
                P::Moderate | P::SeeCatalog | P::PublishCatalog | P::ManageStock | P::SeeStock | P::SeeFigures
            ),
            Role::Auditor => matches!(
                what,
                P::SeeCustomer
                    | P::SeeReconciliation
                    | P::SeeMoney
                    | P::SeeStock
                    | P::SeeCatalog
                    | P::SeeFigures
                    | P::SeeOperations
                    | P::ReadAudit
            ),
        }
    }
}

/// Something that can be done or seen at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// See a customer's orders, lines and cases, with numbers masked.
    SeeCustomer,
    /// See in the clear what is masked, with a reason.
    Reveal,
    /// Take away the evidence that answers a dispute.
    TakeEvidence,
    /// Act on a line: ask its network again, command it, replace its Sim.
    ActOnLine,
    /// Answer cases, note something in them, solve them.
    WorkCases,
    /// Decide about what customers write under offerings, and answer their questions.
    Moderate,
    /// Write down an invoice that was made, or why none was.
    SettleInvoice,
    /// Give money back, within the limit alone.
    Refund,
    /// Approve what a colleague wants to give back above the limit.
    ApproveRefund,
    /// Give another way what a provider refused to give back.
    RefundOtherWay,
    /// See what waits of providers' bills.
    SeeReconciliation,
    /// Decide about it, and about the bank's statements.
    SettleReconciliation,
    /// See who asks to be let in.
    SeeRecoveries,
    /// Decide whether they are.
    DecideRecovery,
    /// Decide who somebody is, and about corrections of it.
    DecideIdentity,
    /// Close accounts and pay out what was paid in.
    CloseAccounts,
    /// Make and stop vouchers.
    MakeVouchers,
    /// See what is sold, in every version, with what it costs upstream.
    SeeCatalog,
    /// Draft, publish and withdraw what is sold.
    PublishCatalog,
    /// Load and see to Sims, eSIM profiles and numbers.
    ManageStock,
    /// Invite members, change their roles, let them in no more.
    ManageStaff,
    /// Read who saw or did what.
    ReadAudit,
    /// Ask a provider at once what became of a payment or refund.
    AskProvider,
    /// Give promotional credit, within the day's limits.
    Goodwill,
    /// Correct credit up or down, alone within a limit; approve what a colleague corrects above it.
    AdjustCredit,
    /// See the stock: how much there is of what, by batch.
    SeeStock,
    /// See the business's money: days of the books, what is owed, what stands in suspense.
    SeeMoney,
    /// Write the answers that are prepared for cases.
    KeepPrepared,
    /// See how the business goes, in numbers.
    SeeFigures,
    /// See jobs, messages, providers and keys.
    SeeOperations,
    /// Have jobs run again, send test messages, ask providers whether they are there.
    Operate,
}

words!(Permission {
    SeeCustomer = "see_customer",
    Reveal = "reveal",
    TakeEvidence = "take_evidence",
    ActOnLine = "act_on_line",
    WorkCases = "work_cases",
    Moderate = "moderate",
    SettleInvoice = "settle_invoice",
    Refund = "refund",
    ApproveRefund = "approve_refund",
    RefundOtherWay = "refund_other_way",
    SeeReconciliation = "see_reconciliation",
    SettleReconciliation = "settle_reconciliation",
    SeeRecoveries = "see_recoveries",
    DecideRecovery = "decide_recovery",
    DecideIdentity = "decide_identity",
    CloseAccounts = "close_accounts",
    MakeVouchers = "make_vouchers",
    SeeCatalog = "see_catalog",
    PublishCatalog = "publish_catalog",
    ManageStock = "manage_stock",
    ManageStaff = "manage_staff",
    ReadAudit = "read_audit",
    AskProvider = "ask_provider",
    Goodwill = "goodwill",
    AdjustCredit = "adjust_credit",
    SeeStock = "see_stock",
    SeeMoney = "see_money",
    KeepPrepared = "keep_prepared",
    SeeFigures = "see_figures",
    SeeOperations = "see_operations",
    Operate = "operate",
});

/// Something that happened to how a member signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StaffNews {
    /// Signed in with a code of their generator.
    InByCode,
    /// Signed in with a passkey.
    InByPasskey,
    /// Signed in with a recovery code, which is used up.
    InByRecoveryCode,
    /// Refused: another password.
    PasswordWrong,
    /// Refused: a second factor that was not theirs, or was used before.
    SecondWrong,
    /// A password was set by a link.
    PasswordSet,
    /// A code generator was set.
    GeneratorSet,
}
words!(StaffNews {
    InByCode = "in_by_code",
    InByPasskey = "in_by_passkey",
    InByRecoveryCode = "in_by_recovery_code",
    PasswordWrong = "password_wrong",
    SecondWrong = "second_wrong",
    PasswordSet = "password_set",
    GeneratorSet = "generator_set",
});

impl StaffNews {
    /// Whether somebody was refused.
    #[must_use]
    pub const fn refused(self) -> bool {
        matches!(self, StaffNews::PasswordWrong | StaffNews::SecondWrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every permission × every role, written out: agent, senior agent, finance, catalog, operator, auditor.
    #[rustfmt::skip]
    const TABLE: [(Permission, &str); 31] = [
        (Permission::SeeCustomer,          "asf.ou"),
        (Permission::Reveal,               ".s..o."),
        (Permission::TakeEvidence,         "asf.o."),
        (Permission::ActOnLine,            "as..o."),
        (Permission::WorkCases,            "as..o."),
        (Permission::Moderate,             "as.co."),
        (Permission::SettleInvoice,        "asf.o."),
        (Permission::Refund,               "asf.o."),
        (Permission::ApproveRefund,        ".sf.o."),
        (Permission::RefundOtherWay,       "..f.o."),
        (Permission::SeeReconciliation,    "asf.ou"),
        (Permission::SettleReconciliation, "..f.o."),
        (Permission::SeeRecoveries,        "as..o."),
        (Permission::DecideRecovery,       "....o."),
        (Permission::DecideIdentity,       "....o."),
        (Permission::CloseAccounts,        "..f.o."),
        (Permission::MakeVouchers,         "..f.o."),
        (Permission::SeeCatalog,           "..fcou"),
        (Permission::PublishCatalog,       "...co."),
        (Permission::ManageStock,          "...co."),
        (Permission::ManageStaff,          "....o."),
        (Permission::ReadAudit,            "....ou"),
        (Permission::AskProvider,          "asf.o."),
        (Permission::Goodwill,             "asf.o."),
        (Permission::AdjustCredit,         "..f.o."),
        (Permission::SeeStock,             "..fcou"),
        (Permission::SeeMoney,             "..f.ou"),
        (Permission::KeepPrepared,         ".s..o."),
        (Permission::SeeFigures,           ".sfcou"),
        (Permission::SeeOperations,        "....ou"),
        (Permission::Operate,              "....o."),
    ];

    #[test]
    fn every_role_may_what_the_table_says() {
        for (at, (what, who)) in TABLE.into_iter().enumerate() {
            assert_eq!(Permission::ALL[at], what, "every permission has its row");
            for (role, mark) in Role::ALL.into_iter().zip(who.chars()) {
                assert_eq!(role.may(what), mark != '.', "{role:?} {what:?}");
            }
        }
    }

    #[test]
    fn words_lead_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        assert_eq!(Role::from_word("root"), None);
        let all: std::collections::BTreeSet<_> = Permission::ALL.into_iter().collect();
        assert_eq!(all.len(), Permission::ALL.len());
    }
}
