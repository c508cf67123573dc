//! The addresses that are not written to: looking for one, adding one, writing to one again.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tanggap_conversations::outbound::suppressions::{self, Suppression};
use tanggap_kernel::{Error, Permission, Refusal};
use tanggap_org::door::{SignedFields, Staff, encode, flash};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::channels;

const HOME: &str = "/pengaturan/kiriman/alamat";
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "sending_stops.html")]
struct StopsPage {
    page: Page,
    search: FormState,
    form: FormState,
    channels: Vec<Choice>,
    channel: String,
    rows: Vec<Suppression>,
    next: Option<String>,
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    saluran: String,
    cari: String,
    sesudah: String,
}

pub(super) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Answer {
    let form = FormState::new(staff.prefs.locale);
    page(&ctx, &staff, asked, form, StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    mut asked: Asked,
    form: FormState,
    status: StatusCode,
) -> Answer {
    staff.access.require(Permission::ChannelsManage, None)?;
    if asked.saluran.is_empty() {
        asked.saluran = "email".into();
    }
    let (access, of_read) = (staff.access.clone(), asked.clone());
    let mut rows = ctx
        .db
        .read(move |tx| {
            let Asked { saluran, cari, sesudah } = &of_read;
            Ok(suppressions::list(tx, &access, saluran, cari, sesudah, SHOWN + 1)?)
        })
        .await?;
    let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let next = rows.last().filter(|_| more).map(|last| {
        let (channel, words) = (encode(&asked.saluran), encode(&asked.cari));
        format!("{HOME}?saluran={channel}&cari={words}&sesudah={}", encode(&last.address))
    });
    let page = staff.page(ctx, "sending-stops");
    let template = StopsPage {
        search: FormState::new(staff.prefs.locale)
            .with("saluran", &asked.saluran)
            .with("cari", &asked.cari),
        channels: channels(page.text, std::iter::empty()),
        channel: asked.saluran,
        page,
        form,
        rows,
        next,
    };
    Ok(respond::html_status(status, template))
}

pub(super) async fn change(
    State(ctx): State<Ctx>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let access = staff.access.clone();
    let channel = fields.get("channel").to_owned();
    let address = fields.get("address").to_owned();
    let home = format!("{HOME}?saluran={}", encode(&channel));
    if fields.get("langkah") == "lepas" {
        ctx.db.write(move |tx| suppressions::lift(tx, &access, &channel, &address)).await?;
        return Ok(flash(&ctx.site, &home, "sending-flash-lifted"));
    }
    let detail = fields.get("detail").to_owned();
    let of_form = channel.clone();
    let added = ctx
        .db
        .write(move |tx| suppressions::add_by_staff(tx, &access, &channel, &address, &detail));
    match added.await {
        Ok(()) => Ok(flash(&ctx.site, &home, "sending-flash-added")),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let labels = [("address", "sending-address"), ("detail", "sending-remark")];
            let form = fields.refused(staff.prefs.locale, errors).labelled(&labels);
            let asked = Asked { saluran: of_form, ..Asked::default() };
            page(&ctx, &staff, asked, form, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error.into()),
    }
}
