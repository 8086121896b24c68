//! The customer's pages, and a guest's. Each is a handler and a template of the same name.

pub(crate) mod account;
pub(crate) mod auto_renew;
pub(crate) mod cards;
pub(crate) mod check;
pub(crate) mod confirm;
pub(crate) mod contact;
pub(crate) mod data;
pub(crate) mod fault;
pub(crate) mod guest_order;
pub(crate) mod guest_renew;
pub(crate) mod home;
pub(crate) mod invoice;
pub(crate) mod landing;
pub(crate) mod line;
pub(crate) mod line_shown;
pub(crate) mod offering_shown;
pub(crate) mod order;
pub(crate) mod order_shown;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod pay;
pub(crate) mod qr;
pub(crate) mod receipt;
pub(crate) mod receipt_pdf;
pub(crate) mod recover;
pub(crate) mod refund;
pub(crate) mod renew;
pub(crate) mod returning;
pub(crate) mod second;
pub(crate) mod sign_in;
pub(crate) mod terms;
pub(crate) mod transfer;
pub(crate) mod voucher;

pub(crate) use fault::fault_page;
