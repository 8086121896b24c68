//! The process that is killed: it opens the store and takes notices as the server does, each in a task of its own, while
//! jobs and timers run.

use super::look::Look;
use super::protocol::{Ask, Say};
use crate::Failure;
use crate::world::{Place, Trust, app, take_notice};
use everline_app::payment_confirmed::NoticeProblem;
use everline_app::{App, Problem, jobs, timers};
use everline_store::{Error, SqliteOptions, Stop};
use std::io::{BufRead as _, Write as _};
use tokio::runtime::Handle;

/// Serves the parent until it is killed, or until the parent closes the pipe. `early` is the fault that the parent must find.
///
/// # Errors
/// Whatever opening the store meets.
pub async fn serve(place: &Place, options: SqliteOptions, early: bool) -> Result<(), Failure> {
    let trust = trust()?;
    let opened = place.open_with(options).await;
    if let Err(Failure::Store(error)) = &opened {
        said_by(error).iter().for_each(say);
    }
    let app = app(opened?, &trust)?;
    tokio::spawn(jobs::run_forever(app.clone()));
    tokio::spawn(timers::run_forever(app.clone()));
    say(&Say::Ready);
    let (serving, runtime) = (app.clone(), Handle::current());
    let served = tokio::task::spawn_blocking(move || listen(&serving, &runtime, early)).await;
    app.store.close().await;
    served.unwrap_or_else(|error| Err(Failure::unusable("listening", &error)))
}

/// The keys, from the first line of the standard input.
fn trust() -> Result<Trust, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::io("the keys"))?;
    Trust::parse(&line)
}

fn listen(app: &App, runtime: &Handle, early: bool) -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(Failure::io("the parent"))?;
        let app = app.clone();
        runtime.spawn(async move {
            answer(&app, &line, early).await.iter().for_each(say);
        });
    }
    Ok(())
}

async fn answer(app: &App, line: &str, early: bool) -> Vec<Say> {
    match Ask::parse(line) {
        None => Vec::new(),
        Some(Ask::Take { serial, notice }) if early => {
            say(&Say::Acknowledged(serial));
            if let Err(problem) = take_notice(app, notice.as_bytes()).await {
                eprintln!("acknowledged, but: {problem}");
            }
            Vec::new()
        }
        Some(Ask::Take { serial, notice }) => match take_notice(app, notice.as_bytes()).await {
            Ok(()) => vec![Say::Acknowledged(serial)],
            Err(problem) => {
                eprintln!("not acknowledged: {problem}");
                let said = match problem {
                    NoticeProblem::Problem(Problem::Internal(said)) => Some(Say::Damaged(said)),
                    _ => None,
                };
                said.into_iter().chain([Say::NotYet(serial)]).collect()
            }
        },
        Some(Ask::Look { serial, out_trade_no }) => {
            let seen = app.store.read(Look { out_trade_no: out_trade_no.to_owned() }).await;
            match seen {
                Ok(seen) => vec![Say::Seen(serial, seen)],
                Err(stop) => {
                    let said = if let Stop::Store(error) = &stop { said_by(error) } else { None };
                    eprintln!("cannot look: {}", Problem::from(stop));
                    said.into_iter().chain([Say::NotYet(serial)]).collect()
                }
            }
        }
    }
}

/// What the database itself said, if it is that.
fn said_by(error: &Error) -> Option<Say> {
    matches!(error, Error::Database(_) | Error::Io { .. }).then(|| Say::Damaged(error.to_string()))
}

/// One line, written at once.
fn say(said: &Say) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone is told by the end of its pipe.
    let _ = out.write_all(said.to_string().as_bytes()).and_then(|()| out.flush());
}
