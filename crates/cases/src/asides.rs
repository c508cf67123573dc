//! What staff say to each other beside a talk: a supervisor's whisper, a question to a colleague or
//! a unit and the advice that comes back; silent looking, and taking a talk over.
//!
//! Nothing of it is a message: it lies in a table of its own that no channel, receipt, transcript
//! or page of a citizen reads. The events tell who and when, never what.

use serde_json::json;
use tanggap_conversations::{InteractionId, Talk, TalkState};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{
    Access, Event, Fault, Invalid, Permission, Refusal, Result, Subject, Timestamp, id, params,
};
use tanggap_store::{Row, Tx, sql};

use crate::{rules, talking};

/// The longest aside.
pub const TEXT_MAX: usize = 2_000;
/// Who looks again after so long, looks anew.
const LOOK_MICROS: i64 = 10 * Timestamp::MINUTE;
/// The most asides of a talk that are shown, and the most open questions.
const SHOWN_MAX: i64 = 500;

id!(
    /// Something said beside a talk.
    AsideId
);

sql! {
    INSERT = "insert into talk_asides (agency_id, id, interaction_id, kind, by_id, to_id, to_unit,
        question_id, body, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    OF_TALK = "select id, interaction_id, kind, by_id, to_id, to_unit, question_id, body, at,
        answered_at from talk_asides where agency_id = $1 and interaction_id = $2
        order by id desc limit $3";
    GET = "select id, interaction_id, kind, by_id, to_id, to_unit, question_id, body, at,
        answered_at from talk_asides where agency_id = $1 and id = $2";
    OPEN = "select id, interaction_id, kind, by_id, to_id, to_unit, question_id, body, at,
        answered_at from talk_asides where agency_id = $1 and kind = 'question'
        and answered_at is null order by id limit $2";
    ANSWERED = "update talk_asides set answered_at = $3
        where agency_id = $1 and id = $2 and answered_at is null";
    WATCHED = "select seen_at from talk_watches
        where agency_id = $1 and interaction_id = $2 and user_id = $3";
    WATCH = "insert into talk_watches (agency_id, interaction_id, user_id, seen_at)
        values ($1, $2, $3, $4) on conflict (agency_id, interaction_id, user_id)
        do update set seen_at = excluded.seen_at";
}

/// What was said, beside a talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A supervisor to whoever is at the talk.
    Whisper,
    /// Whoever is at the talk to a colleague or a unit.
    Question,
    /// What they say to it.
    Advice,
    /// A supervisor took the talk over.
    Taken,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Whisper, Self::Question, Self::Advice, Self::Taken];

    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            Self::Question => "question",
            Self::Advice => "advice",
            Self::Taken => "taken",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Its id.
    pub id: AsideId,
    /// Beside which talk.
    pub talk: InteractionId,
    /// What it is.
    pub kind: Kind,
    /// Who said it.
    pub by: UserId,
    /// The person whom it asks, or from whom the talk was taken.
    pub to: Option<UserId>,
    /// The unit that it asks.
    pub unit: Option<UnitId>,
    /// The question that it answers.
    pub question: Option<AsideId>,
    /// What was said, plain text.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// When a question was answered.
    pub answered_at: Option<Timestamp>,
}

impl Aside {
    /// Whether a question asks this person, or a unit of theirs.
    #[must_use]
    pub fn asks(&self, access: &Access) -> bool {
        let me = access.user().is_some() && self.to == access.user();
        me || self.unit.is_some_and(|unit| access.member_of.contains(&unit))
    }
}

/// Whom a question asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A colleague.
    Person(UserId),
    /// Whoever of a unit answers first.
    Unit(UnitId),
}

fn words(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::field("aside", "ui-invalid-required").into());
    }
    if text.chars().count() > TEXT_MAX {
        let long = Invalid::new("aside", "ui-invalid-long").arg("max", TEXT_MAX);
        return Err(Refusal::Invalid(vec![long]).into());
    }
    Ok(text)
}

fn going(talk: &Talk) -> Result<()> {
    match talk.state {
        TalkState::Ended => Err(Refusal::Illegal("talk-illegal-ended").into()),
        _ => Ok(()),
    }
}

