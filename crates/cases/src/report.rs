//! A report as it comes in, from whichever door, and what a report must have. Pure.

use tanggap_calendar::Kind;
use tanggap_contacts::{ContactId, Met, NewContact};
use tanggap_conversations::{InteractionId, NewAttachment};
use tanggap_kernel::error::{Check, Invalid};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Fault, Result, Timestamp, code};
use tanggap_ui::ctx::{Secrets, random};

use crate::model::Details;

/// The longest subject, in characters.
pub const SUBJECT_MAX: usize = 160;
/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 20_000;
/// The longest name, place and the like, in characters.
pub const LINE_MAX: usize = 300;
/// The most files that come with one report.
pub const FILES_MAX: usize = 10;

/// Code and PIN, drawn before the transaction, so that a second run hands out the same.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// What the citizen holds.
    pub code: String,
    /// What proves that one is the reporter; shown once.
    pub pin: String,
    /// What the PIN is kept as.
    pub pin_hash: [u8; 32],
}

impl Ticket {
    /// Draws a code and a PIN.
    ///
    /// # Errors
    /// A fault where the system has no random bytes to give.
    pub fn draw(secrets: &Secrets) -> Result<Self, Fault> {
        let code = code::from_random(random()?);
        let pin = code::pin_from_random(random()?);
        let pin_hash = hash_pin(secrets, &code, &pin);
        Ok(Self { code, pin, pin_hash })
    }
}

/// What a PIN is kept as: a keyed hash, since six digits alone are guessed in no time.
#[must_use]
pub fn hash_pin(secrets: &Secrets, code: &str, pin: &str) -> [u8; 32] {
    secrets.mac("pin", &[code.as_bytes(), pin.as_bytes()])
}

/// A report to be registered.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// In a few words.
    pub subject: String,
    /// The story.
    pub description: String,
    /// The slug of its category.
    pub category: String,
    /// Who reports; `None` where nobody is known.
    pub reporter: Option<NewContact>,
    /// For whom, where the reporter is a proxy.
    pub proxy_for: Option<String>,
    /// Hide the reporter.
    pub anonymous: bool,
    /// Hide the content.
    pub confidential: bool,
    /// Where, by area code.
    pub region_code: Option<String>,
    /// Where, in words.
    pub place: String,
    /// The rest.
    pub details: Details,
    /// The unit that it is about.
    pub reported_unit: Option<UnitId>,
    /// The person that it is about.
    pub reported_user: Option<UserId>,
    /// `web`, `email`, `phone`, `counter`, `letter`, `api` ...
    pub channel: &'static str,
    /// Sent without proof of work.
    pub unproven: bool,
    /// Files, already kept.
    pub attachments: Vec<NewAttachment>,
    /// The Message-ID, where it came by mail.
    pub external_id: Option<String>,
    /// The raw payload's blob.
    pub raw: Option<String>,
    /// Code and PIN.
    pub ticket: Ticket,
    /// When it reached us, where that was before now: a letter, a replayed history.
    pub received_at: Option<Timestamp>,
    /// The talk that it comes from, whose messages tell it.
    pub talk: Option<InteractionId>,
    /// Who reports, where that is known already; before `reporter`.
    pub contact: Option<ContactId>,
}

impl Report {
    /// A report with nothing but what every report has.
    #[must_use]
    pub fn new(kind: Kind, subject: &str, description: &str, ticket: Ticket) -> Self {
        Self {
            kind,
            subject: subject.trim().to_owned(),
            description: description.trim().to_owned(),
            category: "umum".to_owned(),
            reporter: None,
            proxy_for: None,
            anonymous: false,
            confidential: false,
            region_code: None,
            place: String::new(),
            details: Details::default(),
            reported_unit: None,
            reported_user: None,
            channel: "web",
            unproven: false,
            attachments: Vec::new(),
            external_id: None,
            raw: None,
            ticket,
            received_at: None,
            talk: None,
            contact: None,
        }
    }

    /// How the one who reports is met.
    #[must_use]
    pub fn met(&self, access: &Access) -> Met {
        match (access.user(), self.channel) {
            (Some(_), "counter") => Met::AtTheCounter,
            (Some(_), _) => Met::ByStaff,
            (None, _) => Met::ByThemself,
        }
    }

    /// Checks what can be checked without looking anything up.
    ///
    /// # Errors
    /// All fields to correct, at once.
    pub fn check(&self) -> Result<()> {
        let mut check = Check::new();
        let mut text = |value: &str, field: &str, empty, max: usize| {
            if let Some(message) = empty {
                check.require(!value.trim().is_empty(), field, message);
            }
            if value.chars().count() > max {
                check.push(Invalid::new(field, "case-invalid-long").arg("max", max));
            }
        };
        text(&self.subject, "subject", Some("case-invalid-subject"), SUBJECT_MAX);
        text(&self.description, "description", Some("case-invalid-description"), DESCRIPTION_MAX);
        text(&self.place, "place", None, LINE_MAX);
        text(&self.details.loss, "loss", None, DESCRIPTION_MAX);
        text(&self.details.wish, "wish", None, DESCRIPTION_MAX);
        text(self.proxy_for.as_deref().unwrap_or(""), "proxy_for", None, LINE_MAX);
        if let Some(reporter) = &self.reporter {
            text(&reporter.name, "name", None, LINE_MAX);
            text(&reporter.address, "address", None, LINE_MAX);
        }
        if self.attachments.len() > FILES_MAX {
            check.push(Invalid::new("files", "case-invalid-files").arg("max", FILES_MAX));
        }
        check.done()
    }
}
