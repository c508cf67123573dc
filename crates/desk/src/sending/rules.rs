//! The rules of one channel: how quickly, when not, and what stands in for it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use tanggap_conversations::Priority;
use tanggap_conversations::outbound::rules::{ChannelRules, Fallback, Quiet};
use tanggap_conversations::outbound::settings::{self, FALLBACKS};
use tanggap_kernel::{Error, Invalid, Permission, Refusal, Result};
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::HOME;
use crate::words;

/// Characters of a channel's name.
const NAME_MAX: usize = 20;

#[derive(Template)]
#[template(path = "sending_rules.html")]
struct RulesPage {
    page: Page,
    form: FormState,
    binds: Vec<Choice>,
    fallbacks: Vec<Choice>,
    zone: &'static str,
}

pub(super) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(channel): Path<String>,
) -> Answer {
    staff.access.require(Permission::ChannelsManage, None)?;
    known(&channel)?;
    let (access, of_read) = (staff.access.clone(), channel.clone());
    let (rules, version) = ctx.db.read(move |tx| settings::of(tx, &access, &of_read)).await?;
    let form = filled(FormState::new(staff.prefs.locale), &rules, version);
    Ok(page(&ctx, &staff, &channel, form, StatusCode::OK))
}

/// A channel's name is a word in small letters; any other address is no page.
fn known(channel: &str) -> Result<()> {
    let plain = channel.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match plain && channel.len() <= NAME_MAX && !channel.is_empty() {
        true => Ok(()),
        false => Err(Refusal::NotFound.into()),
    }
}

fn filled(form: FormState, rules: &ChannelRules, version: i64) -> FormState {
    let number = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
    let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let quiet = rules.quiet.as_ref();
    let fallback = rules.fallback.as_ref();
    let bulk_only = quiet.is_some_and(|quiet| quiet.binds == Priority::Bulk);
    form.with("version", version)
        .with("per_second", number(rules.per_second))
        .with("per_minute", number(rules.per_minute))
        .with("quiet_from", quiet.map_or_else(String::new, |quiet| time(quiet.from)))
        .with("quiet_until", quiet.map_or_else(String::new, |quiet| time(quiet.until)))
        .with("quiet_binds", if bulk_only { "bulk" } else { "ordinary" })
        .with("fallback", fallback.map_or("", |fallback| fallback.channel.as_str()))
        .with("fallback_after", number(fallback.and_then(|fallback| fallback.after_minutes)))
}

fn page(
    ctx: &Ctx,
    staff: &Staff,
    channel: &str,
    form: FormState,
    status: StatusCode,
) -> axum::response::Response {
    let mut page = staff.page(ctx, "sending-rules");
    let name = words::channel(page.text, channel);
    page.title = page.t1("sending-rules-of", "channel", name).into_owned();
    let others = FALLBACKS.into_iter().filter(|other| *other != channel);
    let template = RulesPage {
        binds: vec![
            Choice::new("ordinary", page.t("sending-binds-ordinary")),
            Choice::new("bulk", page.t("sending-binds-bulk")),
        ],
        fallbacks: std::iter::once(Choice::new("", page.t("sending-no-fallback")))
            .chain(others.map(|other| Choice::new(other, words::channel(page.text, other))))
            .collect(),
        zone: staff.zone.label(),
        page,
        form,
    };
    respond::html_status(status, template)
}

pub(super) async fn change(
    State(ctx): State<Ctx>,
    Path(channel): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    staff.access.require(Permission::ChannelsManage, None)?;
    known(&channel)?;
    let done = match read(&fields) {
        Ok((version, rules)) => {
            let (access, channel) = (staff.access.clone(), channel.clone());
            ctx.db.write(move |tx| settings::put(tx, &access, &channel, version, &rules)).await
        }
        Err(refused) => Err(refused),
    };
    let (status, errors) = match done {
        Ok(()) => return Ok(flash(&ctx.site, HOME, "sending-flash-rules")),
        Err(Error::Refused(Refusal::Invalid(errors))) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Refused(Refusal::Stale)) => {
            (StatusCode::CONFLICT, vec![Invalid::new("per_second", "org-invalid-stale")])
        }
        Err(error) => return Err(error.into()),
    };
    let labels = [
        ("per_second", "sending-rate-second"),
        ("per_minute", "sending-rate-minute"),
        ("quiet_from", "sending-quiet-from"),
        ("quiet_until", "sending-quiet-until"),
        ("fallback", "sending-fallback"),
        ("fallback_after", "sending-fallback-after"),
    ];
    let form = fields.refused(staff.prefs.locale, errors).labelled(&labels);
    Ok(page(&ctx, &staff, &channel, form, status))
}

fn read(fields: &Fields) -> Result<(i64, ChannelRules)> {
    let mut wrong = Vec::new();
    let mut number = |name: &str| match fields.get(name) {
        "" => None,
        text => text.parse().map_err(|_| wrong.push(Invalid::new(name, "ui-invalid-number"))).ok(),
    };
    let version = number("version").unwrap_or(0);
    let (per_second, per_minute) = (number("per_second"), number("per_minute"));
    let after_minutes = number("fallback_after");
    let quiet = match (fields.get("quiet_from"), fields.get("quiet_until")) {
        ("", "") => None,
        (from, until) => {
            let mut time = |name: &str, text: &str| {
                let minute = minute_of(text);
                if minute.is_none() {
                    wrong.push(Invalid::new(name, "sending-invalid-time"));
                }
                minute.unwrap_or(0)
            };
            let (from, until) = (time("quiet_from", from), time("quiet_until", until));
            let binds = match fields.get("quiet_binds") {
                "bulk" => Priority::Bulk,
                _ => Priority::Ordinary,
            };
            Some(Quiet { from, until, binds })
        }
    };
    if !wrong.is_empty() {
        return Err(Refusal::Invalid(wrong).into());
    }
    let channel = fields.get("fallback");
    let fallback =
        (!channel.is_empty()).then(|| Fallback { channel: channel.to_owned(), after_minutes });
    Ok((version, ChannelRules { per_second, per_minute, quiet, fallback }))
}

/// `21:30` or `21.30` as the minute of the day.
fn minute_of(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once([':', '.'])?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::minute_of;

    #[test]
    fn times_are_read_as_people_and_browsers_write_them() {
        assert_eq!(minute_of("21:30"), Some(1290));
        assert_eq!(minute_of("07.05"), Some(425));
        assert_eq!(minute_of("00:00:00"), Some(0));
        for wrong in ["24:00", "7", "12:60", "a:b", "-1:00", ""] {
            assert_eq!(minute_of(wrong), None, "{wrong}");
        }
    }
}
