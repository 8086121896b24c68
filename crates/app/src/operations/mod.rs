//! What keeps the business running, for those who run it: jobs that do not end, messages and how they arrive, providers and
//! whether they are there, and the keys that both sides know each other by.

mod outside;
mod stuck_jobs;
mod test_message;

pub use outside::{KEY_WARNING_DAYS, OutsideView, ShownKey, ending_keys, outside, test_outside};
pub use stuck_jobs::{Backlog, JobsView, StuckJob, give_up_job, jobs_view, retry_job, retry_kind};
pub use test_message::{
    HOURS, MessagesView, NewTest, TemplateView, channel_ways, messages_view, send_test, template_view,
};
