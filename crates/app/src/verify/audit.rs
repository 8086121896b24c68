//! The log of what the staff saw and did: whole, in its order, as it was written, up to its end.

use super::{Collected, Context, sql};
use crate::audit::{Broken, Walk};
use everline_core::ids::CustomerId;
use everline_store::tables::audit;
use everline_store::{Result, Tx, args};

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let (mut walk, mut count, mut noted) = (Walk::default(), 0, false);
    loop {
        let page = audit::from(tx, walk.head.entries, context.limits.page_rows).await?;
        if page.is_empty() {
            break;
        }
        count += page.len();
        for entry in &page {
            for broken in walk.step(entry) {
                if broken == Broken::ReasonRemoved && erased(tx, entry.customer.map(CustomerId)).await? {
                    continue;
                }
                out.found("audit_chain", format!("audit({})", entry.seq), broken.to_string());
            }
            if let Some(head) = context.audit_head.filter(|head| head.entries == entry.seq) {
                noted = true;
                if head.hash != walk.head.hash {
                    out.found("audit_noted", format!("audit({})", entry.seq), "another hash was noted of it");
                }
            }
        }
    }
    if count > 0 {
        out.checked("entries of the audit log", count);
    }
    let head = audit::head(tx).await?;
    if head != walk.head {
        let detail = format!("it says {} entries, the chain ends after {}", head.entries, walk.head.entries);
        out.found("audit_head", "audit_head".to_owned(), detail);
    }
    if let Some(head) = context.audit_head.filter(|head| head.entries > 0 && !noted) {
        out.found("audit_noted", format!("audit({})", head.entries), "it was noted, and is not there");
    }
    Ok(())
}

/// Whether what names a customer was removed, and the words of reasons with it.
async fn erased(tx: &mut Tx, customer: Option<CustomerId>) -> Result<bool> {
    let Some(customer) = customer else { return Ok(false) };
    Ok(tx.one::<(i64,)>("count", &sql::ERASED, args![customer]).await?.0 > 0)
}
