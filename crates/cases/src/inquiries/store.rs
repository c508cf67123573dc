//! Who outside was asked about which case, as rows.

use tanggap_conversations::{InteractionId, OutboundId};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Fault, Refusal, Result, Timestamp, id, params};
use tanggap_store::{Row, Tx, sql};

use crate::model::{Case, CaseId};
use crate::queries;

id!(
    /// Somebody outside who is asked about a case.
    InquiryId
);

/// The most inquiries of a case that are shown.
const OF_CASE_MAX: i64 = 100;
/// The most inquiries of each standing that a list shows.
pub const LISTED_MAX: i64 = 100;

/// The columns of [`Inquiry`], in order.
macro_rules! columns {
    ($of:literal) => {
        concat!(
            "select i.id, i.case_id, i.interaction_id, i.name, i.address, i.asked_by, i.begun_at,
            i.state, i.state_at, i.heard, i.news from inquiries i ",
            $of
        )
    };
}

sql! {
    INSERT = "insert into inquiries (agency_id, id, case_id, interaction_id, name, address,
        asked_by, begun_at, state, state_at, heard, news)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    GET = columns!("where i.agency_id = $1 and i.id = $2");
    BY_EXCHANGE = columns!("where i.agency_id = $1 and i.interaction_id = $2");
    BY_OUTBOUND = columns!(
        "join messages m on m.agency_id = i.agency_id and m.interaction_id = i.interaction_id
        join outbound o on o.agency_id = m.agency_id and o.message_id = m.id
        where o.agency_id = $1 and o.id = $2"
    );
    OF_CASE = columns!("where i.agency_id = $1 and i.case_id = $2 order by i.id limit $3");
    NEWS = columns!("where i.agency_id = $1 and i.news order by i.state_at desc, i.id limit $2");
    WAITING = columns!(
        "where i.agency_id = $1 and i.state = 'waiting' and not i.news
        order by i.state_at, i.id limit $2"
    );
    NOTE = "update inquiries set state = $3, state_at = $4, heard = coalesce($5, heard), news = $6
        where agency_id = $1 and id = $2";
    READ = "update inquiries set news = false where agency_id = $1 and id = $2";
}

/// How an inquiry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No answer yet.
    Waiting,
    /// They wrote.
    Answered,
    /// Our letter came back.
    Bounced,
}

impl Standing {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Bounced => "bounced",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "answered" => Self::Answered,
            "bounced" => Self::Bounced,
            _ => Self::Waiting,
        }
    }
}

/// Somebody outside who was asked about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// Its id; signed, it is the address for answers.
    pub id: InquiryId,
    /// About which case.
    pub case_id: CaseId,
    /// The exchange that holds what is said.
    pub interaction: InteractionId,
    /// Who is asked.
    pub name: String,
    /// Their address, lower case.
    pub address: String,
    /// Who asked first.
    pub asked_by: UserId,
    /// When.
    pub begun_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// Since when.
    pub standing_at: Timestamp,
    /// Their newest letter, by its Message-ID.
    pub heard: Option<String>,
    /// Something came that nobody has called read.
    pub news: bool,
}

pub(super) fn insert(tx: &mut Tx<'_>, access: &Access, new: &Inquiry) -> Result<(), Fault> {
    let row = params![
        access.agency_id,
        new.id,
        new.case_id,
        new.interaction,
        &new.name,
        &new.address,
        new.asked_by,
        new.begun_at,
        new.standing.as_str(),
        new.standing_at,
        new.heard.as_deref(),
        new.news,
    ];
    tx.put(&INSERT, row)
}

/// One inquiry. Whether one may see its case is asked by whoever calls.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: InquiryId) -> Result<Inquiry> {
    Ok(tx.opt(&GET, params![access.agency_id, id], read)?.ok_or(Refusal::NotFound)?)
}

/// One inquiry of a case.
///
/// # Errors
/// [`Refusal::NotFound`] where it is another case's, or a fault.
pub fn of(tx: &mut Tx<'_>, access: &Access, case: CaseId, id: InquiryId) -> Result<Inquiry> {
    let found = get(tx, access, id)?;
    if found.case_id == case { Ok(found) } else { Err(Refusal::NotFound.into()) }
}

/// The inquiry whose exchange this is.
///
/// # Errors
/// A fault of the engine.
pub fn by_exchange(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
) -> Result<Option<Inquiry>, Fault> {
    tx.opt(&BY_EXCHANGE, params![access.agency_id, interaction], read)
}

/// The inquiry to which a message of the outbound ledger went.
///
/// # Errors
/// A fault of the engine.
pub fn by_outbound(
    tx: &mut Tx<'_>,
    access: &Access,
    row: OutboundId,
) -> Result<Option<Inquiry>, Fault> {
    tx.opt(&BY_OUTBOUND, params![access.agency_id, row], read)
}

/// The inquiries of a case, oldest first. Whether one may see the case is asked before.
///
/// # Errors
/// A fault of the engine.
pub fn of_case(tx: &mut Tx<'_>, access: &Access, case: CaseId) -> Result<Vec<Inquiry>, Fault> {
    tx.all(&OF_CASE, params![access.agency_id, case, OF_CASE_MAX], read)
}

/// An inquiry and its case.
pub type OfCase = (Inquiry, Case);

/// What came and nobody has called read, newest first, and what waits for an answer, the longest
/// first; of cases that one may see.
///
/// # Errors
/// A fault of the engine.
pub fn lists(tx: &mut Tx<'_>, access: &Access) -> Result<(Vec<OfCase>, Vec<OfCase>)> {
    let news = tx.all(&NEWS, params![access.agency_id, LISTED_MAX], read)?;
    let waiting = tx.all(&WAITING, params![access.agency_id, LISTED_MAX], read)?;
    Ok((visible(tx, access, news)?, visible(tx, access, waiting)?))
}

/// How many have news, of cases that one may see; counted up to [`LISTED_MAX`].
///
/// # Errors
/// A fault of the engine.
pub fn news(tx: &mut Tx<'_>, access: &Access) -> Result<i64> {
    let news = tx.all(&NEWS, params![access.agency_id, LISTED_MAX], read)?;
    Ok(i64::try_from(visible(tx, access, news)?.len()).unwrap_or(LISTED_MAX))
}

fn visible(tx: &mut Tx<'_>, access: &Access, found: Vec<Inquiry>) -> Result<Vec<OfCase>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = found.iter().map(|one| one.case_id.0).collect();
    let cases = queries::of_ids(tx, access, &ids)?;
    let of = |one: Inquiry| {
        let case = cases.iter().find(|case| case.id == one.case_id)?.clone();
        Some((one, case))
    };
    Ok(found.into_iter().filter_map(of).collect())
}

pub(super) fn note(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InquiryId,
    standing: Standing,
    heard: Option<&str>,
    news: bool,
) -> Result<(), Fault> {
    let now = tx.now();
    tx.put(&NOTE, params![access.agency_id, id, standing.as_str(), now, heard, news])
}

pub(super) fn set_read(tx: &mut Tx<'_>, access: &Access, id: InquiryId) -> Result<(), Fault> {
    tx.put(&READ, params![access.agency_id, id])
}

fn read(row: &mut Row<'_>) -> Result<Inquiry, Fault> {
    Ok(Inquiry {
        id: row.int()?,
        case_id: row.int()?,
        interaction: row.int()?,
        name: row.text()?,
        address: row.text()?,
        asked_by: row.int()?,
        begun_at: row.int()?,
        standing: Standing::parse(&row.text()?),
        standing_at: row.int()?,
        heard: row.opt_text()?,
        news: row.bool()?,
    })
}
