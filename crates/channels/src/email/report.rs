//! The JSON that the command line prints for one message.
//!
//! Addresses are plain and in lower case, the date is RFC 3339 in UTC, files are named by their
//! SHA-256, so that a report can be compared with what other parsers say of the same message.

use mail_parser::DateTime;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::parse::{Address, ParsedMail};

/// What a message says, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MailReport {
    /// `Message-ID` with angle brackets.
    pub message_id: Option<String>,
    /// Decoded subject.
    pub subject: Option<String>,
    /// Addresses of `From`, lower case.
    pub from: Vec<String>,
    /// Addresses of `To`, lower case.
    pub to: Vec<String>,
    /// `2026-03-13T09:00:00Z`.
    pub date: Option<String>,
    /// What a person reads.
    pub text: String,
    /// Files, in the order in which they occur.
    pub attachments: Vec<AttachmentReport>,
}

/// One file of a [`MailReport`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttachmentReport {
    /// File name.
    pub name: String,
    /// Bytes.
    pub size: usize,
    /// Lower-case hex.
    pub sha256: String,
}

impl From<&ParsedMail> for MailReport {
    fn from(mail: &ParsedMail) -> MailReport {
        let plain = |list: &[Address]| list.iter().map(|a| a.email.to_lowercase()).collect();
        let attachments = mail.attachments.iter().map(|file| AttachmentReport {
            name: file.name.clone(),
            size: file.bytes.len(),
            sha256: hex::encode(Sha256::digest(&file.bytes)),
        });
        MailReport {
            message_id: mail.message_id.clone(),
            subject: mail.subject.clone(),
            from: plain(&mail.authors),
            to: plain(&mail.to),
            date: mail.date.map(|at| DateTime::from_timestamp(at / 1_000_000).to_rfc3339()),
            text: mail.text.clone(),
            attachments: attachments.collect(),
        }
    }
}
