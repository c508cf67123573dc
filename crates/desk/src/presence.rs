//! Who else looks at a case or a talk, and who is writing: known to this node only, forgotten after
//! 45 seconds, and no more than a courtesy; what keeps people from overwriting each other is the
//! version in their forms.
//!
//! A place is named by its live topic (`case:…`, `talk:…`); one path serves both.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Extension, Form, Path, State};
use axum::response::Response;
use serde::Deserialize;
use tanggap_cases::model::Case;
use tanggap_cases::{actions, talking};
use tanggap_conversations::InteractionId;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{AgencyId, Permission, Refusal, Timestamp};
use tanggap_org::door::Staff;
use tanggap_ui::{Ctx, Failed, Text, respond};

use crate::stream;

/// How long somebody counts as looking after their last sign.
const FORGET_MICROS: i64 = 45 * Timestamp::SECOND;
/// How long somebody counts as writing after their words were kept: a page gives a sign more often.
const WRITES_MICROS: i64 = 20 * Timestamp::SECOND;
/// More places than that at once begin anew.
const PLACES_MAX: usize = 20_000;

#[derive(Clone, Debug)]
struct Looking {
    user: UserId,
    name: String,
    until: Timestamp,
    writes_until: Timestamp,
}

/// Somebody who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Here {
    pub name: String,
    pub writes: bool,
}

/// Who looks at what.
#[derive(Clone, Default)]
pub(crate) struct Presence(Arc<Mutex<ByPlace>>);

type ByPlace = HashMap<(AgencyId, String), Vec<Looking>>;

impl Presence {
    /// Notes that somebody looks, or writes; tells whether that changed who does.
    fn note(
        &self,
        (agency, topic): (AgencyId, &str),
        (user, name): (UserId, &str),
        writes: bool,
        now: Timestamp,
    ) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PLACES_MAX {
            known.clear();
        }
        let here = known.entry((agency, topic.to_owned())).or_default();
        let state = |here: &[Looking]| -> Vec<(UserId, bool)> {
            here.iter().map(|looking| (looking.user, looking.writes_until > now)).collect()
        };
        let before = state(here);
        let wrote = here.iter().find(|looking| looking.user == user);
        let wrote = wrote.map_or(now, |looking| looking.writes_until);
        here.retain(|looking| looking.user != user && looking.until > now);
        here.push(Looking {
            user,
            name: name.to_owned(),
            until: now.plus(FORGET_MICROS),
            writes_until: if writes { now.plus(WRITES_MICROS) } else { wrote },
        });
        here.sort_by_key(|looking| looking.user);
        before != state(here)
    }

    /// Nobody waits for the words of who has sent them.
    fn sent(&self, agency: AgencyId, topic: &str, user: UserId, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = known.get_mut(&(agency, topic.to_owned()));
        for looking in here.into_iter().flatten().filter(|looking| looking.user == user) {
            looking.writes_until = now;
        }
    }

    /// Those who look now, but for `but`.
    pub(crate) fn here(
        &self,
        agency: AgencyId,
        topic: &str,
        but: Option<UserId>,
        now: Timestamp,
    ) -> Vec<Here> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = known.get(&(agency, topic.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let here = here.iter().filter(|looking| looking.until > now && Some(looking.user) != but);
        let one = |looking: &Looking| Here {
            name: looking.name.clone(),
            writes: looking.writes_until > now,
        };
        here.map(one).collect()
    }

    /// The line for somebody who opens a page: they are there too.
    pub(crate) fn line_for(&self, staff: &Staff, topic: &str, now: Timestamp) -> String {
        let mut here = self.here(staff.agency.id, topic, Some(staff.user.id), now);
        here.push(Here { name: staff.user.name.clone(), writes: false });
        line(staff.text(), &here)
    }
}

/// The line that names who looks; the same for all who look, so it names all of them.
pub(crate) fn line(text: Text, here: &[Here]) -> String {
    if here.len() < 2 {
        return String::new();
    }
    let one = |one: &Here| match one.writes {
        true => text.t1("desk-presence-writes", "name", one.name.as_str()).into_owned(),
        false => one.name.clone(),
    };
    let names: Vec<String> = here.iter().map(one).collect();
    text.t1("desk-presence", "names", names.join(", ")).into_owned()
}

