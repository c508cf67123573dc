//! How each channel stands, and the messages that did not go out: sent again one by one or all
//! that are shown; of those of which nobody knows, a person decides.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use tanggap_conversations::SendState;
use tanggap_conversations::outbound::office::{self, COUNTED_MAX, Standing, Wanted};
use tanggap_conversations::outbound::rules::ChannelRules;
use tanggap_conversations::outbound::suppressions::Reason;
use tanggap_conversations::outbound::{Outbound, OutboundId, settings};
use tanggap_kernel::Permission;
use tanggap_org::door::{SignedFields, Staff, encode, flash};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Tone, respond};

use super::{HOME, channels};
use crate::words;

const SHOWN: i64 = 50;
/// The most that are decided about at once: those of one page.
const DECIDED_MAX: usize = 50;
/// The states in which a message is found here, the most troubling first.
const STATES: [SendState; 5] = [
    SendState::Failed,
    SendState::Unsure,
    SendState::Suppressed,
    SendState::Waiting,
    SendState::Sending,
];

#[derive(Template)]
#[template(path = "sending.html")]
struct QueuePage {
    page: Page,
    lanes: Vec<Lane>,
    form: FormState,
    channels: Vec<Choice>,
    states: Vec<Choice>,
    rows: Vec<Row>,
    may_resend: bool,
    may_settle: bool,
    manages: bool,
    next: Option<String>,
}

struct Lane {
    name: String,
    standing: Standing,
    pace: String,
}

struct Row {
    id: OutboundId,
    recipient: String,
    subject: String,
    why: String,
    foreign: bool,
    row: Outbound,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    saluran: String,
    keadaan: String,
    cari: String,
    sebelum: String,
}

impl QueuePage {
    /// A figure, which says so where counting ended early.
    fn counted(&self, figure: &i64) -> String {
        if *figure < COUNTED_MAX {
            return self.page.number(*figure);
        }
        self.page.t1("sending-many", "n", *figure).into_owned()
    }

    fn link(&self, lane: &Lane, state: &str) -> String {
        format!("{HOME}?saluran={}&keadaan={state}#pesan", encode(&lane.standing.channel))
    }
}

pub(super) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Answer {
    staff.access.require(Permission::JobsManage, None)?;
    let access = staff.access.clone();
    let state = SendState::parse(&asked.keadaan).filter(|state| STATES.contains(state));
    let channel = if asked.saluran.is_empty() { "email".into() } else { asked.saluran.clone() };
    let wanted = Wanted {
        channel,
        state: state.unwrap_or(SendState::Failed),
        words: asked.cari.clone(),
        before: OutboundId::parse(&asked.sebelum),
        limit: SHOWN + 1,
    };
    let of_read = wanted.clone();
    let (standings, rules, rows) = ctx
        .db
        .read(move |tx| {
            let standings = office::standings(tx, &access)?;
            let rules = settings::all(tx, &access)?;
            Ok((standings, rules, office::list(tx, &access, &of_read)?))
        })
        .await?;
    let page = staff.page(&ctx, "org-settings-sending");
    let lane = |standing: Standing| Lane {
        name: words::channel(page.text, &standing.channel),
        pace: rules.get(&standing.channel).map_or_else(String::new, |(r, _)| pace(&page, r)),
        standing,
    };
    let lanes: Vec<Lane> = standings.into_iter().map(lane).collect();
    Ok(respond::html(page_of(&staff, page, lanes, &wanted, rows)))
}

