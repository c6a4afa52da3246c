//! Disks and databases in trouble. Mounting needs root, as Postfix does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use tempfile::TempDir;

use super::{PATIENCE, lines::Lines, until};

/// A small disk of its own.
pub(crate) struct Disk {
    dir: TempDir,
}

impl Disk {
    /// Mounts a disk of this size, such as `2m`.
    pub(crate) fn mount(size: &str) -> Self {
        let disk = Self { dir: TempDir::with_prefix("sluse-disk-").unwrap() };
        let size = format!("size={size}");
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &disk.dir.path().to_string_lossy()]);
        disk
    }

    /// Makes it larger.
    pub(crate) fn grow(&self, size: &str) {
        let option = format!("remount,size={size}");
        run("mount", &["-o", &option, &self.dir.path().to_string_lossy()]);
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.dir.path());
    }
}

/// A folder that takes no writes until this is dropped.
pub(crate) struct ReadOnly(PathBuf);

impl ReadOnly {
    /// Makes a folder so.
    pub(crate) fn make(folder: &Path) -> Self {
        let path = folder.to_string_lossy();
        run("mount", &["--bind", &path, &path]);
        let made = Self(folder.to_owned());
        // As long as a file is open for writing there, the kernel says no.
        let remount = || {
            let asked = Command::new("mount").args(["-o", "remount,bind,ro", &path]).output();
            asked.unwrap().status.success().then_some(())
        };
        until("nobody to write there", PATIENCE, remount);
        made
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

/// Another program that locks the database until this is dropped.
pub(crate) struct Lock {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Lock {
    /// Locks the database in the state folder.
    pub(crate) fn take(state: &Path) -> Self {
        let files = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
        let mut databases = files.filter(|path| path.extension().is_some_and(|e| e == "db"));
        let mut child = Command::new("python3")
            .args(["-c", LOCK])
            .arg(databases.next().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let said = Lines::default();
        said.follow(child.stdout.take().unwrap());
        assert!(said.wait(0, PATIENCE, |line| line == "locked").is_some(), "no lock");
        let pipe = child.stdin.take();
        Self { child, pipe }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.child.wait();
    }
}

/// A library that stands between a program and the disk, and lets `fsync` fail
/// while it is told to.
pub(crate) struct FailingSync {
    dir: TempDir,
}

impl FailingSync {
    /// Compiles it.
    pub(crate) fn build() -> Self {
        let built = Self { dir: TempDir::with_prefix("sluse-sync-").unwrap() };
        let source = built.dir.path().join("sync.c");
        fs::write(&source, SYNC).unwrap();
        let library = built.library();
        run("cc", &["-shared", "-fPIC", "-o", &library, &source.to_string_lossy()]);
        built
    }

    /// The command that starts a program behind it.
    pub(crate) fn launcher(&self) -> Vec<String> {
        let switch = format!("SYNC_FAILS_WHILE={}", self.switch().display());
        vec!["env".to_owned(), format!("LD_PRELOAD={}", self.library()), switch]
    }

    /// Lets every `fsync` fail until what this gives is dropped.
    pub(crate) fn fail(&self) -> Switch {
        fs::write(self.switch(), b"").unwrap();
        Switch(self.switch())
    }

    fn library(&self) -> String {
        self.dir.path().join("sync.so").to_string_lossy().into_owned()
    }

    fn switch(&self) -> PathBuf {
        self.dir.path().join("fails")
    }
}

/// A file that is there until this is dropped.
pub(crate) struct Switch(PathBuf);

impl Drop for Switch {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

fn run(program: &str, args: &[&str]) {
    let status = Command::new(program).args(args).status().unwrap();
    assert!(status.success(), "{program} {args:?}");
}

/// Lazily: whoever still has a file open there is about to end.
fn unmount(path: &Path) {
    let _ = Command::new("umount").arg("-l").arg(path).status();
}

const LOCK: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute('BEGIN EXCLUSIVE')
print('locked', flush=True)
sys.stdin.read()
";

const SYNC: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fails(void) {
    const char *file = getenv("SYNC_FAILS_WHILE");
    if (!file || access(file, F_OK) != 0) return 0;
    errno = EIO;
    return 1;
}
int fsync(int fd) { return fails() ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails() ? -1 : (int)syscall(SYS_fdatasync, fd); }
"#;
