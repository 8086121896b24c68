//! One round after the other: start, look for what was acknowledged, send, kill.

use super::book::{Book, Fate};
use super::moment::Moment;
use super::process::{Running, Setting};
use super::protocol::{Ask, Say, Seen};
use crate::Failure;
use crate::random::Random;
use crate::stopwatch::Stopwatch;
use std::collections::HashMap;
use std::time::Duration;

/// A child and what it was asked.
struct Life {
    child: Running,
    serial: u64,
    /// Notices that are not answered, by serial.
    open: HashMap<u64, usize>,
    /// Every renewal whose notice this child was sent.
    recent: Vec<usize>,
    asked: u64,
    acknowledged: u64,
    refused_in_a_row: u32,
}

/// A child that refuses so often refuses for good.
const REFUSED_MAX: u32 = 100_000;

/// The rounds.
pub(super) struct Driver {
    setting: Setting,
    /// Notices under way at once.
    in_flight: usize,
    random: Random,
    pub(super) book: Book,
    /// Microseconds from a child's start to its first word, where it had a killed one's store to recover.
    pub(super) restarts_us: Vec<u64>,
    round: u64,
    /// A child was killed, and nobody has opened the store since.
    recovers: bool,
    pub(super) cuts: Cuts,
}

/// What power cuts took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cuts {
    /// Cuts after which something was missing that had been written.
    pub(super) losing: u64,
    /// Sectors that were not durable.
    pub(super) sectors: u64,
    /// Those of them that were lost.
    pub(super) sectors_lost: u64,
    /// Names that were lost or came back.
    pub(super) names_lost: u64,
}

impl Driver {
    pub(super) fn new(setting: Setting, in_flight: usize, seed: u64) -> Self {
        let (random, book, cuts) = (Random::new(seed), Book::default(), Cuts::default());
        Self { setting, in_flight, random, book, restarts_us: Vec::new(), round: 0, recovers: false, cuts }
    }

    /// The parent opened the store itself: the next start recovers nothing.
    pub(super) fn opened(&mut self) {
        self.recovers = false;
    }

    /// How many renewals a round may need.
    pub(super) fn needed(&self) -> usize {
        8 * self.in_flight
    }

