//! `/antrean/papan`: the links for screens on walls. `/papan`: what such a screen shows.
//!
//! A link is opened once; the browser keeps its secret in a cookie, so that it stands in no address
//! that a screen shows and outlives a restart of screen and node.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use tanggap_kernel::{Access, Error, Fault, Refusal, Result, Timestamp};
use tanggap_org::door::{SignedFields, Staff, flash};
use tanggap_org::sessions;
use tanggap_routing::walls::{self, NewWall, Wall, WallId};
use tanggap_ui::ctx::random;
use tanggap_ui::live::Viewer;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, prefs, respond};
use tokio::sync::broadcast::error::RecvError;

use super::live::{Boards, build};
use super::look;
use super::state::{self, Audience, Moment};
use crate::view::zone_of;

const HOME: &str = "/antrean/papan";
/// Where the secret of a screen is kept.
const COOKIE: &str = "papan";
/// How long a link opens: in days, with the key of its words.
const DAYS: [(i64, &str); 3] = [(30, "desk-wall-30"), (90, "desk-wall-90"), (365, "desk-wall-365")];
/// So often a screen's link is looked at while it is open.
const LOOK_EVERY: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(list).post(change))
        .route("/papan", get(show))
        .route("/papan/alir", get(listen))
        .route("/papan/buka/{secret}", get(open))
}

/// One link.
struct Link {
    wall: Wall,
    is_over: bool,
}

