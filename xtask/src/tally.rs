//! Counting what passed, failed and was skipped, from what the steps print.

/// The count of a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
    /// The closing line.
    pub(crate) fn print(&self) {
        if self.skipped == 0 {
            println!("{} passed, {} failed", self.passed, self.failed);
        } else {
            println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        }
    }
    /// What one line of a test runner's output counts: `test result: ok. 12 passed; 0 failed; 1 ignored; …`, and
    /// `skipped: …`, which a test prints when what it needs is absent.
    pub(crate) fn of_line(line: &str) -> Tally {
        let line = line.trim();
        if line.starts_with("skipped: ") {
            return Tally { skipped: 1, ..Tally::default() };
        }
        let Some(counts) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return Tally::default();
        };
        let count = |word: &str| {
            let part = counts.1.split(';').map(str::trim).find_map(|part| part.strip_suffix(word));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        Tally { passed: count("passed"), failed: count("failed"), skipped: count("ignored") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted() {
        let of = |passed, failed, skipped| Tally { passed, failed, skipped };
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(Tally::of_line(line), of(12, 0, 1));
        assert_eq!(Tally::of_line("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured"), of(3, 2, 0));
        assert_eq!(Tally::of_line("skipped: no PostgreSQL on this machine"), of(0, 0, 1));
        assert_eq!(Tally::of_line("running 5 tests"), of(0, 0, 0));
    }
}
