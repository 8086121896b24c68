//! The process that is killed: it opens the store and takes notices as the server does, each in a task of its own, while
//! jobs and timers run.

use super::look::Look;
use super::protocol::{Ask, Say};
use crate::Failure;
use crate::world::{Place, Trust, app, take_notice};
use everline_app::{App, jobs, timers};
use everline_store::SqliteOptions;
use std::io::{BufRead as _, Write as _};
use tokio::runtime::Handle;

/// Serves the parent until it is killed, or until the parent closes the pipe.
///
/// # Errors
/// Whatever opening the store meets.
pub async fn serve(place: &Place, options: SqliteOptions) -> Result<(), Failure> {
    let app = app(place.open_with(options).await?, &trust()?)?;
    tokio::spawn(jobs::run_forever(app.clone()));
    tokio::spawn(timers::run_forever(app.clone()));
    say(Say::Ready);
    let (serving, runtime) = (app.clone(), Handle::current());
    let served = tokio::task::spawn_blocking(move || listen(&serving, &runtime)).await;
    app.store.close().await;
    served.unwrap_or_else(|error| Err(Failure::unusable("listening", &error)))
}

/// The keys, from the first line of the standard input.
fn trust() -> Result<Trust, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::io("the keys"))?;
    Trust::parse(&line)
}

fn listen(app: &App, runtime: &Handle) -> Result<(), Failure> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(Failure::io("the parent"))?;
        let app = app.clone();
        runtime.spawn(async move {
            if let Some(said) = answer(&app, &line).await {
                say(said);
            }
        });
    }
    Ok(())
}

async fn answer(app: &App, line: &str) -> Option<Say> {
    match Ask::parse(line)? {
        Ask::Take { serial, notice } => Some(match take_notice(app, notice.as_bytes()).await {
            Ok(()) => Say::Acknowledged(serial),
            Err(problem) => {
                eprintln!("not acknowledged: {problem}");
                Say::NotYet(serial)
            }
        }),
        Ask::Look { serial, out_trade_no } => {
            let seen = app.store.read(Look { out_trade_no: out_trade_no.to_owned() }).await;
            match seen {
                Ok(seen) => Some(Say::Seen(serial, seen)),
                Err(stop) => {
                    eprintln!("cannot look: {}", everline_app::Problem::from(stop));
                    Some(Say::NotYet(serial))
                }
            }
        }
    }
}

/// One line, written at once.
fn say(said: Say) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone is told by the end of its pipe.
    let _ = out.write_all(said.to_string().as_bytes()).and_then(|()| out.flush());
}
