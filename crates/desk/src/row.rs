//! One line of a list, the same on the page and in the stream: it holds nothing of who looks.

use std::collections::HashMap;

use askama::Template;
use tanggap_cases::model::Case;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Result, Timestamp};
use tanggap_org::Unit;
use tanggap_store::Tx;
use tanggap_ui::Text;
use tanggap_ui::parts::{Health, Tone, initials};

use crate::{queue, words};

/// A case as a line.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: String,
    pub code: String,
    pub subject: String,
    pub kind: String,
    pub status: &'static str,
    pub unit: String,
    pub channel: String,
    pub owner: Option<(String, String)>,
    pub received_at: Timestamp,
    pub due: Option<(Timestamp, Health)>,
    pub awaiting: bool,
    pub escalated: bool,
    pub secret: bool,
    pub unproven: bool,
    pub sort: String,
    pub queues: String,
}

impl Row {
    pub(crate) fn new(
        text: Text,
        case: &Case,
        units: &[Unit],
        owner: Option<&String>,
        now: Timestamp,
    ) -> Self {
        let at = match (case.closed_at, &case.due) {
            // Ended cases come the last ended first.
            (Some(closed), _) => i64::MAX - closed.as_micros(),
            (None, Some(due)) => due.at.as_micros(),
            (None, None) => i64::MAX,
        };
        Self {
            id: case.id.to_string(),
            code: case.code.clone(),
            subject: case.subject.clone(),
            kind: words::kind(text, case.kind),
            status: case.status.as_str(),
            unit: words::unit(text, units, case.unit_id),
            channel: words::channel(text, &case.channel),
            owner: owner.map(|name| (initials(name), name.clone())),
            received_at: case.received_at,
            due: words::health(case, now),
            awaiting: case.awaiting,
            escalated: case.escalation > 0,
            secret: case.anonymous || case.confidential,
            unproven: case.unproven,
            sort: format!("{at:020}{}", case.id),
            queues: queue::words(case, now),
        }
    }
}

/// The lines of many cases, with the names of their owners.
pub(crate) fn rows(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    cases: &[Case],
    units: &[Unit],
) -> Result<Vec<Row>> {
    let mut owners: Vec<UserId> = cases.iter().filter_map(|case| case.owner_id).collect();
    owners.sort_unstable();
    owners.dedup();
    let names: HashMap<UserId, String> = tanggap_org::names(tx, access, &owners)?;
    let now = tx.now();
    let row = |case: &Case| {
        let owner = case.owner_id.and_then(|id| names.get(&id));
        Row::new(text, case, units, owner, now)
    };
    Ok(cases.iter().map(row).collect())
}

/// A line by itself, as it goes into the stream.
#[derive(Template)]
#[template(path = "row_stream.html")]
pub(crate) struct RowStream {
    pub page: Text,
    pub row: Row,
}

impl RowStream {
    /// The line as a change of every list that holds it.
    pub(crate) fn html(self) -> String {
        // The template takes no user's part that could make it fail.
        self.render().unwrap_or_default()
    }
}

/// A figure as a change of whatever shows it: beside the queue and above its list.
pub(crate) fn count_stream(text: Text, word: &str, count: i64) -> String {
    let (id, count) = (count_id(word), text.number(count));
    let update = |id: &str| {
        format!(
            "<turbo-stream action=\"update\" target=\"{id}\"><template>{count}</template>\
             </turbo-stream>"
        )
    };
    format!("{}{}", update(&id), update(&title_id(&id)))
}

/// The id of the figure above a list, from that beside its queue.
pub(crate) fn title_id(id: &str) -> String {
    format!("{id}-judul")
}

/// The id of the element that shows how many a queue holds.
pub(crate) fn count_id(word: &str) -> String {
    format!("hitung-{}", word.replace([':', '/'], "-"))
}

/// The tone of what waits.
pub(crate) const WAIT: Tone = Tone::Wait;
/// The tone of what is wrong.
pub(crate) const BAD: Tone = Tone::Bad;
