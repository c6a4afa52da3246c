//! From an error to the exit status that it calls for (DESIGN section 4).
//!
//! What is not known to be anybody's fault is temporary: a caller may try
//! again, and nothing was said to be clean.

use std::{io, sync::Arc};

use crate::{
    cli::{Exit, InputError},
    detect::RuleError,
    gate::{FreeTextError, GateError, RulebookError},
    model::reviewer::ReviewerError,
    protect::ProtectError,
    store::StoreError,
    worker::Absent,
};

use super::config::ConfigError;

/// The exit status for `error`.
pub(super) fn status(error: &anyhow::Error) -> Exit {
    if error.chain().any(is_denied) {
        return Exit::Denied;
    }
    error.chain().find_map(known).unwrap_or(Exit::Temporary)
}

/// Whether the reader of our output is gone, which is nothing to talk about.
pub(super) fn is_unread(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_denied(cause: &(dyn std::error::Error + 'static)) -> bool {
    let shared = || cause.downcast_ref::<Arc<io::Error>>().map(|error| &**error);
    let error = cause.downcast_ref::<io::Error>().or_else(shared);
    error.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn known(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(error) = cause.downcast_ref::<RulebookError>() {
        let lacks_reader = matches!(error, RulebookError::Unread(_));
        return Some(if lacks_reader { Exit::Temporary } else { Exit::Config });
    }
    if cause.is::<ConfigError>() || cause.is::<RuleError>() || cause.is::<Absent>() {
        return Some(Exit::Config);
    }
    if cause.is::<InputError>() || cause.is::<ReviewerError>() || cause.is::<FreeTextError>() {
        return Some(Exit::Usage);
    }
    match cause.downcast_ref::<GateError>() {
        Some(GateError::NoNextHop) => return Some(Exit::Config),
        Some(GateError::NotHeld(_) | GateError::Unprotectable(_)) => return Some(Exit::Negative),
        Some(_) | None => {}
    }
    let store = cause.downcast_ref::<StoreError>();
    if matches!(store, Some(StoreError::KeptByLaw(_))) {
        return Some(Exit::Denied);
    }
    if matches!(store, Some(StoreError::ContentGone(_) | StoreError::UnknownItem(_))) {
        return Some(Exit::Negative);
    }
    let protect = cause.downcast_ref::<ProtectError>();
    protect.filter(|error| !error.is_temporary()).map(|_| Exit::Negative)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn failed(kind: io::ErrorKind) -> io::Error {
        io::Error::new(kind, "what the system says")
    }

    #[test]
    fn a_refused_file_is_denied_however_deep_it_lies() {
        for error in [
            anyhow::Error::new(failed(io::ErrorKind::PermissionDenied)),
            anyhow::Error::new(StoreError::File {
                path: "/var/lib/sluse".into(),
                source: Arc::new(failed(io::ErrorKind::PermissionDenied)),
            }),
            anyhow::Error::new(InputError {
                path: "a.eml".into(),
                source: failed(io::ErrorKind::PermissionDenied),
            }),
        ] {
            let error = Err::<(), _>(error).context("cannot open the store").unwrap_err();
            assert_eq!(status(&error), Exit::Denied, "{error:#}");
        }
    }

    #[test]
    fn an_answer_of_no_is_told_from_a_failure() {
        let of = |error: GateError| status(&anyhow::Error::new(error));
        assert_eq!(of(GateError::NotHeld("x".into())), Exit::Negative);
        assert_eq!(of(GateError::Store(StoreError::UnknownItem("x".into()))), Exit::Negative);
        assert_eq!(of(GateError::NoNextHop), Exit::Config);
        assert_eq!(of(GateError::Store(StoreError::Busy)), Exit::Temporary);
        let unknown = ProtectError::UnknownCertificate("AB".into());
        assert_eq!(status(&anyhow::Error::new(unknown)), Exit::Negative);
    }

    #[test]
    fn a_context_does_not_hide_the_cause() {
        let error = anyhow::Error::new(StoreError::UnknownItem("x".into()));
        assert_eq!(status(&error.context("first").context("second")), Exit::Negative);
    }

    #[test]
    fn what_is_not_known_is_temporary() {
        assert_eq!(status(&anyhow::anyhow!("odd")), Exit::Temporary);
        assert_eq!(status(&failed(io::ErrorKind::StorageFull).into()), Exit::Temporary);
    }
}
