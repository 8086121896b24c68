//! Passwords, customers' and staff's: only Argon2id hashes are kept (RFC 9106). Checking one takes the same work whether
//! there is one to check or not.

use crate::Problem;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, Params};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// 19 MiB, two passes: a tenth of a second or less. The same numbers are part of every stored hash.
fn argon2() -> Argon2<'static> {
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::default())
}

/// How many passwords are hashed at once: each takes a processor and 19 MiB.
static HASHING: Semaphore = Semaphore::const_new(2);

/// The hash to keep of a password.
pub(crate) async fn hashed(password: String, salt: [u8; 16]) -> Result<String, Problem> {
    beside_the_reactor(move || hash(&password, &salt)).await?.ok_or_else(|| internal("argon2 refused"))
}

fn hash(password: &str, salt: &[u8]) -> Option<String> {
    let salt = SaltString::encode_b64(salt).ok()?;
    argon2().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// The hash that is checked where nobody has one.
static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody's password", &[0; 16]));

/// What a password is checked against: the hash of whoever it is, or a hash that cannot match. One is always checked.
fn to_check(hash: Option<String>) -> (Option<String>, bool) {
    let known = hash.is_some();
    (hash.or_else(|| NOBODYS.clone()), known)
}

/// Whether a password is the one that was hashed.
pub(crate) async fn matches(password: String, hash: Option<String>) -> Result<bool, Problem> {
    beside_the_reactor(move || {
        let (hash, known) = to_check(hash);
        let Some(hash) = hash else { return false };
        let Ok(parsed) = PasswordHash::new(&hash) else { return false };
        let same = argon2().verify_password(password.as_bytes(), &parsed).is_ok();
        same && known
    })
    .await
}

async fn beside_the_reactor<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let _turn = HASHING.acquire().await.map_err(|_| Problem::Busy)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| internal("hashing was interrupted"))
}

fn internal(what: &str) -> Problem {
    Problem::Internal(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobodys_password_costs_what_anybodys_does_and_never_matches() {
        let theirs = hashed("four words nobody knows".to_owned(), [7; 16]).await.unwrap();
        let (nobodys, known) = to_check(None);
        let nobodys = nobodys.unwrap();
        assert!(!known);
        let cost = |hash: &str| {
            let parsed = PasswordHash::new(hash).unwrap();
            (parsed.algorithm.to_string(), parsed.version, parsed.params.to_string(), parsed.hash.unwrap().len())
        };
        assert_eq!(cost(&nobodys), cost(&theirs));
        assert_eq!(cost(&theirs).2, "m=19456,t=2,p=1");
        assert!(!matches("nobody's password".to_owned(), None).await.unwrap());
        assert!(matches("four words nobody knows".to_owned(), Some(theirs.clone())).await.unwrap());
        assert!(!matches("four words nobody know".to_owned(), Some(theirs)).await.unwrap());
    }
}
