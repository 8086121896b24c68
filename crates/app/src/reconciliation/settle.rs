//! Carrying out what the lines of a bill mean: evidence, postings, items. A transaction touches the books of one customer.

use super::compare::{OneLine, judged};
use super::read_bill::item;
use crate::payment_confirmed::take_evidence;
use crate::set_up::HOUSE;
use crate::{App, Problem};
use everline_core::effects::Job;
use everline_core::ids::{BillLineId, CustomerId, ItemId};
use everline_core::ledger::Posting;
use everline_core::payment::{Evidence, Provider};
use everline_core::reconciliation::{
    Action, BillDay, Closed, Item, ItemKind, ItemState, LineKind, LineState, Verdict, posting_of,
};
use everline_core::time::{Now, SystemTime};
use everline_store::tables::reconciliation::{self as table, LineWithOurs};
use everline_store::tables::{customer, job, ledger, notice};
use everline_store::{Stop, Tx, Work};
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use std::collections::{BTreeMap, BTreeSet};

/// Lines or items in one transaction that touches no customer.
const BATCH: usize = 1_000;
/// Transactions at once.
const AT_ONCE: usize = 64;

/// Everything that the verdicts ask for.
#[derive(Default)]
struct Plan {
    /// Lines that agree and move nothing.
    agreed: Vec<BillLineId>,
    /// Lines that agree and move something, by whose books.
    postings: BTreeMap<CustomerId, Vec<(BillLineId, Posting)>>,
    /// Lines for the queue.
    items: Vec<(BillLineId, Item)>,
    /// Items that are settled by what the bill says now; and what people must look at where they had decided that no bill
    /// would have it.
    settled: Vec<(ItemId, Option<Item>)>,
    /// Refunds that the bill has and our books do not have as done yet.
    refunds: Vec<Job>,
}

/// Carries out; how many lines agree now, and how many were evidence.
pub(super) async fn settle(
    app: &App,
    of: (Provider, BillDay),
    compared: Vec<(LineWithOurs, Verdict)>,
) -> Result<(usize, usize), Problem> {
    let known = app.store.read(KnownItems(of.0)).await?;
    let (now, mut plan, mut evidence) = (app.clock.now(), Plan::default(), 0);
    for (line, verdict) in compared {
        let (line, verdict) = match verdict {
            Verdict::Evidence => {
                evidence += 1;
                heard_of(app, line).await?
            }
            known => (line, known),
        };
        plan.add(of, &line, verdict, &known, now);
    }
    let agreed = plan.agreed.len() + plan.postings.values().map(Vec::len).sum::<usize>();
    plan.carry_out(app, of.0, now).await?;
    Ok((agreed, evidence))
}

/// Takes the evidence of a line, and compares it again.
async fn heard_of(app: &App, line: LineWithOurs) -> Result<(LineWithOurs, Verdict), Problem> {
    let said = &line.stored.line;
    let out_trade_no = said.out_trade_no.clone().unwrap_or_default();
    tracing::warn!(provider = line.provider.word(), "a bill has a payment that nobody told us of");
    let evidence =
        Evidence { provider: line.provider, out_trade_no, trade_no: said.number.clone(), amount: said.amount };
    match take_evidence(app, evidence, None).await {
        Ok(_) => {}
        Err(problem) => tracing::error!(%problem, "the evidence of a bill cannot be taken; people will look"),
    }
    let again = app.store.read(OneLine(line.stored.id)).await?.unwrap_or(line);
    Ok(match judged(app, again) {
        (line, Verdict::Evidence) => (line, Verdict::Queue(ItemKind::StateDiffers)),
        settled => settled,
    })
}

impl Plan {
    fn add(&mut self, of: (Provider, BillDay), line: &LineWithOurs, verdict: Verdict, known: &Known, now: Now) {
        let (id, said) = (line.stored.id, &line.stored.line);
        // What the bill has is missing no more, and what was said of a line before is said no more.
        let missing = line.attempt.filter(|_| said.kind == LineKind::Payment).map(ItemKind::of_attempt);
        let missing = missing.into_iter().chain(line.refund.map(ItemKind::of_refund));
        for gone in missing.filter(|item| known.decided.contains(item) || known.open.contains(item)) {
            // What people moved was what our books say; by how much the bill differs from that is another item.
            let mut after_all = item(ItemKind::CameAfterAll, of, &line.stored, said, Some(0), now.system);
            after_all.theirs = match said.kind {
                LineKind::Refund => line.ours.refund.map(|refund| refund.amount),
                _ => line.ours.attempt.as_ref().map(|ours| ours.received),
            };
            self.settled.push((gone, Some(after_all)));
        }
        let before = JUDGED.iter().filter(|kind| verdict != Verdict::Queue(**kind)).map(|kind| kind.of_line(id));
        self.settled.extend(before.filter(|item| known.open.contains(item)).map(|item| (item, None)));
        match verdict {
            Verdict::Queue(kind) => {
                if kind == ItemKind::StateDiffers
                    && let Some((refund, attempt)) = line.refund.zip(line.ours.attempt.as_ref())
                {
                    self.refunds.push(Job::Refund { customer: attempt.customer, refund });
                }
                let ours = match said.kind {
                    LineKind::Refund => line.ours.refund.map(|refund| refund.amount),
                    _ => line.ours.attempt.as_ref().filter(|_| kind != ItemKind::TheirsOnly).map(|ours| ours.received),
                };
                self.items.push((id, item(kind, of, &line.stored, said, ours, now.system)));
            }
            Verdict::Agreed | Verdict::Evidence => match posting_of(id, said, now.business) {
                None => self.agreed.push(id),
                Some(posting) => self.postings.entry(owner(line)).or_default().push((id, posting)),
            },
        }
    }

