//! A bill of 2,000 lines with one in a hundred spoilt: all of these are found, and nothing else is.

use everline_sim::bench::reconcile::{Options, reconcile};
use everline_sim::ground::Wanted;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_spoilt_line_is_found_and_nothing_else_is() {
    for fees in [false, true] {
        let options = Options { wanted: Wanted::sqlite(), lines: 2_000, fees, verify: true };
        let figure = reconcile(&options).await.unwrap();
        assert_eq!(
            (figure.lines, figure.flagged),
            (2_004, 20),
            "one in five of the spoilt is missing, two are one more"
        );
    }
}
