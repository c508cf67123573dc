//! What a contact is.

use tanggap_kernel::Timestamp;

use crate::identity::{Email, Phone};
use crate::names;

tanggap_kernel::id!(
    /// A person or body that turned to us.
    ContactId
);

/// A person or body with the ways to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Its name as given.
    pub name: String,
    /// Its address as given; may be empty.
    pub address: String,
    /// The population number, where given; sixteen digits.
    pub nik: Option<String>,
    /// Telephone numbers, E.164.
    pub phones: Vec<String>,
    /// Mail addresses, lower case.
    pub emails: Vec<String>,
    /// Accounts at providers, as `telegram:123`.
    pub handles: Vec<String>,
    /// The contact that it says to be: name and a number or an address are the same, the rest is
    /// not. Nothing proves it, so nothing of the one is told to the other.
    pub same_as: Option<ContactId>,
    /// Since when we know it.
    pub created_at: Timestamp,
    /// How often it was changed.
    pub version: i64,
}

impl Contact {
    /// Its numbers or addresses of a kind.
    pub(crate) fn values_mut(&mut self, kind: IdentityKind) -> &mut Vec<String> {
        match kind {
            IdentityKind::Phone => &mut self.phones,
            IdentityKind::Email => &mut self.emails,
            IdentityKind::Handle => &mut self.handles,
        }
    }

    /// The name with all but the first letters hidden: `B••• S••••••`.
    #[must_use]
    pub fn masked_name(&self) -> String {
        names::masked(&self.name)
    }

    /// The first telephone as people write it, hidden in part where `masked`.
    #[must_use]
    pub fn phone(&self, masked: bool) -> Option<String> {
        let stored = self.phones.first()?;
        if masked {
            return Phone::mask_stored(stored).ok();
        }
        Some(Phone::parse(stored).ok()?.display().to_owned())
    }

    /// The first mail address, hidden in part where `masked`.
    #[must_use]
    pub fn email(&self, masked: bool) -> Option<String> {
        let email = Email::parse(self.emails.first()?).ok()?;
        Some(if masked { email.masked() } else { email.as_str().to_owned() })
    }
}

/// What kind of number or address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// A telephone number, E.164.
    Phone,
    /// A mail address, lower case.
    Email,
    /// An account at a provider, as `telegram:123`.
    Handle,
}

impl IdentityKind {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Handle => "handle",
        }
    }

    /// The kind that the database's word means.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Phone, Self::Email, Self::Handle].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How somebody is met who says who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// They stand before a member of staff.
    AtTheCounter,
    /// A member of staff has heard or read it: on the phone, in a letter.
    ByStaff,
    /// They say it themselves: in a form, a mail, a talk, through an application.
    ByThemself,
}

/// A contact as somebody names themself; numbers and addresses are already normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewContact {
    /// The name.
    pub name: String,
    /// The address; may be empty.
    pub address: String,
    /// The population number.
    pub nik: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Lower case.
    pub email: Option<String>,
    /// An account at a provider, as `telegram:123`: the provider has seen to it that it is theirs.
    pub handle: Option<String>,
}
