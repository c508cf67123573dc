//! Quick answers: texts that staff write often, the agency's and one's own, with variables that
//! the server fills in from what the writer may see.
//!
//! A body names only variables that exist: a mistyped one is refused when the text is saved, never
//! sent to a citizen. What cannot be filled in stays as `{{variable}}`, and a text in which one is
//! left is not sent.

use serde_json::json;
use tanggap_kernel::error::Check;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{
    Access, Event, Fault, Invalid, Permission, Refusal, Result, Subject, Timestamp, id, params,
};
use tanggap_store::{Row, Tx, sql};

const SHORTCUT_MAX: usize = 30;
const TITLE_MAX: usize = 80;
const BODY_MAX: usize = 4_000;
/// The most that an agency, or one of its people, has.
const MANY: i64 = 500;

id!(
    /// A quick answer.
    QuickId
);

sql! {
    FOR_USER = "select id, owner_id, shortcut, title, body, updated_at, version from quick_answers
        where agency_id = $1 and owner_id in (0, $2) order by owner_id desc, shortcut limit $3";
    FIND = "select id, owner_id, shortcut, title, body, updated_at, version from quick_answers
        where agency_id = $1 and id = $2";
    TAKEN = "select id from quick_answers where agency_id = $1 and owner_id = $2
        and shortcut = $3";
    COUNT = "select count(*) from quick_answers where agency_id = $1 and owner_id = $2";
    INSERT = "insert into quick_answers (agency_id, id, owner_id, shortcut, title, body,
        updated_at, version) values ($1, $2, $3, $4, $5, $6, $7, 1)";
    UPDATE = "update quick_answers set shortcut = $4, title = $5, body = $6, updated_at = $7,
        version = version + 1 where agency_id = $1 and id = $2 and version = $3";
    DELETE = "delete from quick_answers where agency_id = $1 and id = $2";
}

/// What the server can fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variable {
    /// The citizen's name.
    Name,
    /// The report's code.
    Code,
    /// The unit in charge.
    Unit,
    /// The day by which the report is answered.
    Deadline,
    /// Who writes.
    Officer,
    /// The agency.
    Agency,
}

impl Variable {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 6] =
        [Self::Name, Self::Code, Self::Unit, Self::Deadline, Self::Officer, Self::Agency];

    /// Its word between the braces, in Indonesian for all staff: texts are shared.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "nama",
            Self::Code => "kode",
            Self::Unit => "unit",
            Self::Deadline => "tenggat",
            Self::Officer => "petugas",
            Self::Agency => "instansi",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        Self::ALL.into_iter().find(|known| known.word().eq_ignore_ascii_case(word))
    }
}

/// A stretch of a text.
enum Part<'a> {
    Words(&'a str),
    /// What stands between braces, without and with them.
    Gap(&'a str, &'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(from) = rest.find("{{") {
        let Some(length) = rest[from + 2..].find("}}") else { break };
        let to = from + 2 + length + 2;
        parts.push(Part::Words(&rest[..from]));
        parts.push(Part::Gap(&rest[from + 2..to - 2], &rest[from..to]));
        rest = &rest[to..];
    }
    parts.push(Part::Words(rest));
    parts
}

/// The first thing between braces that is no variable, or braces that are not closed.
#[must_use]
pub fn unknown(body: &str) -> Option<String> {
    parts(body).into_iter().find_map(|part| match part {
        Part::Gap(word, _) if Variable::parse(word).is_none() => Some(word.trim().to_owned()),
        Part::Words(words) => words.find("{{").map(|from| words[from..].chars().take(20).collect()),
        Part::Gap(..) => None,
    })
}

/// Whether a body asks for a variable.
#[must_use]
pub fn asks_for(body: &str, variable: Variable) -> bool {
    let is =
        |part: &Part<'_>| matches!(part, Part::Gap(w, _) if Variable::parse(w) == Some(variable));
    parts(body).iter().any(is)
}

/// The body with its variables filled in; one for which `value` has nothing stays as it is. What
/// is filled in is never read as a variable again.
#[must_use]
pub fn filled(body: &str, value: impl Fn(Variable) -> Option<String>) -> String {
    let mut text = String::with_capacity(body.len());
    for part in parts(body) {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Gap(word, whole) => match Variable::parse(word).and_then(&value) {
                Some(value) => text.push_str(&value),
                None => text.push_str(whole),
            },
        }
    }
    text
}

