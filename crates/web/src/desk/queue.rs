//! `GET /desk`: orders that are paid and not in effect, refunds that wait for a second person, invoices that were asked for,
//! oldest first, and how much waits elsewhere: of each what the member may see.

use super::credit::kind_key;
use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::order_shown::{headline, order_number};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use everline_app::credit_change::waiting_adjustments;
use everline_app::dispute::open_disputes;
use everline_app::first::{First, HowMany};
use everline_app::invoice::waiting_invoices;
use everline_app::refund_order::waiting_refunds;
use everline_app::sign_in::Principal;
use everline_app::staff::{StaffMember, member, paid_not_in_effect};
use everline_app::{Problem, close_account, contribution, identity, operations, reconciliation, recovery, stock};
use everline_core::ids::RawId;
use everline_core::line::NetworkKind;
use everline_core::staff::{Permission, Role};
use everline_core::time::BusinessTime;

struct Row {
    href: String,
    number: String,
    line: String,
    name: String,
    price: String,
    age: String,
    state: String,
    waits_for: String,
    cases: usize,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    p: Frame,
    member: String,
    /// For the box to find somebody: nothing was typed here.
    q: &'static str,
    error: Option<String>,
    /// Whether customers' orders are shown at all.
    sees: bool,
    rows: Vec<Row>,
    /// The other queues.
    links: Vec<Link>,
    invoices: Rows<InvoiceRow>,
    disputes: Rows<DisputeRow>,
    refunds: Rows<RefundRow>,
    /// Corrections of credit that wait for a second person.
    credits: Rows<RefundRow>,
}

/// What is shown of a queue, and what is said if more waits.
struct Rows<T> {
    rows: Vec<T>,
    more: Option<String>,
}
impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: None }
    }
}

/// What a page says under a list that is cut off.
pub(super) fn more_waits<T>(visit: &Visit, found: &First<T>) -> Option<String> {
    let shown = i64::try_from(found.rows.len()).unwrap_or(i64::MAX);
    found.more.then(|| visit.say("desk-more-waits", &[("count", shown.into())]))
}

/// How much waits, in words; more than is looked at is said so.
pub(super) fn how_many(visit: &Visit, key: &str, HowMany { count, more }: HowMany) -> String {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let at_least = format!("{count}+");
    visit.say(key, &[("count", if more { Arg::Text(&at_least) } else { count.into() })])
}

/// Another queue in which something waits.
struct Link {
    href: &'static str,
    text: String,
}

/// A dispute that is not over.
struct DisputeRow {
    href: String,
    number: String,
    reason: String,
    due: String,
}

/// A refund that waits for a second person.
struct RefundRow {
    href: String,
    number: String,
    amount: String,
    age: String,
}

/// An invoice that was asked for.
struct InvoiceRow {
    href: String,
    number: String,
    age: String,
}

/// The staff member who asks. A session whose member is gone is worth nothing.
pub(crate) async fn staff(web: &Web, visit: &Visit) -> Result<StaffMember, Problem> {
    match visit.who.as_ref().map(|who| who.principal) {
        Some(Principal::Staff(id)) => member(&web.app, id).await,
        _ => Err(Problem::NotAllowed),
    }
}

/// The id of the staff member who asks.
pub(super) fn me(visit: &Visit) -> Result<RawId, Problem> {
    match visit.who.as_ref().map(|who| who.principal) {
        Some(Principal::Staff(by)) => Ok(by),
        _ => Err(Problem::NotAllowed),
    }
}