    async fn carry_out(self, app: &App, provider: Provider, now: Now) -> Result<(), Problem> {
        for chunk in self.agreed.chunks(BATCH) {
            app.store.transact(Agree { lines: chunk.to_vec() }).await?;
        }
        let post = |(customer, lines)| app.store.transact(Post { customer, lines, now });
        let posts: Vec<_> = self.postings.into_iter().map(post).collect();
        iter(posts).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        for chunk in self.items.chunks(BATCH) {
            let (lines, items) = chunk.iter().cloned().unzip();
            app.store.transact(Queue { lines, items }).await?;
        }
        for chunk in self.settled.chunks(BATCH) {
            app.store.transact(CloseItself { provider, items: chunk.to_vec(), now: now.system }).await?;
        }
        for refund in self.refunds {
            app.store.transact(Wake { refund, now }).await?;
        }
        Ok(())
    }
}

/// What comparing a line can say.
pub(crate) const JUDGED: [ItemKind; 5] = [
    ItemKind::TheirsOnly,
    ItemKind::AmountDiffers,
    ItemKind::NumberDiffers,
    ItemKind::StateDiffers,
    ItemKind::NotUnderstood,
];

/// In whose books a line that agrees is posted.
pub(crate) fn owner(line: &LineWithOurs) -> CustomerId {
    match line.stored.line.kind {
        LineKind::Payment | LineKind::Refund => line.ours.attempt.as_ref().map_or(HOUSE, |attempt| attempt.customer),
        LineKind::Fee | LineKind::Payout | LineKind::Other => HOUSE,
    }
}

/// What the queue knows already.
struct Known {
    /// Items that wait.
    open: BTreeSet<ItemId>,
    /// Items about what no bill had, with which people moved money.
    decided: BTreeSet<ItemId>,
}
struct KnownItems(Provider);
impl Work for KnownItems {
    const NAME: &'static str = "items_of_a_provider";
    type Out = Known;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let open = table::open_of_provider(tx, self.0).await?.into_iter().collect();
        let decided = table::decided_missing(tx, self.0).await?.into_iter().collect();
        Ok(Known { open, decided })
    }
}

struct Agree {
    lines: Vec<BillLineId>,
}
impl Work for Agree {
    const NAME: &'static str = "lines_agree";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.lines.iter().for_each(|line| table::put_line(tx, *line, LineState::Agreed));
        Ok(())
    }
}

/// Posts what the lines of one customer move. A line that was settled meanwhile moves nothing.
struct Post {
    customer: CustomerId,
    lines: Vec<(BillLineId, Posting)>,
    now: Now,
}
impl Work for Post {
    const NAME: &'static str = "post_bill_lines";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let mut balances = customer::lock_account(tx, self.customer).await?;
        for (line, posting) in &self.lines {
            if table::move_line(tx, *line, LineState::Agreed).await? {
                let posting = Posting { posted_at: self.now.business, ..*posting };
                balances = balances.after(&posting).map_err(|refusal| Stop::Refused(refusal.into()))?;
                ledger::post(tx, self.customer, &posting);
            }
        }
        customer::save_account(tx, self.customer, &balances);
        Ok(())
    }
}

struct Queue {
    lines: Vec<BillLineId>,
    items: Vec<Item>,
}
impl Work for Queue {
    const NAME: &'static str = "queue_bill_lines";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.lines.iter().for_each(|line| table::put_line(tx, *line, LineState::Queued));
        self.items.iter().for_each(|item| table::add_item(tx, item));
        Ok(())
    }
}

/// Puts items into the queue.
pub(super) struct Enqueue {
    pub(super) items: Vec<Item>,
}
impl Work for Enqueue {
    const NAME: &'static str = "queue_items";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.items.iter().for_each(|item| table::add_item(tx, item));
        Ok(())
    }
}

/// Closes items that are settled by themselves, and the notices that waited for the same.
struct CloseItself {
    provider: Provider,
    items: Vec<(ItemId, Option<Item>)>,
    now: SystemTime,
}
impl Work for CloseItself {
    const NAME: &'static str = "close_items_by_themselves";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let closed = Closed { at: self.now, by: None, action: Action::Agreed, reason: String::new() };
        for (id, after_all) in &self.items {
            let was_open = table::close_item(tx, *id, &closed).await?;
            let Some(item) = table::item(tx, *id).await? else { continue };
            if was_open {
                if let Some(out_trade_no) = &item.out_trade_no {
                    notice::resolve(tx, self.provider.word(), out_trade_no);
                }
            } else if let (ItemState::Closed(how), Some(after_all)) = (&item.state, after_all)
                && matches!(how.action, Action::WriteOff | Action::Suspense)
            {
                table::add_item(tx, after_all);
            }
        }
        Ok(())
    }
}

/// Has a refund's provider asked at once how far it is.
struct Wake {
    refund: Job,
    now: Now,
}
impl Work for Wake {
    const NAME: &'static str = "wake_refund";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        job::awake(tx, self.refund.id(), self.now.system);
        Ok(())
    }
}
