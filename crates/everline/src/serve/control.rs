//! The way of commands to a server whose SQLite file they cannot open: a unix socket beside the file, for the same user
//! only. One line of JSON each way.

use crate::command::{Answer, Ask, answer};
use everline_app::App;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

const LINE_BYTES_MAX: u64 = 16 * 1024;
/// A large bill takes a while.
const TIME_MAX: Duration = Duration::from_secs(300);

/// An open socket; gone when dropped.
pub(super) struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
}
impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Where a store's server listens.
pub(crate) fn socket_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".sock");
    PathBuf::from(name)
}

/// Listens beside a store that is ours: one that was left behind is nobody's.
pub(super) fn open(store: &Path, app: App, public_url: String) -> Result<Socket, String> {
    let path = socket_of(store);
    let wrong = |error: io::Error| format!("{}: {error}", path.display());
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(wrong(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(wrong)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(wrong)?;
    let ours = std::fs::metadata(&path).map_err(wrong)?.uid();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Between `bind` and `set_permissions` others could have come in.
            let allowed = stream.peer_cred().is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0);
            if allowed {
                let (app, public_url) = (app.clone(), public_url.clone());
                tokio::spawn(async move {
                    let served = tokio::time::timeout(TIME_MAX, serve(stream, &app, &public_url)).await;
                    if let Ok(Err(error)) = served {
                        tracing::warn!(%error, "a command broke off");
                    }
                });
            }
        }
    });
    Ok(Socket { path, task })
}

async fn serve(mut stream: UnixStream, app: &App, public_url: &str) -> io::Result<()> {
    let mut line = String::new();
    let (read, mut write) = stream.split();
    BufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => answer(app, public_url, ask).await,
        Err(_) => Answer {
            text: "the server does not understand this command: is it of another version?".to_owned(),
            fine: false,
        },
    };
    write.write_all(serde_json::to_string(&answer)?.as_bytes()).await?;
    write.write_all(b"\n").await
}

/// Asks the server of a store.
pub(crate) async fn ask(store: &Path, ask: &Ask) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket_of(store)).await?;
    stream.write_all(format!("{}\n", serde_json::to_string(ask)?).as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(serde_json::from_str(&text)?)
}
