//! `/berkas/{id}`: a file, for whoever may see the case or the talk it belongs to.

use axum::extract::{Path, State};
use tanggap_cases::model::CaseId;
use tanggap_cases::{actions, talking};
use tanggap_conversations::{AttachmentId, attachment, files};
use tanggap_kernel::Refusal;
use tanggap_org::door::Staff;
use tanggap_ui::{Answer, Ctx};

/// `GET /berkas/{id}`: the file itself.
pub(crate) async fn whole(ctx: State<Ctx>, staff: Staff, id: Path<String>) -> Answer {
    serve(ctx.0, staff, &id.0, false).await
}

/// `GET /berkas/{id}/kecil`: a small picture of it.
pub(crate) async fn small(ctx: State<Ctx>, staff: Staff, id: Path<String>) -> Answer {
    serve(ctx.0, staff, &id.0, true).await
}

async fn serve(ctx: Ctx, staff: Staff, id: &str, small: bool) -> Answer {
    let id = AttachmentId::parse(id).ok_or(Refusal::NotFound)?;
    let access = staff.access.clone();
    let file = ctx
        .db
        .read(move |tx| {
            let (file, case) = attachment(tx, &access, id)?;
            match case {
                Some(case) => drop(actions::load(tx, &access, CaseId(case))?),
                None => drop(talking::open(tx, &access, file.interaction_id)?),
            }
            Ok(file)
        })
        .await?;
    Ok(files::fetch(&ctx.blobs, &file, small).await?)
}
