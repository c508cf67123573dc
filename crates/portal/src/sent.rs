//! What a form sent: fields and files, by `multipart/form-data` or as a plain form. Bounded, and
//! never thrown away whole: a file that is too large is told, and the text is still there.

use axum::extract::{FromRequest, Multipart, RawForm, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use tanggap_cases::report::FILES_MAX;
use tanggap_kernel::error::Invalid;
use tanggap_org::door::Fields;
use tanggap_ui::Ctx;

/// The most text of one field, in bytes; a description of 20,000 characters fits well.
const FIELD_BYTES_MAX: usize = 128 << 10;
/// The most fields.
const FIELDS_MAX: usize = 200;
/// The largest form altogether, in bytes, files included.
pub const FORM_BYTES_MAX: usize = 64 << 20;
/// The largest file where the installation sets no other limit.
const FILE_BYTES_DEFAULT: usize = 10 << 20;

/// The largest file that is taken, in bytes.
#[must_use]
pub fn file_bytes_max(ctx: &Ctx) -> usize {
    match ctx.site.upload_bytes_max {
        0 => FILE_BYTES_DEFAULT,
        set => set,
    }
}

/// The same in words, as the refusal of a larger file says it.
#[must_use]
pub fn file_max_words(ctx: &Ctx) -> String {
    format!("{} MB", file_bytes_max(ctx) >> 20)
}

/// The fields of a form, in order; a name may come several times.
#[derive(Clone, Debug, Default)]
pub struct Values(pub Vec<(String, String)>);

impl Values {
    /// The value of a field without blanks around it; empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// Whether a lone checkbox was ticked.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == "ya"
    }

    /// Sets a field to one value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.to_owned(), value.into()));
    }
}

/// A file as it came.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name, as the sender says.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What a form sent.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Its fields.
    pub values: Values,
    /// Its files, at most [`FILES_MAX`].
    pub files: Vec<Upload>,
    /// What was wrong with files that are not among them.
    pub problems: Vec<Invalid>,
}

impl FromRequest<Ctx> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let multipart =
                Multipart::from_request(request, ctx).await.map_err(IntoResponse::into_response)?;
            return read(multipart, file_bytes_max(ctx)).await;
        }
        let RawForm(bytes) =
            RawForm::from_request(request, ctx).await.map_err(IntoResponse::into_response)?;
        let values = Values(Fields::parse(&bytes).into_pairs());
        Ok(Self { values, ..Self::default() })
    }
}

async fn read(mut multipart: Multipart, file_max: usize) -> Result<Sent, Response> {
    let mut sent = Sent::default();
    let mut total = 0;
    let broken = |_| StatusCode::BAD_REQUEST.into_response();
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let max = if file.is_some() { file_max } else { FIELD_BYTES_MAX };
        let (mut bytes, mut too_large) = (BytesMut::new(), false);
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            total += chunk.len();
            if total > FORM_BYTES_MAX {
                return Err(StatusCode::PAYLOAD_TOO_LARGE.into_response());
            }
            too_large |= bytes.len() + chunk.len() > max;
            if !too_large {
                bytes.extend_from_slice(&chunk);
            }
        }
        match file {
            None if sent.values.0.len() < FIELDS_MAX => {
                sent.values.0.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
            None => {}
            // A file field that was left empty comes without a name.
            Some(file) if file.is_empty() && bytes.is_empty() => {}
            Some(file) if too_large => {
                let size = format!("{} MB", file_max >> 20);
                let problem = Invalid::new("files", "portal-invalid-file-large");
                sent.problems.push(problem.arg("name", file).arg("max", size));
            }
            Some(_) if sent.files.len() >= FILES_MAX => {
                let problem = Invalid::new("files", "case-invalid-files").arg("max", FILES_MAX);
                sent.problems.push(problem);
            }
            Some(name) => sent.files.push(Upload { name, bytes: bytes.freeze() }),
        }
    }
    sent.problems.dedup();
    Ok(sent)
}
