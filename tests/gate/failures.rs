//! The ground gives way: then everybody is asked to come again, nothing is
//! half done, and the next time all is well.

use std::{fs, process::Command, time::Duration};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    letters,
    office::{EVA, Log, OLA, Office, PER, Plan, all, held, submit, traces},
};

#[tokio::test]
async fn a_locked_database_defers() {
    let office = Office::new();
    let gate = office.gate_with(impatient()).await;
    let mut other = connect(&office).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    for mail in [letters::clean(), letters::medium(), letters::high()] {
        let outcome = submit(&gate, &[OLA, EVA], &mail).await;
        assert!(all(&outcome, "deferred"), "{outcome:?}");
        assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 0));
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(all(&submit(&gate, &[OLA, EVA], &letters::clean()).await, "delivered"));
    let outcome = submit(&gate, &[OLA, EVA], &letters::medium()).await;
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (1, 1, 1));
}

#[tokio::test]
async fn a_folder_that_takes_nothing_defers_what_must_be_held() {
    let office = Office::new();
    let gate = office.gate().await;
    let (folder, aside) = (office.state().join("sealed/held"), office.file("aside"));
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, b"in the way").unwrap();
    let log = Log::start();
    let outcome = submit(&gate, &[OLA, PER], &letters::medium()).await;
    assert!(all(&outcome, "deferred"), "{outcome:?}");
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 0));
    assert_eq!(log.text().matches("ERROR").count(), 1, "{}", log.text());
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    for _retry in 0..2 {
        let outcome = submit(&gate, &[OLA, PER], &letters::medium()).await;
        assert!(all(&outcome, "kept"), "{outcome:?}");
        assert_eq!(traces(&gate, outcome.event.unwrap()).await, (1, 1, 1));
    }
}

#[tokio::test]
async fn a_full_disk_defers() {
    let office = Office::new();
    fs::create_dir(office.state()).unwrap();
    let Some(_disk) = SmallDisk::mount(&office) else { return };
    let gate = office.gate().await;
    let mut mail = letters::medium();
    mail.extend(b"Og enda en linje.\r\n".repeat(200_000));
    let outcome = submit(&gate, &[OLA], &mail).await;
    assert!(all(&outcome, "deferred"), "{outcome:?}");
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 0));
    assert!(all(&submit(&gate, &[OLA], &letters::medium()).await, "kept"));
    assert_eq!(held(&gate).await.len(), 1);
}

#[tokio::test]
async fn nothing_is_decided_without_an_audit_row() {
    for damage in ["UPDATE audit_head SET mac = 'x'", "DELETE FROM audit_head", "DROP TABLE audit"]
    {
        let office = Office::new();
        let gate = office.gate().await;
        sqlx::raw_sql(damage).execute(&mut connect(&office).await).await.unwrap();
        for mail in [letters::clean(), letters::medium(), letters::high()] {
            assert!(all(&submit(&gate, &[OLA], &mail).await, "deferred"), "{damage}");
        }
        assert!(held(&gate).await.is_empty());
    }
}

#[tokio::test]
async fn a_deleted_database_defers() {
    let office = Office::new();
    let gate = office.gate().await;
    fs::remove_file(office.state().join("sluse.db")).unwrap();
    for mail in [letters::clean(), letters::medium(), letters::high()] {
        assert!(all(&submit(&gate, &[OLA], &mail).await, "deferred"));
    }
}

#[tokio::test]
async fn without_readers_what_needs_one_is_deferred() {
    let office = Office::new();
    let gate = office.gate_with(Plan { program: "/nowhere/sluse".into(), ..impatient() }).await;
    let outcome = submit(&gate, &[OLA], &letters::with_attachment("brev.bin")).await;
    assert!(all(&outcome, "deferred"), "{outcome:?}");
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 0));
}

#[tokio::test]
async fn a_message_that_kills_its_reader_is_held() {
    let office = Office::new();
    // Starts, and is gone before it has read anything.
    let gate = office.gate_with(Plan { program: "/bin/true".into(), ..impatient() }).await;
    let outcome = submit(&gate, &[OLA], &letters::with_attachment("brev.bin")).await;
    assert!(all(&outcome, "kept"), "{outcome:?}");
    assert_eq!(held(&gate).await[0].reasons, ["gap:timed-out"]);
}

#[tokio::test]
async fn what_cannot_be_read_again_is_not_sent_and_not_refused() {
    let office = Office::new();
    let gate = office.gate_with(Plan { program: "/bin/true".into(), ..impatient() }).await;
    office.key(&gate, OLA, None);
    // Small enough to be read here; what is made of it is not.
    let outcome = submit(&gate, &[OLA], &letters::high()).await;
    assert!(all(&outcome, "deferred"), "{outcome:?}");
    assert_eq!(traces(&gate, outcome.event.unwrap()).await, (0, 0, 0));
}

#[tokio::test]
async fn certificates_that_cannot_be_read_leave_the_last_known_ones() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    fs::rename(office.state().join("certs"), office.file("aside")).unwrap();
    let log = Log::start();
    assert!(all(&submit(&gate, &[OLA], &letters::high()).await, "delivered"));
    assert!(log.text().contains("certificate folder cannot be read"), "{}", log.text());
}

fn impatient() -> Plan {
    Plan { patience: Duration::from_millis(20), ..Plan::default() }
}

async fn connect(office: &Office) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(office.state().join("sluse.db"));
    let mut connection = options.connect().await.unwrap();
    connection.ping().await.unwrap();
    connection
}

/// A file system with hardly any room, at the place of the state; none without
/// the right to mount one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(office: &Office) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"]).arg(office.state());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(office.state()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _done = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