/// Refuses a text for a citizen in which a variable was left unfilled.
///
/// # Errors
/// What is left, for the field `text`.
pub fn check_filled(text: &str) -> Result<()> {
    match Variable::ALL.into_iter().find(|variable| asks_for(text, *variable)) {
        None => Ok(()),
        Some(left) => {
            let invalid = Invalid::new("text", "quick-invalid-left").arg("variable", left.word());
            Err(Refusal::Invalid(vec![invalid]).into())
        }
    }
}

/// A text that is written often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quick {
    /// Its id.
    pub id: QuickId,
    /// Whose own it is; nobody's: the agency's.
    pub owner_id: Option<UserId>,
    /// What one types after a slash to find it.
    pub shortcut: String,
    /// What it is for.
    pub title: String,
    /// The text, with variables.
    pub body: String,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

impl Quick {
    /// Whether all words of `query` occur in it, whatever their case.
    #[must_use]
    pub fn matches(&self, query: &str) -> bool {
        let own = format!("{} {} {}", self.shortcut, self.title, self.body).to_lowercase();
        query.to_lowercase().split_whitespace().all(|word| own.contains(word))
    }
}

/// A quick answer as it is written.
#[derive(Clone, Debug, Default)]
pub struct QuickInput {
    /// Whether it is the agency's.
    pub shared: bool,
    /// What one types after a slash to find it.
    pub shortcut: String,
    /// What it is for.
    pub title: String,
    /// The text, with variables.
    pub body: String,
}

/// Whether somebody has quick answers of their own: whoever writes to citizens.
#[must_use]
pub fn may_use(access: &Access) -> bool {
    access.can_somewhere(Permission::CaseWrite) || access.can_somewhere(Permission::TalkWrite)
}

/// Whether somebody may change the agency's.
#[must_use]
pub fn may_share(access: &Access) -> bool {
    access.can(Permission::OrgManage, None)
}

/// One's own and the agency's, one's own first.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn all(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Quick>> {
    if !may_use(access) && !may_share(access) {
        return Err(Refusal::Forbidden.into());
    }
    let user = access.user().map_or(0, |user| user.0);
    Ok(tx.all(&FOR_USER, params![access.agency_id, user, 2 * MANY], read)?)
}

/// One of them; a colleague's own is not there.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: QuickId) -> Result<Quick> {
    let found = tx.opt(&FIND, params![access.agency_id, id], read)?;
    let theirs = |quick: &Quick| match quick.owner_id {
        None => may_use(access) || may_share(access),
        owner => owner == access.user(),
    };
    Ok(found.filter(theirs).ok_or(Refusal::NotFound)?)
}

fn owner_of(access: &Access, shared: bool) -> Result<i64> {
    match (shared, access.user()) {
        (true, _) if may_share(access) => Ok(0),
        (false, Some(user)) if may_use(access) => Ok(user.0),
        _ => Err(Refusal::Forbidden.into()),
    }
}

fn checked(
    tx: &mut Tx<'_>,
    access: &Access,
    owner: i64,
    id: Option<QuickId>,
    input: &QuickInput,
) -> Result<(String, String, String)> {
    let shortcut = input.shortcut.trim().trim_start_matches('/').to_lowercase();
    let (title, body) = (input.title.trim().to_owned(), input.body.trim().to_owned());
    let mut check = Check::new();
    for (field, text, max) in [
        ("shortcut", &shortcut, SHORTCUT_MAX),
        ("title", &title, TITLE_MAX),
        ("body", &body, BODY_MAX),
    ] {
        check.require(!text.is_empty(), field, "ui-invalid-required");
        if text.chars().count() > max {
            check.push(Invalid::new(field, "ui-invalid-long").arg("max", max));
        }
    }
    let plain = shortcut.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    check.require(plain, "shortcut", "quick-invalid-shortcut");
    if let Some(word) = unknown(&body) {
        let known = Variable::ALL.map(|known| format!("{{{{{}}}}}", known.word())).join(", ");
        let invalid = Invalid::new("body", "quick-invalid-variable");
        check.push(invalid.arg("variable", word).arg("known", known));
    }
    let key = params![access.agency_id, owner, &shortcut];
    let taken: Option<QuickId> = tx.opt(&TAKEN, key, |row| row.int())?;
    check.require(taken.is_none() || taken == id, "shortcut", "quick-invalid-taken");
    if id.is_none() {
        let many: i64 = tx.one(&COUNT, params![access.agency_id, owner], |row| row.int())?;
        check.require(many < MANY, "title", "quick-invalid-many");
    }
    check.done()?;
    Ok((shortcut, title, body))
}

