//! What can go wrong: a [`Refusal`] is the user's to mend and is told in their language; a
//! [`Fault`] is ours, is logged with the place where it arose and shown as an opaque error.

use std::panic::Location;

/// The result of everything that can be refused or fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing wrong with what somebody entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The name of the field.
    pub field: String,
    /// The key of the message in the catalogue.
    pub message: &'static str,
    /// Arguments of the message.
    pub args: Vec<(&'static str, String)>,
}

impl Invalid {
    /// A message without arguments for `field`.
    #[must_use]
    pub fn new(field: impl Into<String>, message: &'static str) -> Self {
        Self { field: field.into(), message, args: Vec::new() }
    }

    /// The same with an argument of the message.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }
}

/// What the user asked for cannot be done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not exist, or not for this person: the two are never told apart.
    NotFound,
    /// This person may see it but may not do that.
    Forbidden,
    /// Fields to correct.
    Invalid(Vec<Invalid>),
    /// Somebody else changed it meanwhile.
    Stale,
    /// The state it is in does not allow that; holds the message's key.
    Illegal(&'static str),
    /// Too often; may be tried again after so many seconds.
    TooMany {
        /// Seconds to wait.
        retry_after_s: i64,
    },
}

impl Refusal {
    /// Refuses one field.
    #[must_use]
    pub fn field(field: impl Into<String>, message: &'static str) -> Self {
        Self::Invalid(vec![Invalid::new(field, message)])
    }
}

/// Something of ours failed.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What failed, for the log; never shown to a user and free of personal data.
    pub what: String,
    /// Where it was first seen.
    pub at: &'static Location<'static>,
    /// What kind of failure it is, where somebody can act on it.
    pub kind: FaultKind,
}

/// Failures that the caller treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A bug or a broken part.
    Broken,
    /// The same transaction may succeed if it is run again (40001, 40P01, busy).
    Retry,
    /// The database or a peer cannot be reached now.
    Unavailable,
    /// No room left on the disk.
    Full,
}

impl Fault {
    /// A fault seen here.
    #[must_use]
    #[track_caller]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), at: Location::caller(), kind: FaultKind::Broken }
    }

    /// The same fault, of another kind.
    #[must_use]
    pub fn of(mut self, kind: FaultKind) -> Self {
        self.kind = kind;
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at {}:{})", self.what, self.at.file(), self.at.line())
    }
}

/// A refusal or a fault.
#[derive(Clone, Debug)]
pub enum Error {
    /// The user's.
    Refused(Refusal),
    /// Ours.
    Fault(Fault),
}

impl std::error::Error for Error {}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "refused: {refusal:?}"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<serde_json::Error> for Error {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(Fault::new(format!("json: {error}")))
    }
}

/// Collects what is wrong with a form, so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Check(Vec<Invalid>);

impl Check {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `message` for `field` unless `ok`.
    pub fn require(&mut self, ok: bool, field: &str, message: &'static str) -> &mut Self {
        if !ok {
            self.0.push(Invalid::new(field, message));
        }
        self
    }

    /// Adds what is wrong.
    pub fn push(&mut self, invalid: Invalid) -> &mut Self {
        self.0.push(invalid);
        self
    }

    /// Ends the check.
    ///
    /// # Errors
    /// All that was found wrong, as one refusal.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0).into()) }
    }
}