#[derive(Template)]
#[template(path = "walls.html")]
struct WallsPage {
    page: Page,
    form: FormState,
    days: Vec<Choice>,
    themes: Vec<Choice>,
    links: Vec<Link>,
    /// The link that was made just now, shown once.
    made: String,
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let form = FormState::new(staff.prefs.locale).with("theme", "system").with("days", 90);
    page(&ctx, &staff, form, String::new(), StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    form: FormState,
    made: String,
    status: StatusCode,
) -> Answer {
    look(staff)?;
    let access = staff.access.clone();
    let (links, now) = ctx.db.read(move |tx| Ok((walls::list(tx, &access)?, tx.now()))).await?;
    let page = staff.page(ctx, "desk-walls");
    let theme = |word: &str| Choice::new(word, page.t(format!("ui-theme-{word}")));
    let days = |(days, key): (i64, &str)| Choice::new(days.to_string(), page.t(key));
    let is_over = |wall: &Wall| wall.revoked_at.is_some() || wall.expires_at <= now;
    let template = WallsPage {
        days: DAYS.into_iter().map(days).collect(),
        themes: walls::THEMES.map(theme).into(),
        links: links.into_iter().map(|wall| Link { is_over: is_over(&wall), wall }).collect(),
        page,
        form,
        made,
    };
    Ok(respond::html_status(status, template))
}

async fn change(
    State(ctx): State<Ctx>,
    headers: HeaderMap,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    look(&staff)?;
    let access = staff.access.clone();
    if fields.get("action") == "revoke" {
        let id = WallId::parse(fields.get("id")).ok_or(Refusal::NotFound)?;
        ctx.db.write(move |tx| walls::revoke(tx, &access, id)).await?;
        return Ok(flash(&ctx.site, HOME, "desk-flash-wall-revoked"));
    }
    let secret = sessions::secret(random()?);
    let new = NewWall {
        name: fields.get("name").to_owned(),
        token_hash: sessions::hash(&secret),
        locale: staff.prefs.locale,
        theme: fields.get("theme").to_owned(),
        days: fields.get("days").parse().unwrap_or(0),
    };
    match ctx.db.write(move |tx| walls::create(tx, &access, &new)).await {
        Ok(_) => {
            let form = FormState::new(staff.prefs.locale).with("theme", "system").with("days", 90);
            let made = format!("{}/papan/buka/{secret}", origin(&ctx, &headers));
            page(&ctx, &staff, form, made, StatusCode::OK).await
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            page(&ctx, &staff, form, String::new(), status).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Where people reach this installation: as it is set, else as this browser asked.
fn origin(ctx: &Ctx, headers: &HeaderMap) -> String {
    if !ctx.site.base_url.is_empty() {
        return ctx.site.base_url.clone();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if ctx.site.secure_cookies { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// `GET /papan/buka/{secret}`: what is opened on the screen, once.
async fn open(State(ctx): State<Ctx>, Path(secret): Path<String>, headers: HeaderMap) -> Answer {
    let Some(wall) = wall_of(&ctx, &secret).await? else { return Ok(gone(&headers)) };
    let age_s = (wall.expires_at.as_micros() - ctx.now().as_micros()) / Timestamp::SECOND;
    let secure = if ctx.site.secure_cookies { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={secret}; Path=/papan; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}");
    let mut response = respond::see_other("/papan");
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Fault::new("cookie"))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn wall_of(ctx: &Ctx, secret: &str) -> Result<Option<Wall>> {
    let hash = sessions::hash(secret);
    ctx.db.read(move |tx| walls::find(tx, &hash)).await
}

async fn wall_in(ctx: &Ctx, headers: &HeaderMap) -> Result<Option<(Wall, String)>> {
    let Some(secret) = prefs::cookie(headers, COOKIE) else { return Ok(None) };
    Ok(wall_of(ctx, secret).await?.map(|wall| (wall, secret.to_owned())))
}

/// The link is none, or has ended: said on the screen, with the way to a new one.
fn gone(headers: &HeaderMap) -> Response {
    let prefs = prefs::Prefs::from_headers(headers);
    let text = Text { locale: prefs.locale, ..Text::default() };
    let mut page = Page::new(text, "");
    page.theme = prefs.theme;
    let detail = text.t("desk-wall-gone").into_owned();
    respond::problem_with(page, StatusCode::NOT_FOUND, detail)
}

#[derive(Template)]
#[template(path = "wall.html")]
struct WallPage {
    page: Page,
    name: String,
    build: &'static str,
    totals: String,
    lines: String,
    /// How many lines there are, in three steps: the more, the smaller.
    size: &'static str,
}

/// `GET /papan`.
async fn show(State(ctx): State<Ctx>, headers: HeaderMap) -> Answer {
    let Some((wall, _)) = wall_in(&ctx, &headers).await? else { return Ok(gone(&headers)) };
    let agency = wall.agency_id;
    let (now, known) = ctx
        .db
        .read(move |tx| {
            let access = Access::system(agency);
            let known = tanggap_org::agency(tx, agency)?.ok_or(Refusal::NotFound)?;
            Ok((Moment::read(tx, &access, known.zone)?, known))
        })
        .await?;
    let text = Text { locale: wall.locale, zone: known.zone };
    let mut page = Page::new(text, text.t("desk-wall"));
    page.theme = tanggap_ui::Theme::parse(&wall.theme);
    page.agency = known.name;
    let access = viewer(&wall, text).access();
    let shown = state::change(None, &now, (text, &access, Audience::Wall));
    let shown = shown.map_err(|e| Fault::new(format!("wall: {e}")))?;
    let size = match now.lines.iter().filter(|line| line.active).count() {
        0..=5 => "few",
        6..=9 => "some",
        _ => "many",
    };
    Ok(respond::html(WallPage {
        totals: shown.list("ringkasan", ""),
        lines: shown.list("antrean", ""),
        name: wall.name,
        build: build(),
        page,
        size,
    }))
}

/// Whoever passes by: no rights at all.
fn viewer(wall: &Wall, text: Text) -> Viewer {
    let nobody = Access::citizen(wall.agency_id, text.locale);
    Viewer::of(&nobody, text.zone)
}

/// `GET /papan/alir`.
async fn listen(
    State(ctx): State<Ctx>,
    Extension(boards): Extension<Boards>,
    headers: HeaderMap,
) -> Answer {
    let Some((wall, secret)) = wall_in(&ctx, &headers).await? else { return Ok(gone(&headers)) };
    let agency = wall.agency_id;
    let zone = ctx.db.read(move |tx| zone_of(tx, &Access::system(agency))).await?;
    let text = Text { locale: wall.locale, zone };
    let until = until_it_ends(&ctx, wall.id, secret);
    Ok(boards.listen(&ctx, viewer(&wall, text), Audience::Wall, until))
}

/// Comes to its end with the link.
fn until_it_ends(
    ctx: &Ctx,
    id: WallId,
    secret: String,
) -> impl Future<Output = ()> + Send + 'static {
    let db = ctx.db.clone();
    let mut events = db.subscribe();
    async move {
        let hash = sessions::hash(&secret);
        loop {
            tokio::select! {
                heard = events.recv() => match heard {
                    Ok(event) if event.subject_kind != "wall" || event.subject_id != id.0 => {
                        continue;
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            // A database that cannot be reached for a moment ends no stream.
            if let Ok(None) = db.read(move |tx| walls::find(tx, &hash)).await {
                return;
            }
        }
    }
}