/// A supervisor looks at somebody else's talk: nobody is told but the log, once for each while.
/// `false`: it is not so that one watches.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn watch(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<bool> {
    let (talk, _) = talking::open(tx, access, id)?;
    let Some(user) = access.user() else { return Ok(false) };
    let others = talk.owner_id.is_some_and(|owner| owner != user);
    if !access.can(Permission::TalkSupervise, None) || !others || going(&talk).is_err() {
        return Ok(false);
    }
    let now = tx.now();
    let key = params![access.agency_id, id, user];
    let seen: Option<Timestamp> = tx.opt(&WATCHED, key, |row| row.int())?;
    tx.put(&WATCH, params![access.agency_id, id, user, now])?;
    if seen.is_none_or(|seen| seen.plus(LOOK_MICROS) < now) {
        announce(tx, access, "watch.begun", id, json!({ "owner": talk.owner_id }));
    }
    Ok(true)
}

/// A line to whoever is at a talk.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], [`Refusal::Invalid`], or [`Refusal::Illegal`]
/// where it has ended.
pub fn whisper(tx: &mut Tx<'_>, access: &Access, id: InteractionId, text: &str) -> Result<()> {
    let (talk, _) = talking::open(tx, access, id)?;
    access.require(Permission::TalkSupervise, None)?;
    going(&talk)?;
    let text = words(text)?;
    insert(tx, access, &New { to: talk.owner_id, ..New::of(id, Kind::Whisper, text) })?;
    announce(tx, access, "talk.whispered", id, json!({ "told": [talk.owner_id] }));
    Ok(())
}

