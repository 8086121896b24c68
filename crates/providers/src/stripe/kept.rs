//! Cards that Stripe keeps: customers, debits while they are away, and what is known of a card.
//!
//! A debit is a PaymentIntent that is made and confirmed in one request, under the attempt's number as idempotency key: sent
//! again within a day it is the same debit with the same answer. When the bank wants to ask the card's owner the debit is
//! refused for good; the owner pays by a Checkout Session, which asks them there. What a refused debit leaves behind waits for
//! another card, and is canceled by asking to close it.

use super::{Failure, INTENT, OUT_TRADE_NO, Stripe, evidence_of, or_unknown, to_wire};
use async_trait::async_trait;
use everline_app::ports::{
    ClosedAnswer, DebitRequest, Debited, Forgot, Holder, Kept, KeptMethod, MethodKeeper, PaymentRef, PaymentStatus,
};
use wire_pay::stripe::{
    Amount, CancelPaymentIntent, CancellationReason, Command, CreateCustomer, CreatePaymentIntent, Customer,
    CustomerId, Metadata, PaymentIntent, PaymentIntentId, PaymentIntentStatus, PaymentMethod, PaymentMethodId, Query,
    RefusalKind, Reply, read_reply,
};

/// The name under which a customer carries our id.
const CUSTOMER: &str = "customer";

impl Stripe {
    /// Stripe's name for a customer; asked for if there is none yet. The key makes it one customer, also if the answer is lost.
    pub(super) async fn holder(&self, holder: &Holder) -> Result<Option<CustomerId>, Failure> {
        if let Some(known) = &holder.reference {
            return Ok(Some(CustomerId::parse(known)?));
        }
        let ours = holder.customer.to_string();
        let mut metadata = Metadata::new();
        metadata.insert(CUSTOMER, &ours)?;
        let create = Command::CreateCustomer(CreateCustomer { email: None, metadata });
        Ok(match self.command::<Customer>(&create, &format!("customer-{ours}")).await? {
            Reply::Done(customer) => Some(customer.id),
            Reply::Refused(_) => None,
        })
    }

    async fn ask_debit(&self, request: &DebitRequest, amount: Amount) -> Result<Debited, Failure> {
        let mut metadata = Metadata::new();
        metadata.insert(OUT_TRADE_NO, &request.out_trade_no)?;
        let create = CreatePaymentIntent {
            amount,
            customer: CustomerId::parse(&request.holder)?,
            payment_method: PaymentMethodId::parse(&request.token)?,
            description: Some(request.subject.clone()),
            return_url: self.config.return_url.clone(),
            metadata,
        };
        let create = Command::CreatePaymentIntent(create);
        let refused = |authentication, intent: Option<&PaymentIntent>| Debited::Refused {
            authentication,
            reference: intent.map(|intent| format!("{INTENT}{}", intent.id)),
        };
        let reply = match self.command::<PaymentIntent>(&create, &request.out_trade_no).await {
            Ok(reply) => reply,
            // Never sent: Stripe would surely refuse it.
            Err(Failure::Request(_)) => return Ok(refused(false, None)),
            Err(failure) => return Err(failure),
        };
        Ok(match reply {
            Reply::Done(intent) if intent.metadata.get(OUT_TRADE_NO) != Some(&request.out_trade_no) => {
                return Err(Failure::OtherObject);
            }
            Reply::Done(intent) if intent.is_paid() => {
                evidence_of(&intent, &request.out_trade_no).map_or(Debited::Unknown, Debited::Paid)
            }
            Reply::Done(intent) => match intent.status {
                PaymentIntentStatus::RequiresPaymentMethod | PaymentIntentStatus::Canceled => {
                    refused(false, Some(&intent))
                }
                _ => Debited::UnderWay { reference: format!("{INTENT}{}", intent.id) },
            },
            Reply::Refused(refusal) => {
                let intent = refusal.payment_intent.as_deref();
                match refusal.kind() {
                    RefusalKind::Declined | RefusalKind::NotFound => refused(false, intent),
                    RefusalKind::NeedsAuthentication => refused(true, intent),
                    // A key that was withdrawn can be replaced; then the debit can be made.
                    RefusalKind::Request if !matches!(refusal.status, 401 | 403) => refused(false, intent),
                    _ => Debited::Unknown,
                }
            }
        })
    }

    async fn intent(&self, id: &PaymentIntentId) -> Result<Option<PaymentIntent>, Failure> {
        let request = Query::PaymentIntent(id.clone()).to_http(&self.config.api_key)?;
        let answer = self.send(&request).await?;
        let Reply::Done(intent) = read_reply::<PaymentIntent>(answer.status, &answer.body)? else { return Ok(None) };
        if intent.id == *id { Ok(Some(intent)) } else { Err(Failure::OtherObject) }
    }