/// Notes a sign of somebody, tells all who look where that changed who does, and gives the line.
fn sign(
    ctx: &Ctx,
    presence: &Presence,
    staff: &Staff,
    (topic, about): (&str, Option<&Case>),
    writes: bool,
) -> String {
    let (agency, now) = (staff.agency.id, ctx.now());
    let changed = presence.note((agency, topic), (staff.user.id, &staff.user.name), writes, now);
    let here = presence.here(agency, topic, None, now);
    if changed {
        stream::tell_presence(ctx, agency, (topic, about), &here);
    }
    stream::presence_html(staff.text(), topic, &here).unwrap_or_default()
}

/// Somebody's words at a place, which may be about a case, were kept: they are writing.
pub(crate) fn writes(
    ctx: &Ctx,
    presence: &Presence,
    staff: &Staff,
    (topic, about): (&str, Option<&Case>),
) {
    sign(ctx, presence, staff, (topic, about), true);
}

/// Somebody's words at a place went out.
pub(crate) fn sent(ctx: &Ctx, presence: &Presence, staff: &Staff, topic: &str) {
    presence.sent(staff.agency.id, topic, staff.user.id, ctx.now());
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sign {
    #[serde(default)]
    csrf: String,
}

/// `POST /meja/{code}/hadir`, every 15 seconds while a case is in sight and whenever it was shown
/// anew. The answer tells who looks: a page that was made before somebody came may be shown after
/// all others were told.
pub(crate) async fn ping(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    Path(code): Path<String>,
    staff: Staff,
    Form(typed): Form<Sign>,
) -> Result<Response, Failed> {
    staff.check_csrf(&typed.csrf)?;
    let access = staff.access.clone();
    let case = ctx.db.read(move |tx| actions::load_by_code(tx, &access, &code)).await?;
    let topic = stream::topic_of(case.id);
    Ok(respond::streams(sign(&ctx, &presence, &staff, (&topic, Some(&case)), false)))
}

/// `POST /percakapan/{id}/hadir`: the same for a talk.
pub(crate) async fn ping_talk(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    Path(id): Path<String>,
    staff: Staff,
    Form(typed): Form<Sign>,
) -> Result<Response, Failed> {
    staff.check_csrf(&typed.csrf)?;
    let (access, talk) = (staff.access.clone(), InteractionId::parse(&id));
    let talk = talk.ok_or(Refusal::NotFound)?;
    let (going, case) = ctx.db.read(move |tx| talking::open(tx, &access, talk)).await?;
    // A supervisor looks at somebody else's talk unannounced.
    let others = going.owner_id.is_some_and(|owner| owner != staff.user.id);
    if others && staff.access.can(Permission::TalkSupervise, None) {
        return Ok(respond::streams(String::new()));
    }
    let topic = stream::topic_of_talk(talk);
    Ok(respond::streams(sign(&ctx, &presence, &staff, (&topic, case.as_ref()), false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_is_marked_until_they_stop_or_send() {
        let (presence, place) = (Presence::default(), (AgencyId(1), "talk:a"));
        let at = |seconds: i64| Timestamp::from_micros(0).plus(seconds * Timestamp::SECOND);
        let (ani, budi) = ((UserId(1), "Ani"), (UserId(2), "Budi"));
        let writes = |seconds| -> Vec<bool> {
            let here = presence.here(place.0, place.1, None, at(seconds));
            here.into_iter().map(|here| here.writes).collect()
        };
        assert!(presence.note(place, ani, false, at(0)));
        assert!(presence.note(place, budi, false, at(1)));
        assert!(presence.note(place, budi, true, at(2)), "somebody began to write");
        assert!(!presence.note(place, budi, false, at(10)), "a sign of looking ends no writing");
        assert_eq!(writes(12), [false, true]);
        assert_eq!(writes(30), [false, false]);
        presence.note(place, ani, true, at(30));
        presence.sent(place.0, place.1, ani.0, at(31));
        assert_eq!(writes(31), [false, false]);
        assert!(presence.here(AgencyId(2), place.1, None, at(31)).is_empty(), "another agency");
    }
}
