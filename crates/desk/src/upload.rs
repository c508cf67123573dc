//! Forms with files: the fields, whose token was checked, and the files, already kept.

use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tanggap_cases::report::FILES_MAX;
use tanggap_conversations::files::{self, Scanner};
use tanggap_conversations::{NewAttachment, Scan};
use tanggap_kernel::{Error, Invalid, Refusal, Result};
use tanggap_org::door::{Fields, SignedFields, Staff};
use tanggap_ui::{Ctx, Failed};

/// The most bytes of a field that is text.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The most fields.
const FIELDS_MAX: usize = 200;

/// A form of somebody who signed in.
pub(crate) struct Upload {
    pub staff: Staff,
    pub fields: Fields,
    pub files: Vec<NewAttachment>,
    /// What was wrong with the files, where something was.
    pub wrong: Vec<Invalid>,
}

impl FromRequest<Ctx> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let many = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("multipart/form-data"));
        if !many {
            let SignedFields { staff, fields } = SignedFields::from_request(request, ctx).await?;
            return Ok(Self { staff, fields, files: Vec::new(), wrong: Vec::new() });
        }
        let (mut parts, body) = request.into_parts();
        let staff = Staff::from_request_parts(&mut parts, ctx).await?;
        // The node adds one where it is configured.
        let scanner = parts.extensions.get::<Scanner>().cloned();
        let request = Request::from_parts(parts, body);
        let form = Multipart::from_request(request, ctx).await;
        read(form.map_err(IntoResponse::into_response)?, ctx, staff, scanner.as_ref()).await
    }
}

async fn read(
    mut form: Multipart,
    ctx: &Ctx,
    staff: Staff,
    scanner: Option<&Scanner>,
) -> Result<Upload, Response> {
    let (mut pairs, mut files, mut wrong) = (String::new(), Vec::new(), Vec::new());
    let mut token = String::new();
    let mut count = 0;
    while let Some(field) = form.next_field().await.map_err(IntoResponse::into_response)? {
        count += 1;
        if count > FIELDS_MAX {
            return Err(told(Refusal::Invalid(Vec::new()).into()));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(IntoResponse::into_response)?;
        match file {
            // An empty file field is how browsers send none.
            Some(_) if bytes.is_empty() => {}
            Some(_) if files.len() >= FILES_MAX => {
                wrong = vec![Invalid::new("files", "case-invalid-files").arg("max", FILES_MAX)];
            }
            Some(file) => {
                // Nothing is kept for whoever did not get this form from us: the token comes first.
                staff.check_csrf(&token).map_err(told)?;
                let max = ctx.site.upload_bytes_max.max(1 << 20);
                match files::take(&ctx.blobs, bytes, file, max, scanner).await {
                    Ok(kept) if kept.scan == Scan::Infected => {
                        wrong.push(files::infected(&kept.name));
                    }
                    Ok(kept) => files.push(kept),
                    Err(Error::Refused(Refusal::Invalid(errors))) => wrong.extend(errors),
                    Err(other) => return Err(told(other)),
                }
            }
            None if bytes.len() > TEXT_BYTES_MAX => {
                return Err(told(Refusal::Invalid(Vec::new()).into()));
            }
            None => {
                let value = String::from_utf8_lossy(&bytes);
                if name == "csrf" {
                    token = value.clone().into_owned();
                }
                let (name, value) = (crate::search::encoded(&name), escaped(&value));
                pairs.push_str(&format!("{name}={value}&"));
            }
        }
    }
    staff.check_csrf(&token).map_err(told)?;
    Ok(Upload { staff, fields: Fields::parse(pairs.as_bytes()), files, wrong })
}

/// Every byte escaped, blanks at the ends too.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn told(error: Error) -> Response {
    Failed(error).into_response()
}
