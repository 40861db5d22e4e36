//! Which login a consent page belongs to, and whether the page was asked for as the platform wants it.

use url::Url;

use super::codes::{Challenge, Method};
use crate::call::pairs;
use crate::state::{Platform, State};
use crate::{facebook, instagram, linkedin, tiktok, x, youtube};

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Login {
    X,
    /// X with signatures, OAuth 1.0a.
    XSigned,
    Facebook,
    Instagram,
    Linkedin,
    Tiktok,
    Google,
}

/// A consent page that cannot be shown.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The platform's own error page: what it is called, and what it says.
    Page(&'static str, String),
    /// The browser is sent back at once.
    Redirect(String),
}

fn page(title: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::Page(title, message.into())
}

/// What an app asks of a person.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) login: Login,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) offline: bool,
    pub(crate) prompted: bool,
    pub(crate) incremental: bool,
    /// X with signatures only.
    pub(crate) request_token: Option<String>,
}

/// Settings that a consent page looks at.
struct Terms<'a> {
    client_id: &'a str,
    redirect_uris: &'a [String],
    /// Every scope there is.
    scopes: &'static [&'static str],
}

impl Login {
    /// The login that a path belongs to. X with signatures and Instagram share one: only apps of the latter name themselves.
    pub(crate) fn of(path: &str, query: &[(String, String)]) -> Option<Self> {
        let signed = query.iter().any(|(name, _)| name == "oauth_token");
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        Some(match segments.as_slice() {
            ["i" | "2", "oauth2", "authorize"] => Self::X,
            ["oauth", "authorize" | "authenticate"] if signed => Self::XSigned,
            ["oauth", "authenticate"] => Self::XSigned,
            ["oauth", "authorize"] | ["instagram", "oauth", "authorize"] => Self::Instagram,
            ["dialog", "oauth"] => Self::Facebook,
            [version, "dialog", "oauth"] if version.starts_with('v') => Self::Facebook,
            ["oauth", "v2", "authorization"] => Self::Linkedin,
            ["v2", "auth", "authorize"] => Self::Tiktok,
            ["o", "oauth2", "v2", "auth"] => Self::Google,
            _ => return None,
        })
    }

    /// The platform whose accounts log in.
    pub(crate) fn platform(self) -> Platform {
        match self {
            Self::X | Self::XSigned => Platform::X,
            Self::Facebook => Platform::Facebook,
            Self::Instagram => Platform::Instagram,
            Self::Linkedin => Platform::Linkedin,
            Self::Tiktok => Platform::Tiktok,
            Self::Google => Platform::Youtube,
        }
    }

    /// The platform's name and the word that its colours go by.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::X | Self::XSigned => ("X", "x"),
            Self::Facebook => ("Facebook", "facebook"),
            Self::Instagram => ("Instagram", "instagram"),
            Self::Linkedin => ("LinkedIn", "linkedin"),
            Self::Tiktok => ("TikTok", "tiktok"),
            Self::Google => ("Google", "youtube"),
        }
    }

    fn terms(self, state: &State) -> Terms<'_> {
        let settings = &state.settings;
        let ((client_id, redirect_uris), scopes): ((&str, &[String]), _) = match self {
            Self::X | Self::XSigned => ((&settings.x.client_id, &settings.x.redirect_uris), x::SCOPES),
            Self::Facebook => ((&settings.facebook_app_id, &settings.facebook.redirect_uris), facebook::DIALOG_SCOPES),
            Self::Instagram => (settings.instagram.app(), instagram::LOGIN_SCOPES),
            Self::Linkedin => (settings.linkedin.app(), linkedin::SCOPES),
            Self::Tiktok => (settings.tiktok.app(), tiktok::SCOPES),
            Self::Google => (settings.youtube.app(), youtube::SCOPES),
        };
        Terms { client_id, redirect_uris, scopes }
    }

    /// What stands between scopes in the address.
    fn separators(self) -> &'static [char] {
        match self {
            // LinkedIn documents spaces, and its own client for JavaScript sends commas.
            Self::Facebook | Self::Instagram | Self::Linkedin => &[',', ' '],
            Self::Tiktok => &[','],
            _ => &[' '],
        }
    }
}

