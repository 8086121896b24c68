//! A proxy in front of PostgreSQL that cuts connections around a COMMIT.

use super::Cluster;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where to cut a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The COMMIT never reaches the server: the transaction is rolled back.
    BeforeCommit,
    /// The client is cut off as the COMMIT leaves; the server does not notice, and commits in its own time.
    WithCommit,
    /// The server has committed; its answer never arrives.
    AfterCommit,
}

enum Order {
    Cut(Cut),
    Hold { seen: oneshot::Sender<()>, release: oneshot::Receiver<Release> },
}

enum Release {
    Forward,
    Cut,
}

/// A COMMIT that is held up.
pub struct Held {
    seen: oneshot::Receiver<()>,
    release: oneshot::Sender<Release>,
}

impl Held {
    /// Returns when the COMMIT has arrived at the proxy.
    pub async fn arrived(&mut self) {
        (&mut self.seen).await.expect("a COMMIT comes");
    }

    /// Lets it go on.
    pub fn release(self) {
        let _ = self.release.send(Release::Forward);
    }

    /// Cuts the connection; the COMMIT never reaches the server.
    pub fn cut(self) {
        let _ = self.release.send(Release::Cut);
    }
}

type Orders = Arc<Mutex<VecDeque<Order>>>;

fn locked(orders: &Orders) -> MutexGuard<'_, VecDeque<Order>> {
    orders.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forwards connections; each COMMIT takes the next order, if there is one.
pub struct Proxy {
    dir: TempDir,
    orders: Orders,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts in front of `cluster`.
    #[must_use]
    pub fn start(cluster: &Cluster) -> Self {
        let dir = tempfile::Builder::new().prefix("evpx").tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).expect("a socket");
        let server = cluster.socket_dir().join(".s.PGSQL.5432");
        let orders = Orders::default();
        let task = tokio::spawn(accept(listener, server, orders.clone()));
        Self { dir, orders, task }
    }

    /// The connection string of the database that `config` names, through this proxy.
    #[must_use]
    pub fn through(&self, config: &str) -> String {
        let rest = config.split_once(' ').map_or("", |(_, rest)| rest);
        format!("host={} {rest}", self.dir.path().display())
    }

    /// The next COMMIT that has no order yet is cut.
    pub fn cut(&self, cut: Cut) {
        locked(&self.orders).push_back(Order::Cut(cut));
    }

    /// The next COMMIT that has no order yet is held up. It stays so without the proxy, which then takes no new
    /// connections: as if the server were gone.
    #[must_use]
    pub fn hold(&self) -> Held {
        let (seen, arrived) = oneshot::channel();
        let (go, release) = oneshot::channel();
        locked(&self.orders).push_back(Order::Hold { seen, release });
        Held { seen: arrived, release: go }
    }

    /// How many orders wait for a COMMIT.
    #[must_use]
    pub fn open_orders(&self) -> usize {
        locked(&self.orders).len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: UnixListener, server: PathBuf, orders: Orders) {
    while let Ok((client, _)) = listener.accept().await {
        if let Ok(server) = UnixStream::connect(&server).await {
            let orders = orders.clone();
            tokio::spawn(async move {
                // Ends, and with it both connections, when either side closes or a cut is due.
                let _ = forward(client, server, &orders).await;
            });
        }
    }
}

/// Messages that arrive in pieces.
#[derive(Default)]
struct Messages {
    buffer: Vec<u8>,
    /// The first message of a client has no type byte.
    started: bool,
}

impl Messages {
    /// The next whole message, with its type byte and length.
    fn next(&mut self) -> Option<Vec<u8>> {
        let head = usize::from(self.started);
        let length: [u8; 4] = self.buffer.get(head..head + 4)?.try_into().ok()?;
        let end = head + usize::try_from(u32::from_be_bytes(length)).ok()?;
        if self.buffer.len() < end {
            return None;
        }
        self.started = true;
        Some(self.buffer.drain(..end).collect())
    }
}

async fn forward(client: UnixStream, server: UnixStream, orders: &Orders) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut requests, mut answers) = (Messages::default(), Messages { started: true, ..Messages::default() });
    let mut cutting = false;
    loop {
        tokio::select! {
            read = from_client.read_buf(&mut requests.buffer) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(message) = requests.next() {
                    let commit = message.starts_with(b"Q") && message.ends_with(b"COMMIT\0");
                    match if commit { locked(orders).pop_front() } else { None } {
                        Some(Order::Cut(Cut::BeforeCommit)) => return Ok(()),
                        Some(Order::Cut(Cut::WithCommit)) => {
                            to_server.write_all(&message).await?;
                            drop((from_client, to_client));
                            return drain(from_server, answers).await;
                        }
                        Some(Order::Cut(Cut::AfterCommit)) => cutting = true,
                        Some(Order::Hold { seen, release }) => {
                            let _ = seen.send(());
                            if let Ok(Release::Cut) = release.await {
                                return Ok(());
                            }
                        }
                        None => {}
                    }
                    to_server.write_all(&message).await?;
                }
            }
            read = from_server.read_buf(&mut answers.buffer) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(message) = answers.next() {
                    if cutting && is_committed(&message) {
                        return Ok(());
                    }
                    to_client.write_all(&message).await?;
                }
            }
        }
    }
}

fn is_committed(answer: &[u8]) -> bool {
    answer.starts_with(b"C") && answer.ends_with(b"COMMIT\0")
}

/// Listens to the server until it has committed, or ended.
async fn drain(mut server: OwnedReadHalf, mut answers: Messages) -> std::io::Result<()> {
    while server.read_buf(&mut answers.buffer).await? > 0 {
        while let Some(answer) = answers.next() {
            if is_committed(&answer) || answer.starts_with(b"E") {
                return Ok(());
            }
        }
    }
    Ok(())
}
