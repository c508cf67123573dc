//! Who is not written to by a channel: those who said "stop", addresses that do not exist, those
//! who complained, those whom staff took off. What is held back for it is seen in the ledger.

use serde_json::json;
use tanggap_kernel::{
    Access, Event, Fault, Invalid, Permission, Refusal, Result, Subject, Timestamp, params,
};
use tanggap_store::{Row, Tx, sql};

/// Characters of a remark that are kept.
const DETAIL_MAX: usize = 300;
/// Characters of an address.
const ADDRESS_MAX: usize = 254;

sql! {
    ADD = "insert into suppressions (agency_id, channel, address, reason, at, detail)
        values ($1, $2, $3, $4, $5, $6) on conflict (agency_id, channel, address) do nothing";
    OF = "select channel, address, reason, at, detail from suppressions
        where agency_id = $1 and channel = $2 and address = $3";
    LIFT = "delete from suppressions where agency_id = $1 and channel = $2 and address = $3";
    LIST = "select channel, address, reason, at, detail from suppressions
        where agency_id = $1 and channel = $2 and address >= $3 and address < $4
        and address > $5 order by address limit $6";
}

/// Why an address is not written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The person said so (`BERHENTI`, a one-click unsubscribe).
    Stop,
    /// It does not exist.
    Bounce,
    /// The person called a message of ours unwanted.
    Complaint,
    /// A member of staff took it off.
    Staff,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Stop, Self::Bounce, Self::Complaint, Self::Staff];

    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Staff => "staff",
        }
    }

    /// Reads what [`Reason::as_str`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// An address that is not written to.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// By which channel.
    pub channel: String,
    /// Which address, as [`folded`].
    pub address: String,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub at: Timestamp,
    /// What the provider said, or a remark.
    pub detail: String,
}

/// An address as it is compared: without space around it, in small letters.
#[must_use]
pub fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Writes to an address no more. Where that is so already, nothing changes.
///
/// # Errors
/// A fault of the engine.
pub fn add(
    tx: &mut Tx<'_>,
    access: &Access,
    channel: &str,
    address: &str,
    reason: Reason,
    detail: &str,
) -> Result<(), Fault> {
    let (address, now) = (folded(address), tx.now());
    let detail: String = detail.chars().take(DETAIL_MAX).collect();
    let row = params![access.agency_id, channel, &address, reason.as_str(), now, detail];
    if tx.exec(&ADD, row)? == 1 {
        announce(tx, access, "suppression.added", channel, &address, reason);
    }
    Ok(())
}

/// The same by a member of staff.
///
/// # Errors
/// [`Refusal::Forbidden`], or an address that is none.
pub fn add_by_staff(
    tx: &mut Tx<'_>,
    access: &Access,
    channel: &str,
    address: &str,
    detail: &str,
) -> Result<()> {
    access.require(Permission::ChannelsManage, None)?;
    let address = folded(address);
    if address.is_empty() {
        return Err(Refusal::field("address", "ui-invalid-required").into());
    }
    if address.chars().count() > ADDRESS_MAX {
        let long = Invalid::new("address", "ui-invalid-long").arg("max", ADDRESS_MAX);
        return Err(Refusal::Invalid(vec![long]).into());
    }
    Ok(add(tx, access, channel, &address, Reason::Staff, detail)?)
}

/// Writes to an address again.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`] where it is written to anyway, or a fault.
pub fn lift(tx: &mut Tx<'_>, access: &Access, channel: &str, address: &str) -> Result<()> {
    access.require(Permission::ChannelsManage, None)?;
    let address = folded(address);
    let found = of(tx, access, channel, &address)?.ok_or(Refusal::NotFound)?;
    tx.put(&LIFT, params![access.agency_id, channel, &address])?;
    announce(tx, access, "suppression.lifted", channel, &address, found.reason);
    Ok(())
}

/// Whether an address is not written to, and why.
///
/// # Errors
/// A fault of the engine.
pub fn of(
    tx: &mut Tx<'_>,
    access: &Access,
    channel: &str,
    address: &str,
) -> Result<Option<Suppression>, Fault> {
    tx.opt(&OF, params![access.agency_id, channel, folded(address)], read)
}

/// Says that an address will be asked for soon (see [`Tx::ahead`]).
pub(crate) fn ahead(
    tx: &mut Tx<'_>,
    access: &Access,
    channel: &str,
    address: &str,
) -> Result<(), Fault> {
    tx.ahead(&OF, params![access.agency_id, channel, folded(address)])
}

/// The addresses of a channel that begin with `start`, in their order, after `after`.
///
/// # Errors
/// A fault of the engine.
pub fn list(
    tx: &mut Tx<'_>,
    access: &Access,
    channel: &str,
    start: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Suppression>, Fault> {
    let start = folded(start);
    let end = format!("{start}\u{10ffff}");
    tx.all(&LIST, params![access.agency_id, channel, &start, end, after, limit], read)
}

fn read(row: &mut Row<'_>) -> Result<Suppression, Fault> {
    Ok(Suppression {
        channel: row.text()?,
        address: row.text()?,
        reason: Reason::parse(&row.text()?).ok_or_else(|| Fault::new("a reason of no kind"))?,
        at: row.int()?,
        detail: row.text()?,
    })
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    channel: &str,
    address: &str,
    reason: Reason,
) {
    let subject = Subject { kind: "suppression", id: tx.id() };
    let event = Event::new(access.agency_id, kind, subject, access.actor)
        .with(json!({ "channel": channel, "reason": reason.as_str() }))
        .with_private(json!({ "address": address }));
    tx.announce(event);
}