/// The parameters of a consent page.
pub(super) struct Query<'a>(pub(super) &'a [(String, String)]);

impl Query<'_> {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| page("Invalid request", format!("The required parameter {name} is missing.")))
    }
}

/// Whether an address may be returned to: absolute, without a fragment, and one of those registered if any are.
pub(crate) fn is_registered(address: &str, registered: &[String]) -> bool {
    let absolute = Url::parse(address).is_ok_and(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    absolute && !address.contains('#') && (registered.is_empty() || registered.iter().any(|known| known == address))
}

/// Whether an address is https, or http on the machine itself.
pub(crate) fn is_secure(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.scheme() == "https" || url.scheme() == "http" && local
    })
}

/// Reads what an address asks for.
pub(super) fn read(state: &State, address: &str) -> Result<Asked, Refusal> {
    let (path, query) = split(address).ok_or_else(|| page("Page not found", "The address cannot be read."))?;
    let login = Login::of(&path, &query).ok_or_else(|| page("Page not found", "No login has this address."))?;
    let query = Query(&query);
    if login == Login::XSigned {
        return signed(state, &query);
    }
    let terms = login.terms(state);
    let client_id = query.required(if login == Login::Tiktok { "client_key" } else { "client_id" })?;
    if !terms.client_id.is_empty() && client_id != terms.client_id {
        return Err(page(bad_client(login), format!("No app has the id {client_id}.")));
    }
    let redirect_uri = query.required("redirect_uri")?;
    let fits = is_registered(redirect_uri, terms.redirect_uris)
        && (login != Login::Linkedin || is_secure(redirect_uri))
        && (login != Login::Tiktok || tiktok::allows_redirect(redirect_uri));
    if !fits {
        return Err(page(bad_redirect(login), format!("The redirect_uri {redirect_uri} is not registered for the app.")));
    }
    // Facebook alone takes the absence for `code`.
    match query.text("response_type") {
        Some("code") => {}
        None if login == Login::Facebook => {}
        _ => return Err(page("Unsupported response type", "The response_type must be code.")),
    }
    if login == Login::X {
        query.required("state")?;
    }
    let state_text = query.text("state").map(str::to_owned);
    let asked = Asked {
        login,
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        state: state_text,
        scopes: scopes(login, &query)?,
        challenge: challenge(login, &query)?,
        offline: query.text("access_type") == Some("offline"),
        prompted: query.text("prompt").is_some_and(|prompt| prompt.split(' ').any(|word| word == "consent")),
        incremental: query.text("include_granted_scopes") == Some("true"),
        request_token: None,
    };
    match asked.scopes.iter().find(|scope| !terms.scopes.contains(&scope.as_str())) {
        None => Ok(asked),
        Some(unknown) => Err(unknown_scope(&asked, unknown)),
    }
}

/// Path and query of an address; its host does not matter.
fn split(address: &str) -> Option<(String, Vec<(String, String)>)> {
    let base = Url::parse("http://sandbox.invalid").ok()?;
    let url = base.join(address).ok()?;
    Some((url.path().to_owned(), pairs(url.query().unwrap_or_default().as_bytes())))
}

/// The page of OAuth 1.0a names nothing but a request token, which knows the rest.
fn signed(state: &State, query: &Query<'_>) -> Result<Asked, Refusal> {
    let token = query.required("oauth_token")?;
    let known = state.x.request_tokens.get(token).filter(|known| known.works(state.now()));
    let known = known.ok_or_else(|| {
        page(
            "Whoa there!",
            "The request token for this page is invalid. It may have already been used, or expired because it is too old.",
        )
    })?;
    Ok(Asked {
        login: Login::XSigned,
        client_id: state.settings.x_consumer_key.clone(),
        redirect_uri: known.callback.clone(),
        state: None,
        scopes: known.scopes(),
        challenge: None,
        offline: false,
        prompted: false,
        incremental: false,
        request_token: Some(token.to_owned()),
    })
}

