//! Shuts the child in: no file can be opened, no socket made, no program
//! started, and memory and processor time end at a limit. A child that becomes
//! another program keeps reading what programs are made of, and nothing else.
//!
//! Resource limits and the system call filter must take hold, or the child
//! gives up; Landlock comes on top where the kernel has it. The filter lets
//! pass what is not listed: a list of what is allowed would break with every
//! new libc, and the lists below already take files, sockets and processes.

use std::{collections::BTreeMap, io, path::Path, time::Duration};

use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    Scope, path_beneath_rules,
};
use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit},
    time::{ClockId, clock_gettime},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};
use thiserror::Error;

/// Why the child could not be shut in.
#[derive(Debug, Error)]
pub(super) enum SandboxError {
    /// A system call filter was refused.
    #[error("system call filter failed")]
    Filter(#[from] seccompiler::Error),
    /// A system call filter could not be built.
    #[error("system call filter cannot be built")]
    FilterForm(#[from] seccompiler::BackendError),
    /// Landlock is there and failed.
    #[error("landlock failed")]
    Landlock(#[from] RulesetError),
    /// A resource limit was refused.
    #[error("resource limit failed")]
    Limit(#[from] io::Error),
}

/// Shuts this process in for good. Must run before any other thread starts.
pub(super) fn enter() -> Result<(), SandboxError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(io::Error::from)?;
    close_files_and_net()?;
    cap(Resource::Core, 0)?;
    // Pipes are not files of this sort: answers still get out.
    cap(Resource::Fsize, 0)?;
    cap(Resource::Nofile, STANDARD_STREAMS)?;
    shut(
        &[FILES, CHANGES, SOCKETS, STARTS, PROCESSES, KERNEL, OLDER, OLDER_CHANGES],
        BTreeMap::new(),
    )
}

/// Shuts this process in for good, but for becoming `program`: that one may
/// read itself and what is installed. It starts no other and no thread, writes
/// no file, and ends after `time` on the processor.
pub(super) fn enter_to_run(
    program: &Path,
    memory: u64,
    time: Duration,
) -> Result<(), SandboxError> {
    let abi = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(INSTALLED, read))?
        // The loader is started as programs are.
        .add_rules(path_beneath_rules(LIBRARIES, read | AccessFs::Execute))?
        .add_rules(path_beneath_rules([program], AccessFs::ReadFile | AccessFs::Execute))?
        .restrict_self()?;
    cap(Resource::Core, 0)?;
    cap(Resource::Fsize, 0)?;
    cap(Resource::Nofile, FILES_OPEN)?;
    cap(Resource::As, memory)?;
    cap(Resource::Cpu, time.as_secs().saturating_add(1))?;
    let flags = |argument| -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
        let has = |mask: libc::c_int, value: libc::c_int| {
            let [mask, value] = [mask, value].map(|flags| u64::from(flags.unsigned_abs()));
            let op = SeccompCmpOp::MaskedEq(mask);
            let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value)?;
            SeccompRule::new(vec![condition])
        };
        let access = libc::O_ACCMODE;
        Ok(vec![
            has(access, libc::O_WRONLY)?,
            has(access, libc::O_RDWR)?,
            has(libc::O_CREAT, libc::O_CREAT)?,
        ])
    };
    let mut writes = BTreeMap::from([(libc::SYS_openat, flags(2)?)]);
    #[cfg(target_arch = "x86_64")]
    writes.insert(libc::SYS_open, flags(1)?);
    shut(&[CHANGES, SOCKETS, PROCESSES, KERNEL, OLDER_CHANGES], writes)
}

/// Bounds the next message: address space, and processor time from now. Twice
/// the time allowed, because the parent looks at the clock and this is only
/// for a child whose parent is gone.
pub(super) fn limit(memory: u64, time: Duration) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
    let soft = used.saturating_add(time.as_secs().saturating_mul(2)).saturating_add(1);
    setrlimit(Resource::Cpu, Rlimit { current: Some(soft), maximum: None })?;
    setrlimit(Resource::As, Rlimit { current: Some(memory), maximum: None })?;
    Ok(())
}

fn cap(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

fn close_files_and_net() -> Result<(), RulesetError> {
    let abi = ABI::V6;
    Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .restrict_self()?;
    Ok(())
}

/// Refuses the calls in `lists`, and those in `rules` under their conditions.
fn shut(lists: &[&[i64]], mut rules: BTreeMap<i64, Vec<SeccompRule>>) -> Result<(), SandboxError> {
    rules.extend(lists.iter().flat_map(|list| list.iter()).map(|call| (*call, Vec::new())));
    // A signal to itself is how the process aborts.
    let own = u64::from(std::process::id());
    let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, own)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![other])?]);
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, arch)?;
    let filter: BpfProgram = filter.try_into()?;
    apply_filter(&filter)?;
    Ok(())
}

const STANDARD_STREAMS: u64 = 3;
/// A program opens its libraries and data one by one.
const FILES_OPEN: u64 = 64;
/// What Debian's packages are made of.
const INSTALLED: [&str; 2] = ["/usr", "/etc/ld.so.cache"];
const LIBRARIES: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];

/// Ways to a file.
const FILES: &[i64] = &[libc::SYS_memfd_create, libc::SYS_name_to_handle_at, libc::SYS_openat];

/// Ways to change files without opening them, and odd ways to open them.
const CHANGES: &[i64] = &[
    libc::SYS_fchmodat,
    libc::SYS_fchownat,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_open_by_handle_at,
    libc::SYS_openat2,
    libc::SYS_renameat2,
    libc::SYS_symlinkat,
    libc::SYS_truncate,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
];

const SOCKETS: &[i64] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_socket,
    libc::SYS_socketpair,
];

/// Becoming another program.
const STARTS: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];

/// Making processes and reaching others.
const PROCESSES: &[i64] = &[
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_kill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_tkill,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
];

const KERNEL: &[i64] = &[
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_perf_event_open,
    libc::SYS_personality,
    libc::SYS_pivot_root,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// The older calls that newer machines do without.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[libc::SYS_open];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];
#[cfg(target_arch = "x86_64")]
const OLDER_CHANGES: &[i64] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_creat,
    libc::SYS_link,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_rmdir,
    libc::SYS_symlink,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_CHANGES: &[i64] = &[];