fn page_of(
    staff: &Staff,
    page: Page,
    lanes: Vec<Lane>,
    wanted: &Wanted,
    mut rows: Vec<Outbound>,
) -> QueuePage {
    let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let (channel, state) = (wanted.channel.as_str(), wanted.state);
    let next = rows.last().filter(|_| more).map(|last| {
        let words = encode(&wanted.words);
        let state = state.as_str();
        format!(
            "{HOME}?saluran={}&keadaan={state}&cari={words}&sebelum={}#pesan",
            encode(channel),
            last.id
        )
    });
    let known = lanes.iter().map(|lane| lane.standing.channel.clone());
    QueuePage {
        form: FormState::new(staff.prefs.locale)
            .with("saluran", channel)
            .with("keadaan", state.as_str())
            .with("cari", &wanted.words),
        channels: channels(page.text, known),
        states: STATES
            .into_iter()
            .map(|s| Choice::new(s.as_str(), page.t(format!("sending-state-{}", s.as_str()))))
            .collect(),
        rows: rows.into_iter().map(|row| row_of(&page, row)).collect(),
        may_resend: matches!(state, SendState::Failed | SendState::Unsure | SendState::Suppressed),
        may_settle: state == SendState::Unsure,
        manages: staff.access.can(Permission::ChannelsManage, None),
        page,
        lanes,
        next,
    }
}

/// Who it is for is shown in part: this page is about machines, not about people.
fn row_of(page: &Page, row: Outbound) -> Row {
    let told = row.error.clone().unwrap_or_default();
    let reason = Reason::parse(&told).filter(|_| row.state == SendState::Suppressed);
    let why = match reason {
        Some(reason) => page.t(format!("sending-reason-{}", reason.as_str())).into_owned(),
        None => told,
    };
    Row {
        id: row.id,
        recipient: masked(&row.recipient),
        subject: row.subject.clone(),
        foreign: reason.is_none(),
        why,
        row,
    }
}

/// An address with its middle hidden.
pub(super) fn masked(address: &str) -> String {
    let (local, host) = match address.split_once('@') {
        Some((local, host)) => (local, format!("@{host}")),
        None => (address, String::new()),
    };
    let count = local.chars().count();
    let (head, tail) = match host.is_empty() {
        true => (3, 3),
        false => (1, 1),
    };
    if count <= head + tail {
        return format!("•••{host}");
    }
    let first: String = local.chars().take(head).collect();
    let last: String = local.chars().skip(count - tail).collect();
    format!("{first}•••{last}{host}")
}

/// How quickly a channel may send, in words.
pub(super) fn pace(page: &Page, rules: &ChannelRules) -> String {
    let told = [("sending-per-second", rules.per_second), ("sending-per-minute", rules.per_minute)];
    let words = told.into_iter().filter_map(|(key, n)| n.map(|n| page.t1(key, "n", n)));
    words.collect::<Vec<_>>().join(", ")
}

pub(super) async fn decide(
    State(ctx): State<Ctx>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let access = staff.access.clone();
    let ids: Vec<OutboundId> =
        fields.all("id").filter_map(OutboundId::parse).take(DECIDED_MAX).collect();
    let settle = fields.get("langkah") == "terkirim";
    let count = ctx
        .db
        .write(move |tx| match settle {
            true => office::take_as_sent(tx, &access, &ids),
            false => office::resend(tx, &access, &ids),
        })
        .await?;
    let key = match (count, settle) {
        (0, _) => "sending-flash-nothing",
        (_, true) => "sending-flash-taken",
        (_, false) => "sending-flash-again",
    };
    Ok(back(&ctx, fields.get("saluran"), fields.get("keadaan"), key))
}

fn back(ctx: &Ctx, channel: &str, state: &str, key: &str) -> Response {
    let path = format!("{HOME}?saluran={}&keadaan={}", encode(channel), encode(state));
    flash(&ctx.site, &path, key)
}

impl Row {
    fn tone(&self) -> Tone {
        match self.row.state {
            SendState::Failed => Tone::Bad,
            SendState::Unsure | SendState::Suppressed => Tone::Warn,
            _ => Tone::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn addresses_are_shown_in_part() {
        assert_eq!(masked("budi.santoso@contoh.id"), "b•••o@contoh.id");
        assert_eq!(masked("ab@contoh.id"), "•••@contoh.id");
        assert_eq!(masked("+6281234567890"), "+62•••890");
        assert_eq!(masked("12345"), "•••");
    }
}