fn scopes(login: Login, query: &Query<'_>) -> Result<Vec<String>, Refusal> {
    // Facebook Login for Business names a configuration instead, and Facebook alone has a default.
    let text = match (login, query.text("scope")) {
        (_, Some(text)) => text,
        (Login::Facebook, None) if query.text("config_id").is_some() => return Ok(facebook::configured_scopes()),
        (Login::Facebook, None) => "public_profile",
        (_, None) => query.required("scope")?,
    };
    let mut scopes: Vec<String> = Vec::new();
    for scope in text.split(login.separators()).map(str::trim).filter(|scope| !scope.is_empty()) {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Ok(scopes)
}

/// X insists on a challenge, Google and TikTok take one, and the others know none.
fn challenge(login: Login, query: &Query<'_>) -> Result<Option<Challenge>, Refusal> {
    let value = match login {
        Login::X => Some(query.required("code_challenge")?),
        Login::Google | Login::Tiktok => query.text("code_challenge"),
        _ => None,
    };
    let Some(value) = value else { return Ok(None) };
    let method = match (login, query.text("code_challenge_method")) {
        (Login::Tiktok, Some("S256")) => Method::Hex,
        (Login::X | Login::Google, Some("S256")) => Method::S256,
        (Login::X | Login::Google, None | Some("plain")) => Method::Plain,
        _ => return Err(page("Invalid request", "The code_challenge_method is not supported.")),
    };
    Ok(Some(Challenge { value: value.to_owned(), method }))
}

fn bad_client(login: Login) -> &'static str {
    match login {
        Login::Facebook => "Invalid App ID",
        Login::Instagram => "Invalid platform app",
        Login::Google => "Error 401: invalid_client",
        Login::Tiktok => "client_key",
        Login::Linkedin => "Bummer, something went wrong.",
        Login::X | Login::XSigned => "Something went wrong",
    }
}

fn bad_redirect(login: Login) -> &'static str {
    match login {
        Login::Facebook => "URL blocked",
        Login::Instagram => "Invalid redirect_uri",
        Login::Google => "Error 400: redirect_uri_mismatch",
        Login::Tiktok => "redirect_uri",
        Login::Linkedin => "Bummer, something went wrong.",
        Login::X | Login::XSigned => "Something went wrong",
    }
}

/// LinkedIn alone tells the app; with the others the person is stuck on a page.
fn unknown_scope(asked: &Asked, scope: &str) -> Refusal {
    match asked.login {
        Login::Linkedin => Refusal::Redirect(super::decide::returned(
            asked,
            &[
                ("error", "unauthorized_scope_error"),
                ("error_description", &format!("Scope \"{scope}\" is not authorized for your application")),
            ],
        )),
        Login::Google => page("Error 400: invalid_scope", format!("Some requested scopes were invalid: {scope}.")),
        Login::Facebook => page("Invalid Scopes", format!("Invalid Scopes: {scope}.")),
        Login::Tiktok => page("scope", format!("The scope {scope} is not known.")),
        _ => page("Something went wrong", format!("The scope {scope} is not known.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_to_logins() {
        let cases = [
            ("/i/oauth2/authorize?client_id=a", Some(Login::X)),
            ("/oauth/authorize?oauth_token=a", Some(Login::XSigned)),
            ("/oauth/authenticate?oauth_token=a", Some(Login::XSigned)),
            ("/oauth/authorize?client_id=a", Some(Login::Instagram)),
            ("https://www.facebook.com/v26.0/dialog/oauth?client_id=a", Some(Login::Facebook)),
            ("/oauth/v2/authorization", Some(Login::Linkedin)),
            ("/v2/auth/authorize/", Some(Login::Tiktok)),
            ("/o/oauth2/v2/auth", Some(Login::Google)),
            ("/v26.0/me", None),
            ("/oauth/access_token", None),
        ];

        for (address, expected) in cases {
            let (path, query) = split(address).unwrap();
            assert_eq!(Login::of(&path, &query), expected, "{address}");
        }
    }
}
