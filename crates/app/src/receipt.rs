//! Receipts that can be checked: what one says, signed, in a text short enough for an address; and the check, years later.

use crate::order_page::{OrderView, ReceiptView, order_page};
use crate::secrets::ReceiptKey;
use crate::{App, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_core::brand::Brand;
use everline_core::effects::Receipt;
use everline_core::ids::{CustomerId, OrderId, ReceiptId};
use everline_core::money::Money;
use everline_core::receipt::{Change, Course, Facts, Payee, Payment, Proof, Reader, SIGNATURE_BYTES, statement};
use everline_store::tables::receipt;
use everline_store::{Stop, Tx, Work};

/// A receipt with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What never changes of it.
    pub facts: Facts,
    /// What it says of what was still to come.
    pub course: Course,
    /// The signed text: all of both.
    pub statement: String,
    /// The key under which it is signed.
    pub key: ReceiptKey,
    /// The signature (Ed25519).
    pub signature: [u8; SIGNATURE_BYTES],
    /// What stands in the address at which it is checked.
    pub token: String,
}

/// A receipt that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it said.
    pub signed: Signed,
    /// How far it is now.
    pub now: Course,
}
impl Checked {
    /// What happened since it was written.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.signed.course.changes(&self.now)
    }
}

/// Whom a receipt names.
#[must_use]
pub fn payee(receipt: &ReceiptView, brand: &Brand) -> Payee {
    receipt.former_payee.clone().unwrap_or_else(|| brand.payee())
}

/// What brought the money, oldest first.
#[must_use]
pub fn payments(view: &OrderView, receipt: &ReceiptView) -> Vec<Payment> {
    // Each has the posting that brought its money, in business time.
    let paid_at = |cause| receipt.postings.iter().find(|posted| posted.cause == cause).map(|posted| posted.posted_at);
    let attempts = view.attempts.iter().filter(|attempt| receipt.paid_by.contains(&attempt.id));
    let payments = attempts.map(|attempt| Payment {
        method: attempt.method,
        by_voucher: attempt.by_voucher(),
        out_trade_no: attempt.out_trade_no.clone(),
        trade_no: attempt.trade_no.clone(),
        received: Money::from_micros(attempt.into_order(), attempt.amount.currency()),
        paid_at: paid_at(attempt.id.0).or(view.order.paid_at).unwrap_or(receipt.issued_at),
    });
    payments.collect()
}

/// The receipt of an order as it stands now, signed; `None` while there is none or it has no number.
///
/// # Errors
/// [`Problem::Internal`] if it cannot be signed.
pub fn signed(app: &App, view: &OrderView, reader: Reader) -> Result<Option<Signed>, Problem> {
    let Some(facts) = facts(view, &app.brand, reader) else { return Ok(None) };
    let course = Course::of(&view.order, &view.refunds, reader);
    let statement = statement(&facts, &course);
    let (key, signature) =
        app.secrets.sign_receipt(&statement).map_err(|error| Problem::Internal(error.to_string()))?;
    let receipt = Receipt::of(&view.order, facts.issued_at).id;
    let proof = Proof { key: key.id(), receipt, course: course.clone(), signature };
    let token = URL_SAFE_NO_PAD.encode(proof.to_bytes());
    Ok(Some(Signed { facts, course, statement, key, signature, token }))
}

fn facts(view: &OrderView, brand: &Brand, reader: Reader) -> Option<Facts> {
    let receipt = view.receipt.as_ref()?;
    Some(Facts {
        number: receipt.number?,
        issued_at: receipt.issued_at,
        order: view.order.number.clone(),
        payee: payee(receipt, brand),
        item: view.offering.reference.clone(),
        item_name: view.offering.name.clone(),
        lasts: view.offering.validity,
        msisdn: view.line.msisdn.masked(),
        iccid: receipt.iccid.clone().filter(|_| reader == Reader::Owner),
        amount: view.order.price,
        payments: payments(view, receipt),
    })
}

/// Checks the text of an address: whether we signed a receipt that says so, and what happened since. It reads what never
/// changes from the store, so that a receipt proves what is in the books and nothing else.
///
/// # Errors
/// [`Problem::NotGenuine`], the same for what was made up, what was changed and what is unknown.
pub async fn check_receipt(app: &App, token: &str) -> Result<Checked, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Problem::NotGenuine)?;
    let Proof { key, receipt, course, signature } = Proof::from_bytes(&bytes).ok_or(Problem::NotGenuine)?;
    let found = app.store.read(FindReceipt(receipt)).await?;
    let (customer, order) = found.ok_or(Problem::NotGenuine)?;
    let view = order_page(app, customer, order).await?;
    let facts = facts(&view, &app.brand, course.reader).ok_or(Problem::NotGenuine)?;
    let statement = statement(&facts, &course);
    let key = app.secrets.receipt_signed(key, &statement, &signature).ok_or(Problem::NotGenuine)?;
    let now = Course::of(&view.order, &view.refunds, course.reader);
    let signed = Signed { facts, course, statement, key, signature, token: token.to_owned() };
    Ok(Checked { signed, now })
}

struct FindReceipt(ReceiptId);
impl Work for FindReceipt {
    const NAME: &'static str = "find_receipt";
    type Out = Option<(CustomerId, OrderId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(receipt::of_id(tx, self.0).await?)
    }
}
