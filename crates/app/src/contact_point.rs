//! Where a customer is told beside the number to sign in with: mailboxes and browsers. Whoever adds an address here has made
//! sure that it is theirs, because what is sent there tells of their lines; owners prove theirs in [`crate::own_address`].

use crate::{App, Problem};
use everline_core::ids::CustomerId;
use everline_core::message::{Address, ContactPoint};
use everline_store::tables::{customer, message};
use everline_store::{Stop, Tx, Work};

/// The most addresses of one customer.
const ADDRESSES_MAX: usize = 20;

/// Adds an address; one that is there already stays as it is.
///
/// # Errors
/// [`Problem::NotFound`] if there is no such customer; [`Problem::Invalid`] if the address is a number (that is the one to sign in
/// with), or if there are too many.
pub async fn add(app: &App, customer: CustomerId, address: Address) -> Result<(), Problem> {
    if address.number().is_some() {
        return Err(Problem::Invalid { field: "address", rule: "the number to sign in with is changed elsewhere" });
    }
    let device = String::new();
    let contact = ContactPoint { id: app.clock.id(), customer, address, device, added_at: app.clock.now().system };
    Ok(app.store.transact(Add(contact)).await?)
}

/// Removes an address, if it is there.
///
/// # Errors
/// As the store says when it does not answer.
pub async fn remove(app: &App, customer: CustomerId, address: Address) -> Result<(), Problem> {
    Ok(app.store.transact(Remove { customer, address }).await?)
}

/// The addresses of a customer, oldest first.
///
/// # Errors
/// As the store says when it does not answer.
pub async fn list(app: &App, customer: CustomerId) -> Result<Vec<ContactPoint>, Problem> {
    Ok(app.store.read(List(customer)).await?)
}

struct Add(ContactPoint);
impl Work for Add {
    const NAME: &'static str = "add_contact_point";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        // Locked, so that two at once do not both find room.
        customer::lock_account(tx, self.0.customer).await?;
        if message::contacts(tx, self.0.customer).await?.len() >= ADDRESSES_MAX {
            return Err(Stop::Refused(Problem::Invalid { field: "address", rule: "too many addresses" }));
        }
        message::add_contact(tx, &self.0);
        Ok(())
    }
}

struct Remove {
    customer: CustomerId,
    address: Address,
}
impl Work for Remove {
    const NAME: &'static str = "remove_contact_point";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        message::remove_contact(tx, self.customer, &self.address);
        Ok(())
    }
}

struct List(CustomerId);
impl Work for List {
    const NAME: &'static str = "contact_points";
    type Out = Vec<ContactPoint>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(message::contacts(tx, self.0).await?)
    }
}
