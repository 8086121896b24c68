//! Backups: made while the store is used, refused when they are not what they were.

use crate::works::*;
use everline_store::backup::{self, BackupError, COPY, MANIFEST, Manifest};
use everline_store::{SqliteOptions, Store};
use everline_testing::SqliteFile;
use std::path::{Path, PathBuf};

async fn filled(rows: u64) -> (SqliteFile, Store) {
    let file = SqliteFile::new();
    let store = file.open(SqliteOptions::default()).await;
    with_schema(&store).await;
    for n in 1..=rows {
        store.transact(Add { n }).await.unwrap();
    }
    (file, store)
}

async fn back_up(source: &Path, folder: &Path) -> Result<Manifest, BackupError> {
    let (source, folder) = (source.to_owned(), folder.to_owned());
    tokio::task::spawn_blocking(move || backup::back_up(&source, &folder, 7, |_, _| {})).await.unwrap()
}

#[tokio::test]
async fn fifty_backups_come_back_as_they_were() {
    let (file, store) = filled(1).await;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..50 {
        store.transact(Add { n: n + 2 }).await.unwrap();
        let (saved, to) = (folder.path().join(format!("b{n}")), folder.path().join(format!("r{n}.sqlite")));
        let made = back_up(&file.path(), &saved).await.unwrap();
        assert_eq!(made.tables["item"].rows, n + 2);
        assert_eq!(backup::restore(&saved, &to).unwrap(), made);
        assert_eq!(backup::contents(&to).unwrap(), (made.schema, made.tables.clone()));
        assert_eq!(backup::contents(&file.path()).unwrap().1, made.tables, "and as the store still is");
        let restored = Store::open_sqlite(&to, SqliteOptions::default()).await.unwrap();
        assert_eq!(count(&restored).await, i64::try_from(n + 2).unwrap());
    }
}

#[tokio::test]
async fn a_store_is_saved_while_it_is_written() {
    let (file, store) = filled(3_000).await;
    let folder = tempfile::tempdir().unwrap();
    let writes = async {
        for n in 10_000..10_400 {
            store.transact(Add { n }).await.unwrap();
        }
    };
    let saved = folder.path().join("saved");
    let source = file.path();
    let (made, ()) = tokio::join!(back_up(&source, &saved), writes);
    let rows = made.unwrap().tables["item"].rows;
    assert!((3_000..=3_400).contains(&rows), "{rows}");
    assert_eq!(count(&store).await, 3_400, "nothing was held up for good");
    backup::restore(&saved, &folder.path().join("store.sqlite")).unwrap();
}

/// Changes the middle byte of a file.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn what_was_changed_is_not_put_back() {
    type Change = (&'static str, fn(&Path), fn(&BackupError) -> bool);
    let changes: [Change; 6] = [
        ("a byte", |f| damage(&f.join(COPY)), |e| matches!(e, BackupError::Damaged(_))),
        ("cut short", |f| std::fs::write(f.join(COPY), b"").unwrap(), |e| matches!(e, BackupError::Damaged(_))),
        ("no copy", |f| std::fs::remove_file(f.join(COPY)).unwrap(), |e| matches!(e, BackupError::File { .. })),
        ("no manifest", |f| std::fs::remove_file(f.join(MANIFEST)).unwrap(), |e| matches!(e, BackupError::File { .. })),
        ("no json", |f| std::fs::write(f.join(MANIFEST), "{").unwrap(), |e| matches!(e, BackupError::Manifest(_))),
        (
            "a newer schema",
            |f| {
                let text = std::fs::read_to_string(f.join(MANIFEST)).unwrap();
                std::fs::write(f.join(MANIFEST), text.replace("\"schema\": 1", "\"schema\": 9999")).unwrap();
            },
            |e| matches!(e, BackupError::Newer { found: 9999, .. }),
        ),
    ];
    let (file, _store) = filled(20).await;
    let folder = tempfile::tempdir().unwrap();
    for (what, change, fits) in changes {
        let saved = folder.path().join(what);
        back_up(&file.path(), &saved).await.unwrap();
        change(&saved);
        let to = folder.path().join("store.sqlite");
        let refused = backup::restore(&saved, &to).unwrap_err();
        assert!(fits(&refused), "{what}: {refused}");
        assert_eq!(left(folder.path()), Vec::<PathBuf>::new(), "{what}");
    }
}

/// Files that a restore left.
fn left(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let (file, store) = filled(1).await;
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved");
    back_up(&file.path(), &saved).await.unwrap();
    assert!(matches!(back_up(&file.path(), &saved).await, Err(BackupError::Exists(_))));
    assert!(matches!(backup::restore(&saved, &file.path()), Err(BackupError::Exists(_))));
    store.close().await;
    let half = folder.path().join("half");
    std::fs::create_dir(folder.path().join("half.partial")).unwrap();
    std::fs::write(folder.path().join("half.partial").join(COPY), "left behind").unwrap();
    assert_eq!(back_up(&file.path(), &half).await.unwrap().tables["item"].rows, 1);
}
