//! What providers told us, as it came. A provider is answered once the row is there; a job
//! understands it afterwards. What cannot be understood is set aside and shown, and the rest goes
//! on.

use tanggap_kernel::{Access, Event, Fault, Refusal, Result, Subject, Timestamp, id, params};
use tanggap_store::{Row, Tx, sql};

use crate::accounts::AccountId;

id!(
    /// One delivery of a provider.
    InboundId
);

/// The kind of job that understands one delivery; its key is the delivery's id.
pub const UNDERSTAND: &str = "inbound";

sql! {
    INSERT = "insert into inbound (agency_id, id, account_id, external_id, received_at, payload,
        raw, state) values ($1, $2, $3, $4, $5, $6, $7, 'waiting')
        on conflict (agency_id, account_id, external_id) do nothing";
    FIND = "select id, account_id, external_id, received_at, payload, raw, state, error
        from inbound where agency_id = $1 and id = $2";
    UNDONE = "select id, account_id, external_id, received_at, payload, raw, state, error
        from inbound where agency_id = $1 and state = $2 and state <> 'done' and id > $3
        order by id limit $4";
    JOIN = "update inbound set part_of = $3 where agency_id = $1 and id = $2
        and part_of is null";
    PARTS = "select id, account_id, external_id, received_at, payload, raw, state, error
        from inbound where agency_id = $1 and account_id = $2 and part_of = $3
        and state = 'waiting' order by id limit $4";
    RECORD = "update inbound set state = $3, error = $4 where agency_id = $1 and id = $2";
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundState {
    /// Kept, not yet understood.
    Waiting,
    /// Understood, and where it belongs.
    Done,
    /// Could not be understood; somebody has to look.
    Quarantined,
}

impl InboundState {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Quarantined => "quarantined",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "quarantined" => Self::Quarantined,
            _ => Self::Waiting,
        }
    }
}

/// One delivery of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Its id.
    pub id: InboundId,
    /// To which account.
    pub account_id: AccountId,
    /// The provider's id of it, or the hash of its bytes.
    pub external_id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Its bytes, where they are few.
    pub payload: Option<Vec<u8>>,
    /// The blob that holds them otherwise.
    pub raw: Option<String>,
    /// How far it is.
    pub state: InboundState,
    /// Why it could not be understood.
    pub error: Option<String>,
}

/// A delivery to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewInbound<'a> {
    /// To which account.
    pub account_id: AccountId,
    /// The provider's id of it, or the hash of its bytes: a second delivery is the same.
    pub external_id: &'a str,
    /// Its bytes, where they are few.
    pub payload: Option<&'a [u8]>,
    /// The blob that holds them otherwise.
    pub raw: Option<&'a str>,
}

/// Keeps a delivery and plans its understanding; `false`: it was here before.
///
/// # Errors
/// A fault of the engine.
pub fn keep(tx: &mut Tx<'_>, access: &Access, new: &NewInbound<'_>) -> Result<bool, Fault> {
    let (id, now): (InboundId, _) = (tx.id(), tx.now());
    let row =
        params![access.agency_id, id, new.account_id, new.external_id, now, new.payload, new.raw,];
    if tx.exec(&INSERT, row)? == 0 {
        return Ok(false);
    }
    tx.schedule(access.agency_id, UNDERSTAND, &id.to_string(), now, "{}")?;
    Ok(true)
}

/// Keeps a delivery that could not be understood, for somebody to look at; one that was here
/// before stays as it is.
///
/// # Errors
/// A fault of the engine.
pub fn set_aside(tx: &mut Tx<'_>, access: &Access, new: &NewInbound<'_>, why: &str) -> Result<()> {
    let (id, now): (InboundId, _) = (tx.id(), tx.now());
    let row =
        params![access.agency_id, id, new.account_id, new.external_id, now, new.payload, new.raw,];
    if tx.exec(&INSERT, row)? == 1 {
        record(tx, access, id, Some(why))?;
    }
    Ok(())
}

/// One delivery.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: InboundId) -> Result<Inbound> {
    Ok(tx.opt(&FIND, params![access.agency_id, id], read)?.ok_or(Refusal::NotFound)?)
}

/// Deliveries in a state other than done, after `after`.
///
/// # Errors
/// A fault of the engine.
pub fn undone(
    tx: &mut Tx<'_>,
    access: &Access,
    state: InboundState,
    after: Option<InboundId>,
    limit: i64,
) -> Result<Vec<Inbound>, Fault> {
    let after = after.map_or(0, |id| id.0);
    tx.all(&UNDONE, params![access.agency_id, state.as_str(), after, limit], read)
}

/// Says that a delivery is a part of something that its account names so.
///
/// # Errors
/// A fault of the engine.
pub fn join(tx: &mut Tx<'_>, access: &Access, id: InboundId, part_of: &str) -> Result<(), Fault> {
    tx.put(&JOIN, params![access.agency_id, id, part_of])
}

/// The parts of something that are here and not understood, in the order of their coming.
///
/// # Errors
/// A fault of the engine.
pub fn parts(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    part_of: &str,
    limit: i64,
) -> Result<Vec<Inbound>, Fault> {
    tx.all(&PARTS, params![access.agency_id, account, part_of, limit], read)
}

/// Notes that a delivery is where it belongs, or why it cannot be.
///
/// # Errors
/// A fault of the engine.
pub fn record(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InboundId,
    error: Option<&str>,
) -> Result<(), Fault> {
    let state = if error.is_some() { InboundState::Quarantined } else { InboundState::Done };
    tx.put(&RECORD, params![access.agency_id, id, state.as_str(), error])?;
    if error.is_some() {
        let subject = Subject { kind: "inbound", id: id.0 };
        tx.announce(Event::new(access.agency_id, "inbound.quarantined", subject, access.actor));
    }
    Ok(())
}

/// Has a delivery that was set aside tried again.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], or a fault.
pub fn retry(tx: &mut Tx<'_>, access: &Access, id: InboundId) -> Result<()> {
    access.require(tanggap_kernel::Permission::ChannelsManage, None)?;
    let known = get(tx, access, id)?;
    if known.state != InboundState::Quarantined {
        return Err(Refusal::NotFound.into());
    }
    let waiting = InboundState::Waiting.as_str();
    tx.put(&RECORD, params![access.agency_id, id, waiting, None::<&str>])?;
    let now = tx.now();
    tx.schedule(access.agency_id, UNDERSTAND, &id.to_string(), now, "{}")?;
    let subject = Subject { kind: "inbound", id: id.0 };
    tx.announce(Event::new(access.agency_id, "inbound.tried_again", subject, access.actor));
    Ok(())
}

fn read(row: &mut Row<'_>) -> Result<Inbound, Fault> {
    Ok(Inbound {
        id: row.int()?,
        account_id: row.int()?,
        external_id: row.text()?,
        received_at: row.int()?,
        payload: row.opt_bytes()?,
        raw: row.opt_text()?,
        state: InboundState::parse(&row.text()?),
        error: row.opt_text()?,
    })
}
