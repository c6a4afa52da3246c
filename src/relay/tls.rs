//! TLS to the next hop.
//!
//! Where TLS is required the certificate must be one that this machine trusts
//! for the host. Opportunistic TLS takes any certificate, since the alternative
//! is no TLS at all (RFC 7435): it keeps out who only listens.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
};
use thiserror::Error;
use tokio_rustls::TlsConnector;

use super::settings::{Settings, Tls};

/// What to start TLS with. Reads the certificates that vouch for the server, and
/// our own.
///
/// # Errors
///
/// They cannot be read, or there are none.
pub(super) fn connector(settings: &Settings) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone());
    let config = config.with_safe_default_protocol_versions().map_err(TlsError::Config)?;
    let config = match settings.tls() {
        Tls::Implicit | Tls::Required => {
            config.with_root_certificates(trusted(settings.authorities.as_deref())?)
        }
        Tls::None | Tls::Opportunistic => {
            let any = Arc::new(AnyCertificate(provider));
            config.dangerous().with_custom_certificate_verifier(any)
        }
    };
    let config = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => {
            let read = PrivateKeyDer::from_pem_file(key);
            let read = read.map_err(|source| TlsError::Pem { path: key.clone(), source })?;
            config.with_client_auth_cert(chain(certificate)?, read).map_err(TlsError::Pair)?
        }
        (Some(_) | None, Some(_) | None) => config.with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Why TLS to the next hop cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The library refuses.
    #[error("tls")]
    Config(#[source] Error),
    /// A file holds no certificate that can be used.
    #[error("{0} holds no certificate that can be used")]
    Empty(PathBuf),
    /// There are no authorities.
    #[error("this machine trusts no certificates: none found in its store")]
    NoRoots,
    /// Certificate and key do not fit.
    #[error("certificate and key cannot be used together")]
    Pair(#[source] Error),
    /// A file is not PEM, or cannot be read.
    #[error("cannot read {path} as PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
}

fn trusted(authorities: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let (certificates, none) = match authorities {
        Some(path) => (chain(path)?, TlsError::Empty(path.to_owned())),
        None => (rustls_native_certs::load_native_certs().certs, TlsError::NoRoots),
    };
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(none) } else { Ok(roots) }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem { path: path.to_owned(), source };
    let found = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty(path.to_owned())) } else { Ok(found) }
}

/// Takes any certificate whose key signed the handshake.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