/// Adds one.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Invalid`] (an unknown variable, a shortcut that is taken),
/// or a fault.
pub fn create(tx: &mut Tx<'_>, access: &Access, input: &QuickInput) -> Result<QuickId> {
    let owner = owner_of(access, input.shared)?;
    let (shortcut, title, body) = checked(tx, access, owner, None, input)?;
    let (id, now): (QuickId, _) = (tx.id(), tx.now());
    tx.put(&INSERT, params![access.agency_id, id, owner, &shortcut, &title, &body, now])?;
    announce(tx, access, "quick.created", id, &title, owner);
    Ok(id)
}

/// Changes one; whose it is stays.
///
/// # Errors
/// As [`create`]; [`Refusal::NotFound`], [`Refusal::Stale`].
pub fn update(
    tx: &mut Tx<'_>,
    access: &Access,
    id: QuickId,
    version: i64,
    input: &QuickInput,
) -> Result<()> {
    let known = get(tx, access, id)?;
    let owner = owner_of(access, known.owner_id.is_none())?;
    let (shortcut, title, body) = checked(tx, access, owner, Some(id), input)?;
    let now = tx.now();
    let row = params![access.agency_id, id, version, &shortcut, &title, &body, now];
    if tx.exec(&UPDATE, row)? == 0 {
        return Err(Refusal::Stale.into());
    }
    announce(tx, access, "quick.changed", id, &title, owner);
    Ok(())
}

/// Takes one away.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], or a fault.
pub fn delete(tx: &mut Tx<'_>, access: &Access, id: QuickId) -> Result<()> {
    let known = get(tx, access, id)?;
    let owner = owner_of(access, known.owner_id.is_none())?;
    tx.put(&DELETE, params![access.agency_id, id])?;
    announce(tx, access, "quick.deleted", id, &known.title, owner);
    Ok(())
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    id: QuickId,
    title: &str,
    owner: i64,
) {
    let subject = Subject { kind: "quick", id: id.0 };
    let event = Event::new(access.agency_id, kind, subject, access.actor);
    tx.announce(event.with(json!({ "name": title, "shared": owner == 0 })));
}

fn read(row: &mut Row<'_>) -> Result<Quick, Fault> {
    let (id, owner) = (row.int()?, row.int::<i64>()?);
    Ok(Quick {
        id,
        owner_id: (owner != 0).then_some(UserId(owner)),
        shortcut: row.text()?,
        title: row.text()?,
        body: row.text()?,
        updated_at: row.int()?,
        version: row.int()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_variables_are_found() {
        for good in ["Halo {{nama}}, laporan {{ Kode }}.", "Tanpa apa-apa", "{satu} }} dua", ""] {
            assert_eq!(unknown(good), None, "{good}");
        }
        for (bad, word) in [
            ("Halo {{nmaa}}", "nmaa"),
            ("{{nama}} {{}}", ""),
            ("{{nama}} dan {{kode", "{{kode"),
            ("{{ {{nama}} }}", "{{nama"),
        ] {
            assert_eq!(unknown(bad).as_deref(), Some(word), "{bad}");
        }
    }

    #[test]
    fn what_is_filled_in_is_no_variable_again() {
        let value = |variable| match variable {
            Variable::Name => Some("{{kode}} Siti".to_owned()),
            Variable::Officer => Some("Rina".to_owned()),
            _ => None,
        };
        assert_eq!(
            filled("Halo {{nama}}, {{KODE}}. {{ petugas }}", value),
            "Halo {{kode}} Siti, {{KODE}}. Rina"
        );
    }

    #[test]
    fn a_text_with_a_variable_left_is_not_sent() {
        assert!(check_filled("Sampai {{tenggat}}.").is_err());
        assert!(check_filled("Rumus {{x}} dan {tenggat}.").is_ok(), "a citizen's braces are words");
    }
}