    /// The middle one of the restarts, in microseconds; 0 before the first.
    pub(super) fn restart_us(&self) -> u64 {
        let mut sorted = self.restarts_us.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    /// Starts a child, looks for what the last one acknowledged, sends notices, and kills it at a moment drawn now.
    pub(super) fn round(&mut self) -> Result<(), Failure> {
        self.round += 1;
        let in_flight = u64::try_from(self.in_flight).unwrap_or(u64::MAX);
        let start_us = self.restart_us();
        let moment = Moment::draw(&mut self.random, in_flight, start_us);
        let mut life = self.start()?;
        if let Moment::Starting { us } = moment {
            // No message marks this moment: it lies inside of one step of the child.
            std::thread::sleep(Duration::from_micros(us));
            return self.kill(life);
        }
        self.ready(&mut life)?;
        if moment != Moment::Ready {
            self.feed(&mut life, moment)?;
        }
        self.kill(life)
    }

    /// Starts one more child, sends it everything that is not acknowledged until it is, and kills it when it has nothing
    /// left to do.
    pub(super) fn last(&mut self) -> Result<(), Failure> {
        self.round += 1;
        let mut life = self.start()?;
        self.ready(&mut life)?;
        self.finish(&mut life)?;
        self.kill(life)
    }

    /// As [`rounds`](Self::round), but it is the database server that is killed, by `crash`, while one child lives on.
    pub(super) fn server_rounds(&mut self, rounds: u64, crash: impl Fn()) -> Result<(), Failure> {
        let mut life = self.start()?;
        self.ready(&mut life)?;
        for _ in 0..rounds {
            self.round += 1;
            let in_flight = u64::try_from(self.in_flight).unwrap_or(u64::MAX);
            let moment = Moment::draw(&mut self.random, in_flight, 0);
            (life.asked, life.acknowledged) = (0, 0);
            if !matches!(moment, Moment::Starting { .. } | Moment::Ready) {
                self.feed(&mut life, moment)?;
            }
            crash();
            // From here on the server answers.
            let clock = Stopwatch::start();
            life.recent.clear();
            // The next answer tells that the child has found the server again.
            self.settle(&mut life)?;
            self.restarts_us.push(clock.us());
            self.confirm(&mut life)?;
        }
        self.finish(&mut life)?;
        self.kill(life)
    }

    fn start(&mut self) -> Result<Life, Failure> {
        let child = Running::start(&self.setting)?;
        Ok(Life {
            child,
            serial: 0,
            open: HashMap::new(),
            recent: Vec::new(),
            asked: 0,
            acknowledged: 0,
            refused_in_a_row: 0,
        })
    }

    /// Waits until a child is ready, and looks for what was acknowledged before it.
    fn ready(&mut self, life: &mut Life) -> Result<(), Failure> {
        let us = life.child.ready()?;
        if std::mem::take(&mut self.recovers) {
            self.restarts_us.push(us);
        }
        self.confirm(life)
    }

    /// Asks the child what the store holds of everything that was acknowledged and not looked for yet.
    fn confirm(&mut self, life: &mut Life) -> Result<(), Failure> {
        let unconfirmed = self.book.take_unconfirmed();
        for some in unconfirmed.chunks(self.in_flight) {
            let mut looks = HashMap::new();
            for index in some {
                let Some(entry) = self.book.get(*index) else { continue };
                life.serial += 1;
                looks.insert(life.serial, *index);
                life.child.ask(&Ask::Look { serial: life.serial, out_trade_no: &entry.awaiting.out_trade_no })?;
            }
            while !looks.is_empty() {
                let (serial, seen) = match life.child.hear()? {
                    Say::Seen(serial, seen) => (serial, seen),
                    Say::Damaged(said) => return Err(Failure::Damaged(said)),
                    other => return Err(Failure::Unusable(format!("the child cannot look: {other:?}"))),
                };
                let Some(index) = looks.remove(&serial) else { continue };
                self.judge(index, seen)?;
                self.book.confirm(index);
            }
        }
        Ok(())
    }

    fn judge(&self, index: usize, seen: Seen) -> Result<(), Failure> {
        let Some(entry) = self.book.get(index).filter(|_| seen != Seen::ONCE) else { return Ok(()) };
        let round = if let Fate::Acknowledged(round) = entry.fate { round } else { 0 };
        let (order, out_trade_no) = (entry.awaiting.order, &entry.awaiting.out_trade_no);
        let lost = if seen.within(Seen::ONCE) { "LOST" } else { "NOT ONCE" };
        Err(Failure::Broken(format!(
            "{lost}: the renewal paid as {out_trade_no} (order {order}) was acknowledged in round {round}, and in round \
             {} the store holds: {seen}",
            self.round
        )))
    }

    /// Sends notices, as many at once as are to be under way, until the moment is reached.
    fn feed(&mut self, life: &mut Life, until: Moment) -> Result<(), Failure> {
        loop {
            while life.open.len() < self.in_flight {
                let Some(index) = self.book.next(&mut self.random, &life.recent) else {
                    return Err(Failure::Unusable("no renewals are left".to_owned()));
                };
                self.send(life, index)?;
                if until == Moment::Asked(life.asked) {
                    return Ok(());
                }
            }
            let before = life.acknowledged;
            let said = life.child.hear()?;
            self.heard(life, said)?;
            if life.acknowledged == before {
                continue;
            }
            match until {
                Moment::Acknowledged(n) if n == life.acknowledged => return Ok(()),
                Moment::After { acknowledged, us } if acknowledged == life.acknowledged => {
                    // No message marks this moment: it lies between two of them.
                    std::thread::sleep(Duration::from_micros(us));
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, life: &mut Life, index: usize) -> Result<(), Failure> {
        let Some(entry) = self.book.get(index) else { return Ok(()) };
        life.serial += 1;
        life.asked += 1;
        life.open.insert(life.serial, index);
        life.recent.push(index);
        life.child.ask(&Ask::Take { serial: life.serial, notice: &entry.notice })
    }

    fn heard(&mut self, life: &mut Life, said: Say) -> Result<(), Failure> {
        match said {
            Say::Acknowledged(serial) => {
                life.acknowledged += 1;
                life.refused_in_a_row = 0;
                if let Some(index) = life.open.remove(&serial) {
                    self.book.acknowledged(index, self.round);
                }
            }
            Say::NotYet(serial) => {
                life.refused_in_a_row += 1;
                if life.refused_in_a_row > REFUSED_MAX {
                    return Err(Failure::Unusable(format!("{REFUSED_MAX} notices in a row were not acknowledged")));
                }
                if let Some(index) = life.open.remove(&serial) {
                    self.book.refused(index);
                }
            }
            Say::Damaged(said) => return Err(Failure::Damaged(said)),
            Say::Ready | Say::Seen(..) => return Err(Failure::Unusable(format!("the child said {said:?}"))),
        }
        Ok(())
    }

    /// Waits until everything that is under way is answered.
    fn settle(&mut self, life: &mut Life) -> Result<(), Failure> {
        while !life.open.is_empty() {
            let said = life.child.hear()?;
            self.heard(life, said)?;
        }
        Ok(())
    }

    /// Sends what is not acknowledged until it is.
    fn finish(&mut self, life: &mut Life) -> Result<(), Failure> {
        loop {
            while life.open.len() < self.in_flight {
                let Some(index) = self.book.next_again() else { break };
                self.send(life, index)?;
            }
            if life.open.is_empty() {
                return Ok(());
            }
            let said = life.child.hear()?;
            self.heard(life, said)?;
        }
    }

    /// Kills the child, and cuts the power of a disk that is watched. What it had said counts; what it was asked and did not answer will be sent again.
    fn kill(&mut self, life: Life) -> Result<(), Failure> {
        let Life { child, mut open, .. } = life;
        for said in child.kill()? {
            match said {
                Say::Acknowledged(serial) => {
                    if let Some(index) = open.remove(&serial) {
                        self.book.acknowledged(index, self.round);
                    }
                }
                Say::Damaged(said) => return Err(Failure::Damaged(said)),
                Say::NotYet(_) | Say::Ready | Say::Seen(..) => {}
            }
        }
        self.book.unanswered(open.into_values().collect());
        self.recovers = true;
        if let Some(shim) = &self.setting.shim {
            let rewound = shim.cut(&mut self.random)?;
            self.cuts.losing += u64::from(rewound.sectors_lost + rewound.names_lost > 0);
            self.cuts.sectors += rewound.sectors;
            self.cuts.sectors_lost += rewound.sectors_lost;
            self.cuts.names_lost += rewound.names_lost;
        }
        Ok(())
    }
}