    /// What became of a debit.
    pub(super) async fn ask_intent(
        &self,
        payment: &PaymentRef,
        id: &PaymentIntentId,
    ) -> Result<PaymentStatus, Failure> {
        let Some(intent) = self.intent(id).await? else { return Ok(PaymentStatus::Unknown) };
        if intent.metadata.get(OUT_TRADE_NO) != Some(&payment.out_trade_no) {
            return Err(Failure::OtherObject);
        }
        if intent.is_paid() {
            let evidence = evidence_of(&intent, &payment.out_trade_no);
            return Ok(evidence.map_or(PaymentStatus::Unknown, PaymentStatus::Paid));
        }
        Ok(match intent.status {
            PaymentIntentStatus::Canceled => PaymentStatus::Closed,
            PaymentIntentStatus::Other(_) => PaymentStatus::Unknown,
            _ => PaymentStatus::Waiting,
        })
    }

    /// Gives up what a debit left behind.
    pub(super) async fn cancel(&self, payment: &PaymentRef, id: &PaymentIntentId) -> Result<ClosedAnswer, Failure> {
        let reason = CancellationReason::Abandoned;
        let cancel = Command::CancelPaymentIntent(CancelPaymentIntent { payment_intent: id.clone(), reason });
        let reply = self.command::<PaymentIntent>(&cancel, &format!("{}-close", payment.out_trade_no)).await?;
        if let Reply::Done(intent) = reply
            && intent.id == *id
            && intent.status == PaymentIntentStatus::Canceled
        {
            return Ok(ClosedAnswer::Closed);
        }
        Ok(match self.ask_intent(payment, id).await? {
            PaymentStatus::Paid(_) => ClosedAnswer::AlreadyPaid,
            PaymentStatus::Closed => ClosedAnswer::Closed,
            _ => ClosedAnswer::Unknown,
        })
    }

    /// A saved card; `None` if Stripe has none of that name.
    async fn method(&self, id: &PaymentMethodId) -> Result<Option<PaymentMethod>, Failure> {
        let request = Query::PaymentMethod(id.clone()).to_http(&self.config.api_key)?;
        let answer = self.send(&request).await?;
        match read_reply::<PaymentMethod>(answer.status, &answer.body)? {
            Reply::Done(method) if method.id == *id => Ok(Some(method)),
            Reply::Done(_) => Err(Failure::OtherObject),
            Reply::Refused(refusal) if refusal.kind() == RefusalKind::NotFound => Ok(None),
            Reply::Refused(_) => Err(Failure::NoAnswer),
        }
    }

    async fn ask_kept(&self, trade_no: &str) -> Result<Kept, Failure> {
        let Some(intent) = self.intent(&PaymentIntentId::parse(trade_no)?).await? else { return Ok(Kept::Unknown) };
        let Some(id) = intent.payment_method else { return Ok(Kept::No) };
        let Some(PaymentMethod { customer: Some(holder), card: Some(card), .. }) = self.method(&id).await? else {
            return Ok(Kept::No);
        };
        let (Ok(year), Ok(month)) = (i16::try_from(card.exp_year), i8::try_from(card.exp_month)) else {
            return Ok(Kept::No);
        };
        Ok(Kept::Method(KeptMethod {
            token: id.to_string(),
            holder: holder.to_string(),
            brand: card.brand,
            last4: card.last4,
            good_until: (year, month),
            fingerprint: card.fingerprint,
        }))
    }

    async fn ask_forget(&self, token: &str) -> Result<Forgot, Failure> {
        let id = PaymentMethodId::parse(token)?;
        let detach = Command::DetachPaymentMethod(id.clone());
        if let Reply::Done(method) = self.command::<PaymentMethod>(&detach, &format!("{token}-detach")).await?
            && method.id == id
            && method.customer.is_none()
        {
            return Ok(Forgot::Done);
        }
        // Refused because it was detached before, or for now: what it is tells which.
        let gone = self.method(&id).await?.is_none_or(|method| method.customer.is_none());
        Ok(if gone { Forgot::Done } else { Forgot::Unknown })
    }
}

#[async_trait]
impl MethodKeeper for Stripe {
    async fn debit(&self, request: &DebitRequest) -> Debited {
        let Some(amount) = to_wire(request.amount) else {
            return Debited::Refused { authentication: false, reference: None };
        };
        or_unknown("debit", self.ask_debit(request, amount).await, Debited::Unknown)
    }
    async fn kept(&self, trade_no: &str) -> Kept {
        or_unknown("kept", self.ask_kept(trade_no).await, Kept::Unknown)
    }
    async fn forget(&self, token: &str) -> Forgot {
        or_unknown("forget", self.ask_forget(token).await, Forgot::Unknown)
    }
}
