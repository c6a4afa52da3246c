//! Requests to a provider, from machine to machine.
//!
//! One connection for each, with an end in time and size. What answers with a
//! redirect has not answered: where to ask is said by the provider's own
//! description, which was fetched by its name.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use openidconnect::{
    AsyncHttpClient, HttpRequest, HttpResponse,
    http::{self, HeaderValue, Request, Response, Uri, header},
    url::{Host, Position, Url},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer, InvalidDnsNameError, ServerName,
        pem::{self, PemObject},
    },
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::settings::is_safe;

/// Where requests go out.
pub(super) struct BackChannel {
    tls: TlsConnector,
}

impl BackChannel {
    /// Reads the certificates that vouch for the provider; those of this
    /// machine when no file is named.
    pub(super) fn open(authorities: Option<&Path>) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(TlsError::Config)?;
        let config = config.with_root_certificates(trusted(authorities)?).with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends one request, and reads the whole answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, BackError> {
        timeout(PATIENCE, self.exchange(request)).await.map_err(|_| BackError::Slow)?
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, BackError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| BackError::Address)?;
        if !is_safe(&url) {
            return Err(BackError::Address);
        }
        let host = url.host().ok_or(BackError::Address)?.to_owned();
        let port = url.port_or_known_default().ok_or(BackError::Address)?;
        let stream = match &host {
            Host::Domain(name) => TcpStream::connect((name.as_str(), port)).await,
            Host::Ipv4(ip) => TcpStream::connect((*ip, port)).await,
            Host::Ipv6(ip) => TcpStream::connect((*ip, port)).await,
        };
        let stream = stream.map_err(BackError::Connect)?;
        let request = to_origin(request, &url)?;
        if url.scheme() == "http" {
            return converse(stream, request).await;
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name).map_err(BackError::Name)?,
            Host::Ipv4(ip) => ServerName::IpAddress(ip.into()),
            Host::Ipv6(ip) => ServerName::IpAddress(ip.into()),
        };
        let stream = self.tls.connect(name, stream).await.map_err(BackError::Connect)?;
        converse(stream, request).await
    }
}

impl<'c> AsyncHttpClient<'c> for BackChannel {
    type Error = BackError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, BackError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The request as the server of `url` takes it.
fn to_origin(request: HttpRequest, url: &Url) -> Result<Request<Full<Bytes>>, BackError> {
    let (mut parts, body) = request.into_parts();
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let host = &url[Position::BeforeHost..Position::AfterPort];
    parts.uri = path.parse::<Uri>().map_err(|_| BackError::Address)?;
    let host = HeaderValue::from_str(host).map_err(|_| BackError::Address)?;
    parts.headers.insert(header::HOST, host);
    parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    parts.version = http::Version::HTTP_11;
    Ok(Request::from_parts(parts, Full::new(Bytes::from(body))))
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<HttpResponse, BackError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with this function, in whatever way that ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| match error
        .downcast::<hyper::Error>(
    ) {
        Ok(error) => BackError::Http(*error),
        Err(error) if error.is::<LengthLimitError>() => BackError::Long,
        Err(error) => BackError::Connect(io::Error::other(error)),
    })?;
    Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
}

/// A request has no answer that counts.
#[derive(Debug, Error)]
pub enum BackError {
    /// The address is not HTTPS.
    #[error("the address is not https")]
    Address,
    /// There is no connection, or it broke.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// The answer is not HTTP.
    #[error("the answer is not HTTP as it should be")]
    Http(#[from] hyper::Error),
    /// The answer is too long.
    #[error("the answer is too long")]
    Long,
    /// The host has a name that no certificate can have.
    #[error("no certificate can have the name of the host")]
    Name(#[source] InvalidDnsNameError),
    /// The answer took too long.
    #[error("no answer in time")]
    Slow,
}

/// TLS towards a provider cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The library refuses.
    #[error("tls")]
    Config(#[source] rustls::Error),
    /// There are no authorities.
    #[error("this machine trusts no certificates: none found in its store")]
    NoRoots,
    /// The file is not PEM, cannot be read, or holds no certificate.
    #[error("cannot read certificates in {path}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
}

fn trusted(authorities: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let certificates = match authorities {
        None => rustls_native_certs::load_native_certs().certs,
        Some(path) => {
            let failed = |source| TlsError::Pem { path: path.to_owned(), source };
            let found = CertificateDer::pem_file_iter(path).map_err(failed)?;
            let found: Vec<_> = found.collect::<Result<_, _>>().map_err(failed)?;
            if found.is_empty() {
                return Err(failed(pem::Error::NoItemsFound));
            }
            found
        }
    };
    let (added, _) = roots.add_parsable_certificates(certificates);
    match (added, authorities) {
        (0, Some(path)) => {
            Err(TlsError::Pem { path: path.to_owned(), source: pem::Error::NoItemsFound })
        }
        (0, None) => Err(TlsError::NoRoots),
        _ => Ok(roots),
    }
}

/// For one request, from the look-up of the host to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Descriptions and keys of large providers take some tens of kilobytes.
const MAX_ANSWER: usize = 512 << 10;
