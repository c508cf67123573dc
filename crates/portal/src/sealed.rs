//! What we hand to a browser and believe when it comes back: form tokens, references to files
//! that are already kept, the receipt, the proof that one may see a case. Signed, dated, never
//! stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tanggap_conversations::{NewAttachment, Scan};
use tanggap_kernel::{Fault, Timestamp};
use tanggap_ui::ctx::{Ctx, Secrets, random};

/// The longest sealed text that is looked at, in bytes.
const SEALED_MAX: usize = 8192;
/// How long a form may lie open.
const FORM_AGE_MAX: i64 = 24 * Timestamp::HOUR;

/// A value that only we can have written, for one purpose.
#[must_use]
pub fn seal(secrets: &Secrets, purpose: &str, value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mac = secrets.mac(purpose, &[text.as_bytes()]);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(mac))
}

/// The value behind what [`seal`] wrote for the same purpose.
#[must_use]
pub fn unseal<T: DeserializeOwned>(secrets: &Secrets, purpose: &str, sealed: &str) -> Option<T> {
    if sealed.len() > SEALED_MAX {
        return None;
    }
    let (text, mac) = sealed.split_once('.')?;
    let text = URL_SAFE_NO_PAD.decode(text).ok()?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    let ours: bool = secrets.mac(purpose, &[&text]).as_slice().ct_eq(&mac).into();
    if ours { serde_json::from_slice(&text).ok() } else { None }
}

/// What a report's form carries: when it was served, whether work was proven, and the seed from
/// which its code and PIN are drawn, so that sending it twice gives one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormToken {
    /// The seed.
    pub nonce: String,
    /// When the form was served first, microseconds.
    pub at: i64,
    /// Whether a proof of work was spent for it.
    pub proven: bool,
}

const FORM: &str = "report-form";

impl FormToken {
    /// A new one.
    ///
    /// # Errors
    /// A fault where the system has no random bytes to give.
    pub fn fresh(ctx: &Ctx) -> Result<Self, Fault> {
        let nonce = URL_SAFE_NO_PAD.encode(random::<16>()?);
        Ok(Self { nonce, at: ctx.now().as_micros(), proven: false })
    }

    /// As it goes into the form.
    #[must_use]
    pub fn sealed(&self, ctx: &Ctx) -> String {
        seal(&ctx.secrets, FORM, self)
    }

    /// The one that came with a form, where it is ours and not too old.
    #[must_use]
    pub fn read(ctx: &Ctx, sealed: &str) -> Option<Self> {
        let token: Self = unseal(&ctx.secrets, FORM, sealed)?;
        (token.age(ctx) <= FORM_AGE_MAX).then_some(token)
    }

    /// How long ago it was served, in microseconds.
    #[must_use]
    pub fn age(&self, ctx: &Ctx) -> i64 {
        ctx.now().as_micros().saturating_sub(self.at)
    }
}

/// A file that is kept already and waits for its report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Its name.
    pub name: String,
    /// Its type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// The file.
    pub blob: String,
    /// A small picture of it.
    pub thumbnail: Option<String>,
    /// Whether a scanner found it clean.
    pub clean: bool,
}

const FILE: &str = "report-file";

impl KeptFile {
    /// As it goes into the form.
    #[must_use]
    pub fn sealed(&self, secrets: &Secrets) -> String {
        seal(secrets, FILE, self)
    }

    /// The one that came with a form.
    #[must_use]
    pub fn read(secrets: &Secrets, sealed: &str) -> Option<Self> {
        unseal(secrets, FILE, sealed)
    }
}

impl From<NewAttachment> for KeptFile {
    fn from(file: NewAttachment) -> Self {
        let NewAttachment { name, media_type, size, blob, thumbnail, scan } = file;
        Self { name, media_type, size, blob, thumbnail, clean: scan == Scan::Clean }
    }
}

impl From<KeptFile> for NewAttachment {
    fn from(file: KeptFile) -> Self {
        let KeptFile { name, media_type, size, blob, thumbnail, clean } = file;
        let scan = if clean { Scan::Clean } else { Scan::Unscanned };
        Self { name, media_type, size, blob, thumbnail, scan }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_read_for_its_purpose_only() {
        let secrets = Secrets::new([3; 32]);
        let sealed = seal(&secrets, "a", &("x", 7));
        assert_eq!(unseal::<(String, i64)>(&secrets, "a", &sealed), Some(("x".into(), 7)));
        assert_eq!(unseal::<(String, i64)>(&secrets, "b", &sealed), None);
        for broken in ["", ".", "AAAA.AAAA", &sealed[..sealed.len() - 1], &sealed.replace('.', "")]
        {
            assert_eq!(unseal::<(String, i64)>(&secrets, "a", broken), None, "{broken}");
        }
    }
}
