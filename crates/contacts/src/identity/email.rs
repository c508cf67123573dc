//! E-mail addresses in the form in which they are compared.
//!
//! No attempt at every form that RFC 5322 allows (quoted names, comments): nobody types those
//! into a form, and a raw mail's header is read by the mail parser.

use std::fmt;

use super::{DOT, INPUT_BYTES_MAX};

/// An e-mail address in the form it is compared in: trimmed and in lower case.
///
/// Strictly the part before the `@` knows case (RFC 5321), but no provider that people use does,
/// and one person must not become two by a capital letter.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailError {
    /// No `@`, or more than one.
    At,
    /// Nothing, a space, a forbidden sign or a misplaced dot before the `@`.
    Local,
    /// What follows the `@` is no domain name with at least one dot.
    Domain,
    /// More than 254 bytes, or 64 before the `@` (RFC 5321 4.5.3.1).
    TooLong,
}

impl Email {
    /// Reads an address, also `mailto:…` and `<…>`. Light on purpose: only sending a message
    /// proves an address.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '<' || c == '>');
        let text = match text.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &text[7..],
            _ => text,
        };
        if text.len() > INPUT_BYTES_MAX {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::At)?;
        if domain.contains('@') {
            return Err(EmailError::At);
        }
        let address = format!("{}@{}", local.to_lowercase(), domain.to_lowercase());
        let (local, domain) = address.split_once('@').ok_or(EmailError::At)?;
        if !is_local(local) {
            return Err(EmailError::Local);
        }
        if !is_domain(domain) {
            return Err(EmailError::Domain);
        }
        if address.len() > 254 || local.len() > 64 {
            return Err(EmailError::TooLong);
        }
        Ok(Self(address))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `b•••@contoh.go.id`: the number of dots says nothing about the length.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}{}@{domain}", DOT.to_string().repeat(3))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.masked())
    }
}

/// A dot-atom of RFC 5322, with letters of any script (RFC 6531).
fn is_local(local: &str) -> bool {
    let sign = |c: char| "!#$%&'*+-/=?^_`{|}~.".contains(c);
    !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || sign(c))
}

/// Two labels or more, each 1 to 63 letters, digits and inner hyphens; the last not a number.
fn is_domain(domain: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.')
        && domain.split('.').all(label)
        && last.chars().any(char::is_alphabetic)
        && last.chars().count() >= 2
}

impl fmt::Display for EmailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::At => "an e-mail address has one @",
            Self::Local => "the part before the @ is not right",
            Self::Domain => "the part after the @ is not a domain name",
            Self::TooLong => "too long for an e-mail address",
        })
    }
}

impl std::error::Error for EmailError {}
