//! Somebody who signed in: resolved from the session's cookie at each request, so that what was
//! taken away is gone at once.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tanggap_calendar::Zone;
use tanggap_kernel::access::Permission;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Error, Locale, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_ui::ctx::{Ctx, random};
use tanggap_ui::live::Viewer;
use tanggap_ui::prefs::{Prefs, cookie};
use tanggap_ui::{Failed, NavItem, Page, Text, User, csrf, respond};

use super::cookies;
use super::visitor::path_of;
use crate::sessions::{self, Session};
use crate::{account, store};

/// The person behind a request.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their office.
    pub title: String,
    /// Their sign-in name.
    pub email: String,
    /// Whether they use an authenticator.
    pub has_totp: bool,
    /// Whether they must choose a password of their own before anything else.
    pub must_change_password: bool,
}

/// The agency they work in.
#[derive(Clone, Debug)]
pub struct House {
    /// Its id.
    pub id: AgencyId,
    /// Its full name.
    pub name: String,
    /// Its name in headings.
    pub short_name: String,
}

/// A member of staff who signed in.
#[derive(Clone, Debug)]
pub struct Staff {
    /// What they may do.
    pub access: Access,
    /// Who they are.
    pub user: Person,
    /// Where they work.
    pub agency: House,
    /// The zone whose wall clock they are shown.
    pub zone: Zone,
    /// Their language and theme.
    pub prefs: Prefs,
    /// The token that their forms carry.
    pub csrf: String,
    /// The path and query they asked for.
    pub path: String,
    /// Their session.
    pub session: Session,
    roles: Arc<[&'static str]>,
    kept: Option<cookies::Kept>,
    secret: Arc<str>,
    key: [u8; 32],
}

/// What the rows say about a session's owner.
struct Loaded {
    session: Session,
    access: Access,
    user: Person,
    agency: House,
    zone: Zone,
    roles: Vec<&'static str>,
}

fn load(tx: &mut Tx<'_>, hash: &sessions::SecretHash) -> Result<Option<Loaded>> {
    let Some((session, user, roles)) = store::signed_in(tx, hash)? else { return Ok(None) };
    let Some(agency) = store::agency(tx, session.agency_id)?.filter(|_| user.active) else {
        return Ok(None);
    };
    let access = account::access_by(tx, agency.id, &user, &roles)?;
    let mut roles: Vec<_> = match user.must_change_password {
        true => Vec::new(),
        false => roles.iter().map(|grant| grant.role.key()).collect(),
    };
    roles.dedup();
    Ok(Some(Loaded {
        session,
        access,
        zone: agency.zone,
        agency: House { id: agency.id, name: agency.name, short_name: agency.short_name },
        user: Person {
            id: user.id,
            name: user.name,
            title: user.title,
            email: user.email,
            has_totp: user.has_totp,
            must_change_password: user.must_change_password,
        },
        roles,
    }))
}

impl FromRequestParts<Ctx> for Staff {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Response> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let told = |error: Error| Failed(error).into_response();
        let Some(secret) = cookie(&parts.headers, cookies::SESSION).map(Arc::<str>::from) else {
            return Err(ask_to_sign_in(parts));
        };
        let hash = sessions::hash(&secret);
        let Some(loaded) = ctx.db.read_one(move |tx| load(tx, &hash)).await.map_err(told)? else {
            return Err(ask_to_sign_in(parts));
        };
        if loaded.user.must_change_password && !FORCED.contains(&parts.uri.path()) {
            return Err(ask_for_a_password(parts));
        }
        if loaded.session.is_stale(ctx.now()) {
            let session = loaded.session.clone();
            // A full disk must not keep anybody from reading.
            if let Err(error) = ctx.db.write(move |tx| sessions::note_use(tx, &session)).await {
                tracing::warn!(%error, "the use of a session could not be noted");
            }
        }
        let staff = Self::new(parts, ctx, secret, loaded).map_err(told)?;
        parts.extensions.insert(staff.clone());
        Ok(staff)
    }
}

/// Where somebody chooses the password of their own that they owe.
pub(crate) const CHOOSE_PASSWORD: &str = "/akun/sandi";
/// All that a session with a temporary password reaches.
const FORCED: [&str; 2] = [CHOOSE_PASSWORD, "/keluar"];