/// What waits, for whoever may see it; nothing for others.
struct Waiting<'a> {
    web: &'a Web,
    visit: &'a Visit,
    member: &'a StaffMember,
}
impl Waiting<'_> {
    fn may(&self, what: Permission) -> bool {
        self.member.may(what)
    }
    /// How many of something wait, in words; nothing if none does.
    fn count(&self, key: &str, count: usize) -> Option<String> {
        self.waits(key, HowMany { count, more: false })
    }
    /// The same of a queue, of which so many are looked at.
    fn waits(&self, key: &str, many: HowMany) -> Option<String> {
        (many.count > 0).then(|| how_many(self.visit, key, many))
    }
    fn shown<T, R>(&self, found: &First<T>, row: impl Fn(&T) -> R) -> Rows<R> {
        Rows { rows: found.rows.iter().map(row).collect(), more: more_waits(self.visit, found) }
    }
    async fn orders(&self) -> Result<Vec<Row>, Problem> {
        if !self.may(Permission::SeeCustomer) {
            return Ok(Vec::new());
        }
        let (show, visit) = (self.visit.show(self.web), self.visit);
        let views = paid_not_in_effect(&self.web.app, self.member.id).await?;
        let rows = views.iter().map(|view| Row {
            href: format!("/desk/orders/{}", view.order.number),
            number: order_number(&view.order.number),
            line: view.line.msisdn.masked(),
            name: view.offering.name.get(visit.lang.tag()).to_owned(),
            price: show.money(view.order.price),
            age: view.order.paid_at.map(|at| show.age(at)).unwrap_or_default(),
            state: visit.lang.get(headline(view.order.state)),
            waits_for: visit.lang.get(match view.line.network {
                NetworkKind::BuiltIn => "desk-waits-built-in",
                NetworkKind::Upstream => "desk-waits-upstream",
            }),
            cases: view.cases.len(),
        });
        Ok(rows.collect())
    }
    async fn invoices(&self) -> Result<Rows<InvoiceRow>, Problem> {
        if !self.may(Permission::SettleInvoice) {
            return Ok(Rows::default());
        }
        let show = self.visit.show(self.web);
        let waiting = waiting_invoices(&self.web.app, self.member.id).await?;
        Ok(self.shown(&waiting, |waiting| InvoiceRow {
            href: format!("/desk/orders/{}", waiting.order),
            number: order_number(&waiting.order),
            age: show.age(waiting.asked_at),
        }))
    }
    async fn disputes(&self) -> Result<Rows<DisputeRow>, Problem> {
        if !self.may(Permission::SeeCustomer) {
            return Ok(Rows::default());
        }
        let show = self.visit.show(self.web);
        let open = open_disputes(&self.web.app, self.member.id).await?;
        Ok(self.shown(&open, |open| DisputeRow {
            href: format!("/desk/orders/{}", open.order),
            number: order_number(&open.order),
            reason: open.reason.clone(),
            due: open.due_by.map(|due| show.moment_in_full(BusinessTime::from_us(due.us()))).unwrap_or_default(),
        }))
    }
    async fn refunds(&self) -> Result<Rows<RefundRow>, Problem> {
        if !self.may(Permission::SeeCustomer) {
            return Ok(Rows::default());
        }
        let show = self.visit.show(self.web);
        let waiting = waiting_refunds(&self.web.app, self.member.id).await?;
        Ok(self.shown(&waiting, |waiting| RefundRow {
            href: format!("/desk/orders/{}", waiting.order),
            number: order_number(&waiting.order),
            amount: show.money(waiting.amount),
            age: show.age(waiting.asked_at),
        }))
    }
    async fn credits(&self) -> Result<Rows<RefundRow>, Problem> {
        if !self.may(Permission::AdjustCredit) {
            return Ok(Rows::default());
        }
        let show = self.visit.show(self.web);
        let waiting = waiting_adjustments(&self.web.app, self.member.id).await?;
        Ok(self.shown(&waiting, |waiting| RefundRow {
            href: format!("/desk/customers/{}#credit", waiting.customer),
            number: show.lang.get(kind_key(waiting.kind)),
            amount: show.money(waiting.amount),
            age: show.age(waiting.asked_at),
        }))
    }
    /// The other queues that this member may see, with how much waits there.
    async fn elsewhere(&self) -> Result<Vec<Link>, Problem> {
        let (app, by, mut links) = (&self.web.app, self.member.id, Vec::new());
        let mut add = |href, text: Option<String>| links.extend(text.map(|text| Link { href, text }));
        if self.may(Permission::SeeCustomer) {
            add("/desk/cases", Some(self.visit.lang.get("case-desk-title")));
        }
        if self.may(Permission::SeeReconciliation) {
            add("/desk/reconciliation", self.waits("recon-open", reconciliation::queue::open_count(app, by).await?));
        }
        if self.may(Permission::SeeRecoveries) {
            add("/desk/recovery", self.waits("desk-recovery-open", recovery::waiting(app, by).await?));
        }
        if self.may(Permission::CloseAccounts) {
            add("/desk/closings", self.waits("desk-closings-open", close_account::waiting(app, by).await?));
        }
        if self.may(Permission::Moderate) {
            let count = contribution::waiting(app, by).await?;
            add("/desk/contributions", self.waits("desk-contributions-open", count));
        }
        if self.may(Permission::SeeStock) {
            add("/desk/stock", Some(self.visit.lang.get("stock-title")));
            add("/desk/stock", self.count("stock-low-open", stock::low(app, by).await?));
        }
        if self.may(Permission::SeeMoney) {
            add("/desk/money", Some(self.visit.lang.get("money-link")));
        }
        if self.may(Permission::SeeCatalog) {
            add("/desk/catalog", Some(self.visit.lang.get("catalog-title")));
        }
        if self.may(Permission::ManageStaff) {
            add("/desk/staff", Some(self.visit.lang.get("desk-staff-title")));
        }
        if self.may(Permission::ReadAudit) {
            add("/desk/audit", Some(self.visit.lang.get("desk-audit-title")));
        }
        if self.may(Permission::SeeFigures) {
            add("/desk/figures", Some(self.visit.lang.get("figures-title")));
        }
        if self.may(Permission::SeeOperations) {
            add("/desk/operations", Some(self.visit.lang.get("ops-title")));
            let soon = operations::ending_keys(app, by).await?;
            add("/desk/operations#keys", self.count("ops-keys-soon", soon));
        }
        if self.may(Permission::DecideIdentity) {
            add("/desk/identity", self.waits("desk-identity-open", identity::waiting(app, by).await?));
        }
        Ok(links)
    }
}

/// The queue.
pub(crate) async fn queue(State(web): State<Web>, visit: Visit) -> Answer {
    let member = staff(&web, &visit).await?;
    let waiting = Waiting { web: &web, visit: &visit, member: &member };
    let role = visit.lang.get(role_key(member.role));
    page(&Queue {
        sees: member.may(Permission::SeeCustomer),
        rows: waiting.orders().await?,
        links: waiting.elsewhere().await?,
        invoices: waiting.invoices().await?,
        disputes: waiting.disputes().await?,
        refunds: waiting.refunds().await?,
        credits: waiting.credits().await?,
        member: visit.say("desk-member", &[("name", Arg::Text(&member.name)), ("role", Arg::Text(&role))]),
        q: "",
        error: None,
        p: visit.frame(&web, visit.lang.get("desk-title")),
    })
}

/// The key of a role's name.
pub(super) const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Agent => "staff-role-agent",
        Role::SeniorAgent => "staff-role-senior-agent",
        Role::Finance => "staff-role-finance",
        Role::Catalog => "staff-role-catalog",
        Role::Operator => "staff-role-operator",
        Role::Auditor => "staff-role-auditor",
    }
}
