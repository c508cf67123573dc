//! Signs a message as ours: DKIM (RFC 6376) by RSA or Ed25519 (RFC 8463), both header and body in
//! the relaxed form, which survives what mail systems do to white space.
//!
//! Pure: bytes in, a header field out. The field goes before all others.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

/// What is signed where it is there (RFC 6376 section 5.4.1), and what makes a letter what it is.
const SIGNED: &[&str] = &[
    "from",
    "reply-to",
    "subject",
    "date",
    "to",
    "cc",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
];
/// Characters of base64 on one line of a header field.
const LINE: usize = 72;

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// A domain's key.
pub struct Signer {
    domain: String,
    selector: String,
    pair: Pair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("domain", &self.domain)
            .field("selector", &self.selector)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// The key that lies at `selector._domainkey.domain`; `pem` is its private half (PKCS #8, or
    /// PKCS #1 for RSA).
    ///
    /// # Errors
    /// What is wrong with the key or a name.
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Signer, String> {
        for name in [domain, selector] {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(format!("{name:?} is no name in DNS"));
            }
        }
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "the key is no private key in PEM".to_owned())?;
        let rsa = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            other => RsaKeyPair::from_pkcs8(other.secret_der()),
        };
        let pair = match rsa {
            Ok(pair) => Pair::Rsa(Box::new(pair)),
            Err(_) => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_der())
                .map(Pair::Ed25519)
                .map_err(|_| "the key is neither RSA of 2048 bits or more nor Ed25519")?,
        };
        Ok(Signer { domain: domain.to_owned(), selector: selector.to_owned(), pair })
    }

    /// Where the public half is to be published: the name and the text of its TXT record.
    ///
    /// # Errors
    /// Where the key cannot be written down.
    pub fn record(&self) -> Result<(String, String), String> {
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        let (kind, key) = match &self.pair {
            Pair::Rsa(pair) => {
                let der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key());
                let der = der.map_err(|_| "the key cannot be written down".to_owned())?;
                ("rsa", STANDARD.encode(der.as_ref()))
            }
            Pair::Ed25519(pair) => ("ed25519", STANDARD.encode(pair.public_key().as_ref())),
        };
        Ok((name, format!("v=DKIM1; k={kind}; p={key}")))
    }

    /// The message with its signature before it; `seconds` is when it was written, since 1970.
    pub(super) fn sign(&self, message: &[u8], seconds: i64) -> Result<Vec<u8>, String> {
        let (head, body) = split(message);
        let fields = fields(head);
        let named = |name: &str| fields.iter().rev().find(|(known, _)| known == name);
        let mut names: Vec<&str> = SIGNED.iter().copied().filter(|n| named(n).is_some()).collect();
        let mut signed: String =
            names.iter().filter_map(|name| named(name)).map(|(name, v)| line(name, v)).collect();
        // Named once more than it is there: another one cannot be added (section 8.15).
        names.push("from");
        let method = match self.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        };
        let body_hash = STANDARD.encode(digest(&SHA256, &relaxed_body(body)));
        let value = format!(
            "v=1; a={method}; c=relaxed/relaxed; d={};\r\n s={}; t={seconds}; h={};\r\n \
             bh={body_hash};\r\n b=",
            self.domain,
            self.selector,
            names.join(":\r\n  "),
        );
        signed.push_str(line("dkim-signature", &relaxed(&value)).trim_end());
        let signature = STANDARD.encode(self.signature(signed.as_bytes())?);
        let mut whole = format!("DKIM-Signature: {value}");
        for (at, c) in signature.char_indices() {
            if at % LINE == 0 && at > 0 {
                whole.push_str("\r\n  ");
            }
            whole.push(c);
        }
        whole.push_str("\r\n");
        Ok([whole.as_bytes(), message].concat())
    }

    fn signature(&self, of: &[u8]) -> Result<Vec<u8>, String> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), of, &mut signature)
                    .map_err(|_| "signing failed".to_owned())?;
                Ok(signature)
            }
            // RFC 8463: the hash is what is signed.
            Pair::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, of).as_ref()).as_ref().to_vec()),
        }
    }
}

fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or((message, &[]), |end| (&message[..end + 2], &message[end + 4..]))
}

/// The fields in their order: lower-case names, relaxed values.
fn fields(head: &[u8]) -> Vec<(String, String)> {
    let head = String::from_utf8_lossy(head).replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), relaxed(value)))
    };
    head.split("\r\n").filter_map(field).collect()
}

/// White space folded to single spaces, none at the ends (section 3.4.2).
fn relaxed(value: &str) -> String {
    let white = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    value.split(white).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn line(name: &str, value: &str) -> String {
    format!("{name}:{value}\r\n")
}

/// The body with white space folded, and none at the ends of its lines and at its own
/// (section 3.4.4).
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(body.len());
    let mut kept = 0;
    let lines = body.split(|byte| *byte == b'\n');
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut space = false;
        for byte in line {
            if matches!(byte, b' ' | b'\t') {
                space = true;
                continue;
            }
            if std::mem::take(&mut space) {
                whole.push(b' ');
            }
            whole.push(*byte);
        }
        let is_empty = whole.len() == kept || whole[kept..].iter().all(|b| b"\r\n".contains(b));
        whole.extend_from_slice(b"\r\n");
        if !is_empty {
            kept = whole.len();
        }
    }
    whole.truncate(kept);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_folded_as_the_standard_shows() {
        // RFC 6376 section 3.4.5.
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(
            fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n"),
            [("a".to_owned(), "X".to_owned()), ("b".to_owned(), "Y Z".to_owned()),]
        );
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(Signer::new("contoh.go.id", "s1", "bukan kunci").is_err());
        assert!(Signer::new("contoh.go.id; x", "s1", "").is_err());
    }
}
