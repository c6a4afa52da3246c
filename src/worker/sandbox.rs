//! Shuts the child in: no file can be opened, no socket made, no program
//! started, and memory and processor time end at a limit.
//!
//! Resource limits and the system call filter must take hold, or the child
//! gives up; Landlock comes on top where the kernel has it. The filter lets
//! pass what is not listed: a list of what is allowed would break with every
//! new libc, and the lists below already take files, sockets and processes.

use std::{collections::BTreeMap, io, time::Duration};

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, Scope};
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
    let filter: BpfProgram = filter()?.try_into()?;
    apply_filter(&filter)?;
    Ok(())
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

fn filter() -> Result<SeccompFilter, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        DENIED.iter().map(|call| (*call, Vec::new())).collect();
    // A signal to itself is how the process aborts.
    let own = u64::from(std::process::id());
    let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, own)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![other])?]);
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, denied, arch)
}

const STANDARD_STREAMS: u64 = 3;

/// Files, sockets, processes and other doors out.
const DENIED: &[i64] = &[
    // Files.
    libc::SYS_fchmodat,
    libc::SYS_fchownat,
    libc::SYS_linkat,
    libc::SYS_memfd_create,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_renameat2,
    libc::SYS_symlinkat,
    libc::SYS_truncate,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    // Sockets.
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_socket,
    libc::SYS_socketpair,
    // Processes.
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_tkill,
    // The kernel.
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
    // The older calls that newer machines do without.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_renameat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
];
