//! The frame around every page for people who log in, and the pages that say
//! why something was not done.

use std::{fmt, str::FromStr, time::Duration};

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{accept_language, assets, frame_texts::FrameTexts, routes::Needs, signed::Session};
use crate::{model::Permission, notify::Language};

/// What the frame of a page shows. A page has it as its field `frame`, and its
/// template extends `layout.html`.
pub(super) struct Frame {
    /// The language of the page.
    pub(super) language: Language,
    /// The texts of the frame.
    pub(super) texts: &'static FrameTexts,
    /// What the page is about.
    pub(super) title: String,
    /// Who is logged in; empty where nobody is.
    pub(super) name: String,
    /// The secret that forms carry; empty where nobody is logged in.
    pub(super) csrf: String,
    /// The colours.
    pub(super) theme: Theme,
    /// Where else to go.
    pub(super) menu: Vec<MenuItem>,
    /// The name of the style sheet.
    pub(super) style: &'static str,
    /// The name of the script.
    pub(super) script: &'static str,
}

/// One place to go.
pub(super) struct MenuItem {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

impl Frame {
    /// The frame for somebody who is logged in.
    pub(super) fn of(signed: &Session, title: impl Into<String>) -> Self {
        let language = signed.language();
        let texts = FrameTexts::of(language);
        Self {
            name: signed.name().to_owned(),
            csrf: signed.csrf().to_owned(),
            theme: signed.theme(),
            menu: menu(signed, texts),
            ..Self::open(language, title)
        }
    }

    /// The frame where nobody is logged in.
    pub(super) fn open(language: Language, title: impl Into<String>) -> Self {
        Self {
            language,
            texts: FrameTexts::of(language),
            title: title.into(),
            name: String::new(),
            csrf: String::new(),
            theme: Theme::System,
            menu: Vec::new(),
            style: &assets::STYLE_NAME,
            script: &assets::SCRIPT_NAME,
        }
    }
}

/// Where people may go, in the order of the menu.
fn menu(signed: &Session, texts: &'static FrameTexts) -> Vec<MenuItem> {
    let all: [(&'static str, &'static str, Needs); 10] = [
        ("/", texts.home, Needs::SignedIn),
        ("/queue", texts.queue, Needs::May(Permission::SeeQueue)),
        ("/approvals", texts.approvals, Needs::May(Permission::Approve)),
        ("/proposals", texts.proposals, Needs::May(Permission::SeeFigures)),
        ("/persons", texts.persons, Needs::May(Permission::FindPersons)),
        ("/holds", texts.holds, Needs::May(Permission::KeepByLaw)),
        ("/reports", texts.reports, Needs::May(Permission::SeeReports)),
        ("/audit", texts.audit, Needs::May(Permission::SeeAudit)),
        ("/people", texts.people, Needs::May(Permission::ManageAccounts)),
        ("/me", texts.own, Needs::SignedIn),
    ];
    let may = |needs: &Needs| match needs {
        Needs::Anyone | Needs::SignedIn => true,
        Needs::May(permission) => signed.may(*permission),
    };
    let allowed = all.into_iter().filter(|(_, _, needs)| may(needs));
    allowed.map(|(path, text, _)| MenuItem { path, text }).collect()
}

/// Shows a page.
pub(super) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let policy = HeaderValue::from_static(POLICY);
            (status, [(header::CONTENT_SECURITY_POLICY, policy)], Html(text)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An answer that also tells programs how long to wait before another try.
pub(super) fn after(wait: Duration, mut response: Response) -> Response {
    // Rounded up, so that who waits as told is not refused again.
    response.headers_mut().insert(header::RETRY_AFTER, (wait.as_secs() + 1).into());
    response
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// The store does not answer.
    Broken,
    /// The form was not sent from a page of this session.
    Foreign,
    /// The form lacks something.
    Incomplete,
    /// There is no such thing.
    Missing,
    /// The roles of the person do not allow it.
    Refused,
    /// The form is too big.
    TooMuch,
}

/// Says why something was not done, to whoever it may be.
pub(super) fn trouble(status: StatusCode, trouble: Trouble, headers: &HeaderMap) -> Response {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = asked.and_then(accept_language::best).unwrap_or_default();
    say(status, trouble, Frame::open(language, ""))
}

/// Says why something was not done, to somebody who is logged in.
pub(super) fn trouble_for(signed: &Session, status: StatusCode, trouble: Trouble) -> Response {
    say(status, trouble, Frame::of(signed, ""))
}

/// Says that the roles of the person do not allow it.
pub(super) fn refused(signed: &Session) -> Response {
    trouble_for(signed, StatusCode::FORBIDDEN, Trouble::Refused)
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    frame: Frame,
    text: &'static str,
}

fn say(status: StatusCode, trouble: Trouble, mut frame: Frame) -> Response {
    let texts = frame.texts;
    let (title, text) = match trouble {
        Trouble::Broken => (texts.broken_title, texts.broken),
        Trouble::Foreign => (texts.foreign_title, texts.foreign),
        Trouble::Incomplete => (texts.incomplete_title, texts.incomplete),
        Trouble::Missing => (texts.missing_title, texts.missing),
        Trouble::Refused => (texts.refused_title, texts.refused),
        Trouble::TooMuch => (texts.too_much_title, texts.too_much),
    };
    title.clone_into(&mut frame.title);
    show(status, &TroublePage { frame, text })
}

/// The colours of the pages.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// What the machine of the reader is set to.
    #[default]
    System,
}

impl Theme {
    /// The word in forms.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Theme {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Dark, Self::Light, Self::System];
        all.into_iter().find(|theme| theme.as_str() == text).ok_or(())
    }
}

/// What a page may do.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