/// A supervisor takes a talk from whoever is at it, who is told.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], or [`Refusal::Illegal`] where it has ended or
/// nobody else has it.
pub fn take_over(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<Talk> {
    let (talk, _) = talking::open(tx, access, id)?;
    access.require(Permission::TalkSupervise, None)?;
    going(&talk)?;
    let from = talk.owner_id.filter(|owner| Some(*owner) != access.user());
    let from = from.ok_or(Refusal::Illegal("aside-illegal-nobody"))?;
    take(tx, access, id, Some(from))
}

/// Takes a talk for oneself. `from`: the colleague of whom one has said that it is taken from
/// them; they are told.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], or [`Refusal::Illegal`] where it has ended, or a
/// colleague is at it whom `from` does not name.
pub fn take(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    from: Option<UserId>,
) -> Result<Talk> {
    let (talk, _) = talking::open(tx, access, id)?;
    let user = access.user().ok_or(Refusal::Forbidden)?;
    let theirs = talk.owner_id.filter(|owner| *owner != user);
    if theirs.is_some() && theirs != from {
        going(&talk)?;
        return Err(Refusal::Illegal("talk-illegal-theirs").into());
    }
    talking::check_take(tx, access, &talk)?;
    let talk = talking::assign(tx, access, id, Some(user))?;
    if let Some(from) = theirs {
        insert(tx, access, &New { to: Some(from), ..New::of(id, Kind::Taken, "") })?;
        announce(tx, access, "talk.taken_over", id, json!({ "told": [from], "owner": user }));
    }
    Ok(talk)
}

/// Asks a colleague or a unit; the talk stays where it is.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], [`Refusal::Invalid`] where nobody can be asked
/// so or the talk is about them, or [`Refusal::Illegal`] where it has ended.
pub fn ask(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    asked: Asked,
    text: &str,
) -> Result<AsideId> {
    let (talk, case) = talking::open(tx, access, id)?;
    access.require(Permission::TalkWrite, None)?;
    going(&talk)?;
    let text = words(text)?;
    let wrong = || Refusal::field("to", "ui-invalid-choice");
    let new = New::of(id, Kind::Question, text);
    let (new, facts) = match asked {
        Asked::Person(person) => {
            let known = tanggap_org::user(tx, access, person)?.filter(|user| user.active);
            let known = known.filter(|_| Some(person) != access.user()).ok_or_else(wrong)?;
            let theirs = tanggap_org::access_of(tx, access.agency_id, &known)?;
            if case.is_some_and(|case| rules::is_about(&case, &theirs)) {
                return Err(Refusal::field("to", "aside-invalid-concerned").into());
            }
            (New { to: Some(person), ..new }, json!({ "told": [person] }))
        }
        Asked::Unit(unit) => {
            let units = tanggap_org::units(tx, access)?;
            let known = units.iter().any(|known| known.id == unit && known.active);
            if !known {
                return Err(wrong().into());
            }
            // Whoever is complained of may be in the unit: then single persons are asked.
            if case.is_some_and(|c| c.reported_user_id.is_some() || c.reported_unit_id.is_some()) {
                return Err(Refusal::field("to", "aside-invalid-concerned").into());
            }
            (New { unit: Some(unit), ..new }, json!({ "unit": unit }))
        }
    };
    let question = insert(tx, access, &new)?;
    announce(tx, access, "talk.asked", id, facts);
    Ok(question)
}

/// A question that asks one, open or answered.
///
/// # Errors
/// [`Refusal::NotFound`] where there is none or it asks somebody else.
pub fn question(tx: &mut Tx<'_>, access: &Access, id: AsideId) -> Result<Aside> {
    let found = tx.opt(&GET, params![access.agency_id, id], read)?;
    let found = found.filter(|aside| aside.kind == Kind::Question && aside.asks(access));
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// The open questions that ask one, the oldest first.
///
/// # Errors
/// A fault of the engine.
pub fn questions(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Aside>> {
    let mut open = tx.all(&OPEN, params![access.agency_id, SHOWN_MAX], read)?;
    open.retain(|aside| aside.asks(access));
    Ok(open)
}

/// Says something to a question; only whoever is at the talk and other staff see it.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Invalid`], or [`Refusal::Illegal`] where somebody of the unit
/// was quicker.
pub fn advise(tx: &mut Tx<'_>, access: &Access, id: AsideId, text: &str) -> Result<()> {
    let asked = question(tx, access, id)?;
    let text = words(text)?;
    let now = tx.now();
    if tx.exec(&ANSWERED, params![access.agency_id, id, now])? == 0 {
        return Err(Refusal::Illegal("aside-illegal-answered").into());
    }
    let new = New::of(asked.talk, Kind::Advice, text);
    insert(tx, access, &New { to: Some(asked.by), question: Some(id), ..new })?;
    let mut facts = json!({ "told": [asked.by] });
    if let Some(unit) = asked.unit {
        facts["unit"] = json!(unit);
    }
    announce(tx, access, "talk.advised", asked.talk, facts);
    Ok(())
}

/// What was said beside a talk, the oldest first, for those who may see the talk.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn of_talk(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<Vec<Aside>> {
    talking::open(tx, access, id)?;
    let mut found = tx.all(&OF_TALK, params![access.agency_id, id, SHOWN_MAX], read)?;
    found.reverse();
    Ok(found)
}

struct New<'a> {
    talk: InteractionId,
    kind: Kind,
    to: Option<UserId>,
    unit: Option<UnitId>,
    question: Option<AsideId>,
    body: &'a str,
}

impl<'a> New<'a> {
    const fn of(talk: InteractionId, kind: Kind, body: &'a str) -> Self {
        Self { talk, kind, to: None, unit: None, question: None, body }
    }
}

fn insert(tx: &mut Tx<'_>, access: &Access, new: &New<'_>) -> Result<AsideId> {
    let by = access.user().ok_or(Refusal::Forbidden)?;
    let (id, now): (AsideId, _) = (tx.id(), tx.now());
    let kind = new.kind.as_str();
    let row = params![
        access.agency_id,
        id,
        new.talk,
        kind,
        by,
        new.to,
        new.unit,
        new.question,
        new.body,
        now
    ];
    tx.put(&INSERT, row)?;
    Ok(id)
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    id: InteractionId,
    mut facts: serde_json::Value,
) {
    facts["talk"] = json!(id.to_string());
    // Looking is about no page that others have open.
    let about = if kind == "watch.begun" { "watch" } else { "talk" };
    let subject = Subject { kind: about, id: id.0 };
    tx.announce(Event::new(access.agency_id, kind, subject, access.actor).with(facts));
}

fn read(row: &mut Row<'_>) -> Result<Aside, Fault> {
    let (id, talk, word) = (row.int()?, row.int()?, row.text()?);
    Ok(Aside {
        id,
        talk,
        kind: Kind::parse(&word).ok_or_else(|| Fault::new(format!("aside: {word}")))?,
        by: row.int()?,
        to: row.opt_int()?,
        unit: row.opt_int()?,
        question: row.opt_int()?,
        body: row.text()?,
        at: row.int()?,
        answered_at: row.opt_int()?,
    })
}
