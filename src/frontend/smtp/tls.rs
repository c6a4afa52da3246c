//! TLS: our certificate, and those of clients.
//!
//! A client certificate is asked for only where connectors are set, and one
//! that proves nothing does not end the connection: whoever sends it is a
//! stranger like any other. That its key belongs to it is proven in the
//! handshake, who vouches for it after that. Authorities give mail servers
//! certificates for servers, some no longer for clients; either sort will do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
        SignatureScheme,
        client::danger::HandshakeSignatureValid,
        client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
        crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms},
        pki_types::{
            CertificateDer, DnsName, PrivateKeyDer, ServerName, UnixTime,
            pem::{self, PemObject},
        },
        server::{
            ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier,
            danger::{ClientCertVerified, ClientCertVerifier},
        },
    },
    server::TlsStream,
};

use super::{settings::Settings, socket::Link};
use crate::relay;

/// Everything that TLS needs, read from files.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    vouching: Option<Vouching>,
}

/// Who vouches for connectors.
struct Vouching {
    authorities: Arc<RootCertStore>,
    for_clients: Arc<dyn ClientCertVerifier>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Tls {
    /// Reads the files that `[smtp]` names; nothing where it names none.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or they do not belong together.
    pub(super) fn load(settings: &Settings) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) else {
            return Ok(None);
        };
        let chain = certificates(certificate)?;
        let key_file = PrivateKeyDer::from_pem_file(key);
        let key_file = key_file.map_err(|source| TlsError::Pem { path: key.clone(), source })?;
        let provider = Arc::new(crypto::ring::default_provider());
        let vouching = match settings.connector.is_empty() {
            true => None,
            false => Some(Vouching::load(settings.authorities.as_deref(), &provider)?),
        };
        let algorithms = provider.signature_verification_algorithms;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?;
        let builder = match &vouching {
            Some(_) => builder.with_client_cert_verifier(Arc::new(Asking(algorithms))),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key_file).map_err(TlsError::Pair)?;
        Ok(Some(Self { acceptor: TlsAcceptor::from(Arc::new(config)), vouching }))
    }

    /// What begins TLS on a connection.
    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// The certificate of the client, when somebody we know vouches for it.
    pub(super) fn certificate(&self, stream: &TlsStream<Link>) -> Option<Certificate> {
        let (first, others) = stream.get_ref().1.peer_certificates()?.split_first()?;
        let vouching = self.vouching.as_ref()?;
        vouching.stands_for(first, others).then(|| Certificate(first.clone().into_owned()))
    }
}

impl Vouching {
    fn load(path: Option<&Path>, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let mut authorities = RootCertStore::empty();
        match path {
            Some(path) => {
                let (_, unusable) = authorities.add_parsable_certificates(certificates(path)?);
                if unusable > 0 || authorities.is_empty() {
                    return Err(TlsError::Authorities(path.to_owned()));
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                authorities.add_parsable_certificates(found.certs);
                if authorities.is_empty() {
                    return Err(TlsError::NoAuthorities);
                }
            }
        }
        let authorities = Arc::new(authorities);
        let for_clients = WebPkiClientVerifier::builder_with_provider(
            Arc::clone(&authorities),
            Arc::clone(provider),
        );
        let for_clients = for_clients.build().map_err(TlsError::Verifier)?;
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { authorities, for_clients, algorithms })
    }

    fn stands_for(&self, first: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> bool {
        let now = UnixTime::now();
        let Ok(parsed) = ParsedCertificate::try_from(first) else { return false };
        let all = self.algorithms.all;
        self.for_clients.verify_client_cert(first, others, now).is_ok()
            || verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.authorities,
                others,
                now,
                all,
            )
            .is_ok()
    }
}

/// A client certificate that was proven, and vouched for.
pub(super) struct Certificate(CertificateDer<'static>);

impl Certificate {
    /// Whether it was given out for `name`.
    pub(super) fn is_for(&self, name: &DnsName<'static>) -> bool {
        let Ok(parsed) = ParsedCertificate::try_from(&self.0) else { return false };
        verify_server_name(&parsed, &ServerName::DnsName(name.clone())).is_ok()
    }
}

/// Asks every client for a certificate, and lets the handshake prove that its
/// key belongs to it. Whether it is worth anything is looked at afterwards.
#[derive(Debug)]
struct Asking(WebPkiSupportedAlgorithms);

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _first: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem { path: path.to_owned(), source };
    let found = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty(path.to_owned())) } else { Ok(found) }
}

/// TLS cannot be used as set.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file of authorities holds something else.
    #[error("{0} holds something else than certificates of authorities")]
    Authorities(PathBuf),
    /// A file holds no certificate.
    #[error("{0} holds no certificate")]
    Empty(PathBuf),
    /// TLS to the next hop cannot be used.
    #[error("next hop")]
    NextHop(#[source] relay::TlsError),
    /// This machine knows no authorities.
    #[error("this machine knows no certificate authorities: name a file in authorities")]
    NoAuthorities,
    /// Certificate and key do not fit.
    #[error("certificate and key cannot be used together")]
    Pair(#[source] rustls::Error),
    /// A file is not PEM, or cannot be read.
    #[error("cannot read {path} as PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The authorities cannot be used.
    #[error("authorities cannot be used")]
    Verifier(#[source] VerifierBuilderError),
}
