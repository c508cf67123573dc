//! Forms whose token was checked. A form is taken as the pairs that came, so that a refused one
//! shows everything as it was typed.

use axum::extract::{FromRequest, FromRequestParts, RawForm, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Locale, Refusal};
use tanggap_ui::{Ctx, Failed, FormState};

use super::{Staff, Visitor};

/// What came with a form, in order; a name may come several times.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=2`; what is not text is replaced, never refused.
    #[must_use]
    pub fn parse(form: &[u8]) -> Self {
        let pairs = form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let pair = |pair: &[u8]| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            (decode(&pair[..at]), decode(pair.get(at + 1..).unwrap_or_default()))
        };
        Self(pairs.map(pair).collect())
    }

    /// The value of a field without blanks around it; empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The value as it was typed: for passwords.
    #[must_use]
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
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

    /// The form again, with what is wrong with it; secrets are not sent back.
    #[must_use]
    pub fn refused(self, locale: Locale, errors: Vec<Invalid>) -> FormState {
        let open = |(name, _): &(String, String)| !name.starts_with("password") && name != "csrf";
        FormState::refused(locale, self.0.into_iter().filter(open).collect(), errors)
    }

    /// The pairs.
    #[must_use]
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let hex = || {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            u8::from_str_radix(digits, 16).ok()
        };
        match (first, (first == b'%').then(hex).flatten()) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
                continue;
            }
            (b'+', None) => bytes.push(b' '),
            (other, None) => bytes.push(other),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text for the query of an address.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A form of somebody who signed in; its token was checked.
pub struct SignedFields {
    /// Who sent it.
    pub staff: Staff,
    /// What came.
    pub fields: Fields,
}

impl FromRequest<Ctx> for SignedFields {
    type Rejection = Response;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let staff = Staff::from_request_parts(&mut parts, ctx).await?;
        let request = Request::from_parts(parts, body);
        let fields = read(request, ctx).await?;
        match staff.check_csrf(fields.get("csrf")) {
            Ok(()) => Ok(Self { staff, fields }),
            Err(error) => Err(Failed(error).into_response()),
        }
    }
}

/// A form of somebody who signed in, read into a type; its token was checked.
pub struct SignedForm<T> {
    /// Who sent it.
    pub staff: Staff,
    /// What they sent.
    pub value: T,
    /// The same as it was typed.
    pub fields: Fields,
}

impl<T: DeserializeOwned> FromRequest<Ctx> for SignedForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Response> {
        let SignedFields { staff, fields } = SignedFields::from_request(request, ctx).await?;
        let pairs =
            fields.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let again = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into())
            .map_err(|_| invalid())?;
        let read = axum_extra::extract::Form::<T>::from_request(again, &()).await;
        let axum_extra::extract::Form(value) = read.map_err(|_| invalid())?;
        Ok(Self { staff, value, fields })
    }
}

/// A form of a visitor; its token is not checked yet, so that a refusal can show the page.
pub struct VisitorFields {
    /// Who sent it.
    pub visitor: Visitor,
    /// What came.
    pub fields: Fields,
}

impl FromRequest<Ctx> for VisitorFields {
    type Rejection = Response;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, ctx).await;
        let visitor = visitor.map_err(IntoResponse::into_response)?;
        let fields = read(Request::from_parts(parts, body), ctx).await?;
        Ok(Self { visitor, fields })
    }
}

async fn read(request: Request, ctx: &Ctx) -> Result<Fields, Response> {
    let RawForm(bytes) =
        RawForm::from_request(request, ctx).await.map_err(IntoResponse::into_response)?;
    Ok(Fields::parse(&bytes))
}

fn invalid() -> Response {
    Failed(Refusal::Invalid(Vec::new()).into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_were_typed() {
        let fields = Fields::parse(b"name=Siti+Rokhayah%20&unit=a&unit=b&bad=%zz%&empty=&alone");
        assert_eq!(fields.get("name"), "Siti Rokhayah");
        assert_eq!(fields.exact("name"), "Siti Rokhayah ");
        assert_eq!(fields.all("unit").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.get("bad"), "%zz%");
        assert_eq!(fields.get("alone"), "");
        assert_eq!(Fields::parse(b"\xff=%ff").get("\u{fffd}"), "\u{fffd}");
    }

    #[test]
    fn what_is_encoded_reads_the_same() {
        let text = "/meja?q=jalan rusak&x=ä%+";
        assert_eq!(decode(encode(text).as_bytes()), text);
    }

    #[test]
    fn a_refused_form_sends_no_secret_back() {
        let fields = Fields::parse(b"email=a&password=b&password_new=c&csrf=d");
        let form = fields.refused(Locale::Id, Vec::new());
        assert_eq!(form.values, [("email".to_owned(), "a".to_owned())]);
    }
}
