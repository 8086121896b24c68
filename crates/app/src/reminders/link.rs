//! The link in a message to somebody who does not sign in: it leads to the renewal of one line, with a guest's rights and
//! nothing else. It does not end by itself; it leads nowhere once the line is over, in other hands, or its owner lets no guest
//! renew it.

use crate::secrets::Secrets;
use crate::{App, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::Line;
use everline_store::tables::line;
use everline_store::{Stop, Tx, Work};

fn proof(secrets: &Secrets, customer: CustomerId, line: LineId) -> [u8; 16] {
    secrets.name("renewal link", &[&customer.to_string(), &line.to_string()])
}

/// The path of a line's link.
pub(crate) fn renewal_path(secrets: &Secrets, customer: CustomerId, line: LineId) -> String {
    let parts = [customer.bytes(), line.bytes(), proof(secrets, customer, line)];
    format!("/r/{}", URL_SAFE_NO_PAD.encode(parts.concat()))
}

/// [`renewal_path`], for whoever writes it elsewhere than in a message.
#[must_use]
pub fn path(app: &App, (customer, line): (CustomerId, LineId)) -> String {
    renewal_path(&app.secrets, customer, line)
}

/// The line that a link leads to.
///
/// # Errors
/// [`Problem::NotFound`], the same for a link that is not ours and for one that leads nowhere any more.
pub async fn follow(app: &App, link: &str) -> Result<Line, Problem> {
    let (customer, line) = read(app, link).ok_or(Problem::NotFound("link"))?;
    let found = app.store.read(Find { customer, line }).await?;
    found.filter(|line| !line.state.over()).ok_or(Problem::NotFound("link"))
}

fn read(app: &App, link: &str) -> Option<(CustomerId, LineId)> {
    let bytes = URL_SAFE_NO_PAD.decode(link).ok()?;
    let (customer, rest) = bytes.split_first_chunk::<16>()?;
    let (line, given) = rest.split_first_chunk::<16>()?;
    let (customer, line) = (CustomerId::from(*customer), LineId::from(*line));
    let ours = proof(&app.secrets, customer, line);
    aws_lc_rs::constant_time::verify_slices_are_equal(given, &ours).is_ok().then_some((customer, line))
}

struct Find {
    customer: CustomerId,
    line: LineId,
}
impl Work for Find {
    const NAME: &'static str = "find_linked_line";
    type Out = Option<Line>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(line::get(tx, self.customer, self.line).await?)
    }
}