fn is_page(parts: &Parts) -> bool {
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// A browser is sent to the page of the new password, from where it goes on; a script is told 403.
fn ask_for_a_password(parts: &Parts) -> Response {
    if !is_page(parts) {
        return StatusCode::FORBIDDEN.into_response();
    }
    // One's own account is where those go who have nowhere to work yet: no place to come back to.
    if parts.method != Method::GET || parts.uri.path() == "/akun" {
        return respond::see_other(CHOOSE_PASSWORD);
    }
    let onwards = super::signed::encode(&path_of(parts));
    respond::see_other(&format!("{CHOOSE_PASSWORD}?kembali={onwards}"))
}

/// A browser is sent to the sign-in page and back; a script is told 401.
fn ask_to_sign_in(parts: &Parts) -> Response {
    if !is_page(parts) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if parts.method != Method::GET {
        return respond::see_other("/masuk");
    }
    let back = super::signed::encode(&path_of(parts));
    respond::see_other(&format!("/masuk?kembali={back}"))
}

impl Staff {
    fn new(parts: &Parts, ctx: &Ctx, secret: Arc<str>, loaded: Loaded) -> Result<Self> {
        let Loaded { session, access, user, agency, zone, roles } = loaded;
        let mut prefs = Prefs::from_headers(&parts.headers);
        if !chose_locale(&parts.headers) {
            prefs.locale = access.locale;
        }
        let key = ctx.secrets.key("csrf");
        Ok(Self {
            access: account::in_locale(access, prefs.locale),
            user,
            agency,
            zone,
            prefs,
            csrf: csrf::mint(&key, &secret, random()?),
            path: path_of(parts),
            session,
            roles: roles.into(),
            kept: parts.extensions.get().cloned(),
            secret,
            key,
        })
    }

    /// The language and zone they are shown.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { locale: self.prefs.locale, zone: self.zone }
    }

    /// The class of people who see what they see.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer::of(&self.access, self.zone)
    }

    /// A page for them with a title from the catalogue.
    #[must_use]
    pub fn page(&self, _ctx: &Ctx, title_key: &str) -> Page {
        let title = self.text().t(title_key).into_owned();
        self.page_titled(title)
    }

    /// A page for them with a title that is data.
    #[must_use]
    pub fn page_titled(&self, title: impl Into<String>) -> Page {
        let text = self.text();
        let mut page = Page::new(text, title);
        let role = if self.user.title.is_empty() {
            let names: Vec<_> = self.roles.iter().map(|key| text.t(key)).collect();
            names.join(", ")
        } else {
            self.user.title.clone()
        };
        page.theme = self.prefs.theme;
        page.user = Some(User::new(&self.user.name, role));
        page.agency.clone_from(&self.agency.short_name);
        page.csrf.clone_from(&self.csrf);
        page.path.clone_from(&self.path);
        page.nav = nav(&self.access, &self.path);
        page.flash = self.kept.as_ref().and_then(|kept| kept.flash(text.locale));
        if !self.user.must_change_password {
            page.stream = "/arus".to_owned();
            page.palette = "/perintah".to_owned();
            if self.access.can_somewhere(Permission::RouteWork) {
                page.duty = "/kehadiran".to_owned();
            }
        }
        page
    }

    /// Refuses a form that was not served to this session.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the field `csrf`.
    pub fn check_csrf(&self, token: &str) -> Result<()> {
        if csrf::verify(&self.key, &self.secret, token) {
            Ok(())
        } else {
            Err(Refusal::field("csrf", "ui-invalid-csrf").into())
        }
    }
}

fn chose_locale(headers: &HeaderMap) -> bool {
    cookie(headers, "locale").and_then(Locale::parse).is_some()
}

/// Where somebody may go.
fn nav(access: &Access, path: &str) -> Vec<NavItem> {
    let own_units = access.can_somewhere(Permission::CaseFollowUp);
    let agency_wide = |permission| access.can(permission, None);
    let places = [
        (agency_wide(Permission::CaseRead), NavItem::new("org-nav-desk", "/meja", "inbox")),
        (
            agency_wide(Permission::TalkRead),
            NavItem::new("org-nav-talks", "/percakapan", "message"),
        ),
        (own_units, NavItem::new("org-nav-unit", "/unit", "building")),
        (
            access.can_somewhere(Permission::BoardRead),
            NavItem::new("org-nav-board", "/penyelia", "chart"),
        ),
        (
            agency_wide(Permission::OrgManage) || agency_wide(Permission::OrgRead),
            NavItem::new("org-nav-settings", "/pengaturan", "settings"),
        ),
        (
            agency_wide(Permission::AgenciesManage) && !agency_wide(Permission::OrgRead),
            NavItem::new("org-settings-agencies", "/pengaturan/naungan", "home"),
        ),
        (
            agency_wide(Permission::RouteSupervise) || agency_wide(Permission::OrgManage),
            NavItem::new("org-nav-queues", "/antrean", "users"),
        ),
        (agency_wide(Permission::AuditRead), NavItem::new("org-nav-audit", "/audit", "history")),
    ];
    let path = path.split('?').next().unwrap_or_default();
    let offered = places.into_iter().filter(|(may, _)| *may);
    offered
        .map(|(_, mut item)| {
            let inside = path.strip_prefix(&item.href);
            item.active = inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            item
        })
        .collect()
}

/// Where somebody begins their work.
#[must_use]
pub fn home_of(access: &Access) -> String {
    nav(access, "").first().map_or_else(|| "/akun".to_owned(), |item| item.href.clone())
}

/// How often a session is looked at again while somebody listens to a stream.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Ends when the session does, or when what its owner may see or do changes: the `until` of a
/// stream. Who listens then asks again, by the rights of then.
pub fn until_session_ends(ctx: &Ctx, staff: &Staff) -> impl Future<Output = ()> + Send + 'static {
    let (db, hash, user) = (ctx.db.clone(), staff.session.hash, staff.user.id);
    let ends = staff.session.created_at.plus(sessions::AGE_MAX);
    let (access, zone) = (staff.access.clone(), staff.zone);
    let mut events = db.subscribe();
    async move {
        loop {
            let concerned = tokio::select! {
                heard = events.recv() => match heard {
                    Ok(event) => match event.subject_kind.as_str() {
                        "user" => event.subject_id == user.0,
                        "unit" | "agency" => event.agency_id == access.agency_id,
                        _ => false,
                    },
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => true,
                },
                () = tokio::time::sleep(LOOK_EVERY) => true,
            };
            if !concerned {
                continue;
            }
            let now: Timestamp = db.now();
            let is_same = |loaded: &Loaded| {
                loaded.access.grants == access.grants
                    && loaded.access.member_of == access.member_of
                    && loaded.zone == zone
            };
            match db.read(move |tx| load(tx, &hash)).await {
                Ok(Some(loaded)) if now < ends && is_same(&loaded) => {}
                // A database that cannot be reached for a moment ends no stream.
                Err(Error::Fault(_)) => {}
                _ => return,
            }
        }
    }
}
