//! Log-in at a provider, by OpenID Connect 1.0: the authorization code flow
//! with PKCE (RFC 7636), state and nonce.
//!
//! Tells who logged in and what the claims give; knows nothing of accounts or
//! sessions. What a provider says counts only when its ID token is signed by a
//! key of the provider, for us, for this attempt, and is not too old. Nothing
//! is taken over when anything of that is missing.

mod back_channel;
mod claims;
mod error;
mod settings;
mod token;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use openidconnect::{
    AuthType, AuthenticationContextClass, AuthenticationFlow, ClientId, ClientSecret, CsrfToken,
    IssuerUrl, Nonce, PkceCodeChallenge, RedirectUrl, Scope,
    core::{CoreClient, CoreClientAuthMethod, CoreProviderMetadata, CoreResponseType},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit},
    time::timeout,
};
use tracing::warn;

use self::{back_channel::BackChannel, settings::is_safe};
pub use self::{
    claims::{Person, Unmet},
    error::{OidcError, OpenError},
    settings::{Fault, NameError, ProviderName, SecretError, Settings, open_to_all, twice},
};
use crate::base::secret::Secret;

/// A provider that people may log in with.
pub struct Provider {
    back: BackChannel,
    known: Mutex<Memory>,
    places: Semaphore,
    secret: Secret<String>,
    settings: Settings,
}

/// What a browser brings back, so that the log-in it comes from is known. To be
/// sealed before the browser gets it.
#[derive(Deserialize, Serialize)]
pub struct Attempt {
    nonce: String,
    state: String,
    verifier: String,
}

impl Attempt {
    /// What the provider hands back unchanged.
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// What a provider sends a browser back with.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// What ID token and access token are given for.
    pub code: &'a str,
    /// Who the browser comes from (RFC 9207), where that is told.
    pub issuer: Option<&'a str>,
    /// Where it came back to.
    pub redirect: &'a str,
}

impl Provider {
    /// Reads the secret and the certificates that the settings name.
    ///
    /// # Errors
    ///
    /// One of them cannot be read.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        Ok(Self {
            back: BackChannel::open(settings.authorities.as_deref())?,
            known: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
            secret: settings.secret()?,
            settings,
        })
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Begins a log-in that comes back to `redirect`. Gives the address to
    /// send the browser to.
    ///
    /// # Errors
    ///
    /// The provider does not tell where that is.
    pub async fn begin(&self, redirect: &str) -> Result<(String, Attempt), OidcError> {
        let _place = self.place()?;
        let known = self.known().await?;
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| OidcError::Redirect)?;
        let client = self.client(&known).set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut asked = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        asked = asked.set_pkce_challenge(challenge);
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid");
        asked = asked.add_scopes(scopes.map(|scope| Scope::new(scope.clone())));
        for acr in &self.settings.acr {
            asked = asked.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        let (url, state, nonce) = asked.url();
        let attempt = Attempt {
            nonce: nonce.secret().clone(),
            state: state.into_secret(),
            verifier: verifier.into_secret(),
        };
        Ok((url.into(), attempt))
    }

    /// The provider as it described itself, from memory when that is fresh.
    async fn known(&self) -> Result<Arc<Known>, OidcError> {
        let mut memory = self.memory().await?;
        let now = Instant::now();
        if let Some(known) = memory.younger_than(FRESH, now) {
            return Ok(known);
        }
        match self.discover().await {
            Ok(known) => Ok(memory.keep(known)),
            // Keys that were good an hour ago are better than nobody logging in.
            Err(error) => match memory.younger_than(STALE, now) {
                Some(known) => {
                    warn!(provider = %self.settings.name, %error, "description is not fresh");
                    Ok(known)
                }
                None => Err(error),
            },
        }
    }

    /// Asks for the keys again, since one that was used is not among those we
    /// know; not more than once a minute, whatever tokens come.
    async fn known_anew(&self) -> Result<Option<Arc<Known>>, OidcError> {
        let mut memory = self.memory().await?;
        let now = Instant::now();
        if memory.renewed.is_some_and(|at| now.duration_since(at) < RENEWED) {
            return Ok(None);
        }
        memory.renewed = Some(now);
        let known = self.discover().await?;
        Ok(Some(memory.keep(known)))
    }

    async fn discover(&self) -> Result<Known, OidcError> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone())?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.back).await?;
        let endpoints = [
            Some(metadata.authorization_endpoint().url()),
            metadata.token_endpoint().map(|url| url.url()),
            metadata.userinfo_endpoint().map(|url| url.url()),
        ];
        if !endpoints.into_iter().flatten().all(is_safe) {
            return Err(OidcError::Unsafe);
        }
        Ok(Known { at: Instant::now(), metadata })
    }

    /// One of a few places, so that a slow provider holds up only itself.
    fn place(&self) -> Result<SemaphorePermit<'_>, OidcError> {
        self.places.try_acquire().map_err(|_| OidcError::Busy)
    }

    async fn memory(&self) -> Result<MutexGuard<'_, Memory>, OidcError> {
        timeout(PATIENCE, self.known.lock()).await.map_err(|_| OidcError::Busy)
    }

    fn client(&self, known: &Known) -> ClientOf {
        let secret = ClientSecret::new(self.secret.expose().clone());
        let id = ClientId::new(self.settings.client_id.clone());
        let client = CoreClient::from_provider_metadata(known.metadata.clone(), id, Some(secret));
        client.set_auth_type(known.auth_type())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

/// A provider as it described itself.
struct Known {
    at: Instant,
    metadata: CoreProviderMetadata,
}

impl Known {
    /// Basic is what is meant where nothing is said (RFC 8414 section 2).
    fn auth_type(&self) -> AuthType {
        let methods = self.metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        match takes(CoreClientAuthMethod::ClientSecretBasic) {
            true => AuthType::BasicAuth,
            false => AuthType::RequestBody,
        }
    }
}

/// What is kept of a provider.
#[derive(Default)]
struct Memory {
    known: Option<Arc<Known>>,
    renewed: Option<Instant>,
}

impl Memory {
    fn younger_than(&self, age: Duration, now: Instant) -> Option<Arc<Known>> {
        self.known.clone().filter(|known| now.duration_since(known.at) < age)
    }

    fn keep(&mut self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        self.known = Some(Arc::clone(&known));
        known
    }
}

type ClientOf = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(5);
const FRESH: Duration = Duration::from_secs(60 * 60);
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
const RENEWED: Duration = Duration::from_secs(60);
