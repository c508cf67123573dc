//! The citizen's door: which agency is addressed, and in which language one speaks there.
//!
//! `/…` is the oldest agency, `/i/{slug}/…` a named one; `base` goes before every link, so that
//! one stays with the agency one came to.

use askama::Template;
use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tanggap_kernel::{Access, Refusal};
use tanggap_org::door::Visitor;
use tanggap_org::{self as org, Agency};
use tanggap_ui::{Ctx, Failed, NavItem, Page, Text, respond};

/// A citizen before an agency.
#[derive(Clone)]
pub struct Door {
    /// The node's parts.
    pub ctx: Ctx,
    /// The agency.
    pub agency: Agency,
    /// What goes before every link: empty, or `/i/{slug}`.
    pub base: String,
    /// Who stands there.
    pub visitor: Visitor,
    path: String,
    origin: String,
}

/// Before the first agency is set up.
#[derive(Template)]
#[template(path = "unready.html")]
struct Unready {
    page: Page,
}

impl FromRequestParts<Ctx> for Door {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Response> {
        let failed = |e: tanggap_kernel::Error| Failed(e).into_response();
        let visitor =
            Visitor::from_request_parts(parts, ctx).await.map_err(IntoResponse::into_response)?;
        let slug = match RawPathParams::from_request_parts(parts, ctx).await {
            Ok(params) => {
                params.iter().find(|(name, _)| *name == "slug").map(|(_, slug)| slug.to_owned())
            }
            Err(_) => None,
        };
        let named = slug.clone();
        let found = ctx.db.read(move |tx| match &named {
            Some(slug) => org::agency_by_slug(tx, slug),
            None => Ok(org::agencies(tx)?.into_iter().next()),
        });
        let Some(agency) = found.await.map_err(failed)? else {
            if slug.is_some() {
                return Err(failed(Refusal::NotFound.into()));
            }
            if parts.uri.path() == "/" {
                return Err(respond::see_other("/mulai"));
            }
            let page = visitor.page("portal-unready", "Tanggap");
            return Err(respond::html_status(StatusCode::SERVICE_UNAVAILABLE, Unready { page }));
        };
        let base = slug.map(|slug| format!("/i/{slug}")).unwrap_or_default();
        let path = match parts.extensions.get::<OriginalUri>() {
            Some(uri) => uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            None => visitor.path.clone(),
        };
        let origin = origin(ctx, parts);
        Ok(Self { ctx: ctx.clone(), agency, base, visitor, path, origin })
    }
}

/// The installation's address as configured, else as the browser asked for it.
fn origin(ctx: &Ctx, parts: &Parts) -> String {
    if !ctx.site.base_url.is_empty() {
        return ctx.site.base_url.clone();
    }
    let host = parts.headers.get(axum::http::header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if ctx.site.secure_cookies { "https" } else { "http" };
    host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

impl Door {
    /// Language and zone: the agency's, since its deadlines are dates there.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { locale: self.visitor.prefs.locale, zone: self.agency.zone }
    }

    /// What a citizen may do before their code and PIN are checked: nothing.
    #[must_use]
    pub fn access(&self) -> Access {
        Access::citizen(self.agency.id, self.visitor.prefs.locale)
    }

    /// An address at this agency.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// An address that works from elsewhere: on paper and in a QR code.
    #[must_use]
    pub fn outside_link(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.base)
    }

    /// A page whose title is in the catalogue.
    #[must_use]
    pub fn page(&self, title_key: &str) -> Page {
        self.page_titled(self.text().t(title_key))
    }

    /// A page whose title is data.
    #[must_use]
    pub fn page_titled(&self, title: impl Into<String>) -> Page {
        let mut page = Page::new(self.text(), title);
        page.theme = self.visitor.prefs.theme;
        page.agency = self.agency.name_in(page.locale).to_owned();
        page.csrf.clone_from(&self.visitor.csrf);
        page.path.clone_from(&self.path);
        page.nav = [
            ("portal-nav-report", "/lapor"),
            ("portal-nav-track", "/lacak"),
            ("portal-nav-managers", "/pengelola"),
            ("portal-nav-deadlines", "/tenggat"),
        ]
        .map(|(key, path)| {
            let href = self.link(path);
            let active = self.path == href
                || self.path.strip_prefix(&href).is_some_and(|rest| rest.starts_with(['/', '?']));
            NavItem { active, ..NavItem::new(key, href, "") }
        })
        .into();
        page
    }

    /// 200 with a page, and the visitor's cookie where there is none yet.
    #[must_use]
    pub fn html(&self, page: impl Template) -> Response {
        self.html_status(StatusCode::OK, page)
    }

    /// The same with any status.
    #[must_use]
    pub fn html_status(&self, status: StatusCode, page: impl Template) -> Response {
        self.visitor.keep(&self.ctx, respond::html_status(status, page))
    }

    /// Gives the browser a cookie of ours, readable by no script.
    pub fn set_cookie(&self, response: &mut Response, name: &str, value: &str, age_s: i64) {
        let secure = if self.ctx.site.secure_cookies { "; Secure" } else { "" };
        let path = if self.base.is_empty() { "/" } else { self.base.as_str() };
        let cookie =
            format!("{name}={value}; Path={path}; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = axum::http::HeaderValue::from_str(&cookie) {
            response.headers_mut().append(axum::http::header::SET_COOKIE, cookie);
        }
    }
}
