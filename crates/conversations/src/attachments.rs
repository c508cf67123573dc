//! Files of messages as rows.

use tanggap_kernel::{Access, Fault, Refusal, Result, params};
use tanggap_store::vouch::Vouched;
use tanggap_store::{Row, Tx, sql};

use crate::model::{Attachment, AttachmentId, InteractionId, MessageId, NewAttachment, Scan};

/// The most files of a case that one page shows.
const SHOWN_MAX: i64 = 500;

sql! {
    INSERT = "insert into attachments (agency_id, id, interaction_id, message_id, name,
        media_type, size, blob, salt, thumbnail, scan)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    AS_WRITTEN = "select salt, interaction_id, message_id, name, media_type, size, blob
        from attachments where agency_id = $1 and id = $2";
    COUNT = @scan("the audit command counts everything") "select count(*) from attachments
        where agency_id = $1 and id >= $2 and id < $3";
    OF_CASE = "select a.id, a.message_id, a.interaction_id, a.name, a.media_type, a.size, a.blob,
        a.thumbnail, a.scan from interactions i join attachments a
        on a.agency_id = i.agency_id and a.interaction_id = i.id
        where i.agency_id = $1 and i.case_id = $2 order by a.id desc limit $3";
    OF_INTERACTION = "select id, message_id, interaction_id, name, media_type, size, blob,
        thumbnail, scan from attachments where agency_id = $1 and interaction_id = $2
        order by id desc limit $3";
    FIND = "select a.id, a.message_id, a.interaction_id, a.name, a.media_type, a.size, a.blob,
        a.thumbnail, a.scan, i.case_id from attachments a join interactions i
        on i.agency_id = a.agency_id and i.id = a.interaction_id
        where a.agency_id = $1 and a.id = $2";
}

/// The log vouches for which files came with what was said; the name of a blob for its bytes.
pub static ATTACHMENTS: Vouched = Vouched { kind: "attachment", row: &AS_WRITTEN, count: &COUNT };

/// Attaches a kept file to a message.
///
/// # Errors
/// A fault of the engine.
pub fn attach(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
    message: MessageId,
    new: &NewAttachment,
) -> Result<AttachmentId, Fault> {
    let id: AttachmentId = tx.id();
    let written = params![interaction, message, &new.name, &new.media_type, new.size, &new.blob];
    let salt = tx.vouch(access.agency_id, ATTACHMENTS.kind, id.0, written)?;
    let beside = params![salt, new.thumbnail.as_deref(), new.scan.as_str()];
    tx.put(&INSERT, &[params![access.agency_id, id], written, beside].concat())?;
    Ok(id)
}

pub(crate) fn ahead(tx: &mut Tx<'_>, access: &Access, case_id: i64) -> Result<(), Fault> {
    tx.ahead(&OF_CASE, params![access.agency_id, case_id, SHOWN_MAX])
}

/// The files of a case, oldest first: where there are very many, the newest.
///
/// # Errors
/// A fault of the engine.
pub fn attachments_of_case(
    tx: &mut Tx<'_>,
    access: &Access,
    case_id: i64,
) -> Result<Vec<Attachment>, Fault> {
    let mut found = tx.all(&OF_CASE, params![access.agency_id, case_id, SHOWN_MAX], read)?;
    found.reverse();
    Ok(found)
}

/// The files of an exchange, oldest first: where there are very many, the newest.
///
/// # Errors
/// A fault of the engine.
pub fn attachments_of(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
) -> Result<Vec<Attachment>, Fault> {
    let key = params![access.agency_id, interaction, SHOWN_MAX];
    let mut found = tx.all(&OF_INTERACTION, key, read)?;
    found.reverse();
    Ok(found)
}

/// A file and the case it belongs to. Whether one may see it hangs on that case.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn attachment(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AttachmentId,
) -> Result<(Attachment, Option<i64>)> {
    let found =
        tx.opt(&FIND, params![access.agency_id, id], |row| Ok((read(row)?, row.opt_int()?)))?;
    Ok(found.ok_or(Refusal::NotFound)?)
}

fn read(row: &mut Row<'_>) -> Result<Attachment, Fault> {
    Ok(Attachment {
        id: row.int()?,
        message_id: row.int()?,
        interaction_id: row.int()?,
        name: row.text()?,
        media_type: row.text()?,
        size: row.int()?,
        blob: row.text()?,
        thumbnail: row.opt_text()?,
        scan: Scan::parse(&row.text()?),
    })
}
