//! The second half of a log-in: the code becomes an ID token, and the ID token
//! a person.

use jiff::Timestamp;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, Nonce,
    OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl, SignatureVerificationError,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
    core::{
        CoreGenderClaim, CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
        CoreTokenResponse,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Attempt, Known, OidcError, Person, Provider, Returned, claims::Claims};

impl Provider {
    /// Ends a log-in: gives the code back, and reads who it stands for.
    ///
    /// # Errors
    ///
    /// The provider does not answer, refuses the code, or says something that
    /// cannot be trusted; or the claims do not meet the settings.
    pub async fn finish(
        &self,
        attempt: &Attempt,
        returned: Returned<'_>,
        now: Timestamp,
    ) -> Result<Person, OidcError> {
        let _place = self.place()?;
        if returned.issuer.is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(OidcError::Untrusted("the browser comes from another issuer"));
        }
        let mut known = self.known().await?;
        let token = self.exchange(&known, attempt, returned).await?;
        let nonce = Nonce::new(attempt.nonce.clone());
        let verified = self.verified(&known, &token, &nonce, now);
        let mut claims = match verified {
            Err(OidcError::UnknownKey) => {
                known = self.known_anew().await?.ok_or(OidcError::UnknownKey)?;
                self.verified(&known, &token, &nonce, now)?
            }
            other => other?,
        };
        let subject = claims.0.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        if subject.is_empty() || subject.len() > MAX_SUBJECT {
            return Err(OidcError::Untrusted("the subject is empty or too long"));
        }
        if self.settings.userinfo {
            claims.join(self.userinfo(&known, token.access_token(), &subject).await?);
        }
        let person = claims.person(&self.settings, &subject);
        match claims.unmet(&self.settings) {
            None => Ok(person),
            Some(unmet) => Err(OidcError::Unmet(Box::new(person), unmet)),
        }
    }

    async fn exchange(
        &self,
        known: &Known,
        attempt: &Attempt,
        returned: Returned<'_>,
    ) -> Result<CoreTokenResponse, OidcError> {
        let redirect = RedirectUrl::new(returned.redirect.to_owned());
        let redirect = redirect.map_err(|_| OidcError::Redirect)?;
        let client = self.client(known).set_redirect_uri(redirect);
        let code = AuthorizationCode::new(returned.code.to_owned());
        let request = client.exchange_code(code).map_err(|_| OidcError::Unsafe)?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()));
        Ok(request.request_async(&self.back).await?)
    }

    /// Checks an ID token in full (OpenID Connect Core, section 3.1.3.7), and
    /// gives its claims.
    fn verified(
        &self,
        known: &Known,
        token: &CoreTokenResponse,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<Claims, OidcError> {
        let id_token = token.id_token().ok_or(OidcError::Untrusted("there is no ID token"))?;
        let client = self.client(known);
        let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier();
        let verifier = verifier.set_allowed_algs(ALGORITHMS);
        let claims = id_token.claims(&verifier, nonce)?;
        if claims.issue_time().timestamp() > now.as_second() + SKEW {
            return Err(OidcError::Untrusted("the ID token is from the future"));
        }
        let party = claims.authorized_party();
        if party.is_some_and(|party| **party != self.settings.client_id) {
            return Err(OidcError::Untrusted("the ID token is for another client"));
        }
        if let Some(hash) = claims.access_token_hash() {
            let (key, algorithm) = (id_token.signing_key(&verifier)?, id_token.signing_alg()?);
            let own = AccessTokenHash::from_token(token.access_token(), algorithm, key);
            if own.map_err(|_| OidcError::Untrusted("no hash of the access token"))? != *hash {
                return Err(OidcError::Untrusted(
                    "the access token is not the one that was hashed",
                ));
            }
        }
        payload(id_token).ok_or(OidcError::Untrusted("the ID token cannot be read"))
    }

    async fn userinfo(
        &self,
        known: &Known,
        access: &AccessToken,
        subject: &str,
    ) -> Result<Map<String, Value>, OidcError> {
        // The library takes it that a token can stand in a header.
        if !access.secret().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(OidcError::Untrusted("the access token is no text"));
        }
        let client = self.client(known);
        let subject = SubjectIdentifier::new(subject.to_owned());
        let request = client.user_info(access.clone(), Some(subject));
        let request = request.map_err(|_| OidcError::Unsafe)?;
        let answer: UserInfoClaims<Rest, CoreGenderClaim> =
            request.request_async(&self.back).await?;
        match serde_json::to_value(answer) {
            Ok(Value::Object(claims)) => Ok(claims),
            Ok(_) | Err(_) => Err(OidcError::Untrusted("userinfo cannot be read")),
        }
    }
}

/// The claims of a token whose signature was checked, as they were signed.
fn payload(id_token: &CoreIdToken) -> Option<Claims> {
    let text = serde_json::to_value(id_token).ok()?;
    let payload = text.as_str()?.split('.').nth(1)?;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok().map(Claims)
}

/// Claims that the library has no name for.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Rest {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl openidconnect::AdditionalClaims for Rest {}

impl From<ClaimsVerificationError> for OidcError {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::SignatureVerification(error) => error.into(),
            other => Self::Token(other),
        }
    }
}

impl From<SignatureVerificationError> for OidcError {
    fn from(error: SignatureVerificationError) -> Self {
        match error {
            SignatureVerificationError::NoMatchingKey => Self::UnknownKey,
            other => Self::Token(ClaimsVerificationError::SignatureVerification(other)),
        }
    }
}

/// With a key of the provider; never with our secret, which is no signature,
/// and never without.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// OpenID Connect Core, section 2.
const MAX_SUBJECT: usize = 255;
/// Seconds that the clocks may differ.
const SKEW: i64 = 120;
