//! The cookies of the doors: `sesi` (a session's secret), `pra` (a visitor's, before sign-in) and
//! `kabar` (what was just done, told once).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tanggap_kernel::Locale;
use tanggap_ui::ctx::{Ctx, Site};
use tanggap_ui::prefs::cookie;
use tanggap_ui::{Flash, Tone, i18n, respond};

/// The session's cookie.
pub(super) const SESSION: &str = "sesi";
/// A visitor's cookie.
pub(super) const VISITOR: &str = "pra";
/// What was just done.
const FLASH: &str = "kabar";

/// Between what was done and what takes it back.
const UNDO: char = '~';

/// What no page told by then is old.
const FLASH_S: u32 = 5;

fn set(response: &mut Response, site: &Site, name: &str, value: &str, age_s: Option<u32>) {
    let secure = if site.secure_cookies { "; Secure" } else { "" };
    let age = age_s.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Gives the browser a session's secret.
#[must_use]
pub fn session_cookie(mut response: Response, site: &Site, secret: &str) -> Response {
    let age_s = u32::try_from(crate::sessions::AGE_MAX / 1_000_000).unwrap_or(u32::MAX);
    set(&mut response, site, SESSION, secret, Some(age_s));
    response
}

/// Takes the session's secret away.
#[must_use]
pub fn without_session(mut response: Response, site: &Site) -> Response {
    set(&mut response, site, SESSION, "", Some(0));
    response
}

pub(super) fn visitor_cookie(mut response: Response, site: &Site, secret: &str) -> Response {
    set(&mut response, site, VISITOR, secret, None);
    response
}

/// 303 to a place of ours whose page tells once what was done; `key` is a text whose name has
/// `-flash-` in it.
#[must_use]
pub fn flash(site: &Site, path: &str, key: &str) -> Response {
    let mut response = respond::see_other(path);
    set(&mut response, site, FLASH, key, Some(FLASH_S));
    response
}

/// The same with what takes it back, in words that the page at `path` knows: letters, figures and
/// dots.
#[must_use]
pub fn flash_undoable(site: &Site, path: &str, key: &str, undo: &str) -> Response {
    flash(site, path, &format!("{key}{UNDO}{undo}"))
}

/// What the cookie `kabar` of a request says, and whether the page that answers it has told it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    key: String,
    told: Arc<AtomicBool>,
}

impl Kept {
    /// Texts of other kinds are not told, whoever wrote the cookie.
    pub(super) fn flash(&self, locale: Locale) -> Option<Flash> {
        if !self.key.contains("-flash-") {
            return None;
        }
        let (key, undo) = self.key.split_once(UNDO).unwrap_or((&self.key, ""));
        let text = i18n::t_opt(locale, key)?.into_owned();
        let tone = if key.ends_with("-gone") { Tone::Warn } else { Tone::Good };
        Some(Flash::new(tone, text, self.told.clone()).undone_by(undo))
    }
}

/// Takes the cookie away from whoever was told, so that the next page does not tell it again.
pub async fn tell_once(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let Some(key) = cookie(request.headers(), FLASH).map(str::to_owned) else {
        return next.run(request).await;
    };
    let told = Arc::<AtomicBool>::default();
    request.extensions_mut().insert(Kept { key, told: told.clone() });
    let mut response = next.run(request).await;
    if told.load(Ordering::Relaxed) {
        set(&mut response, &ctx.site, FLASH, "", Some(0));
    }
    response
}
