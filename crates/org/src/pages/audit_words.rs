//! The log in words: what happened, to what and with which facts, as people name these things. What
//! has no words here (an event of a newer program) is shown as it stands in the log.

use std::collections::HashMap;

use serde_json::Value;
use tanggap_kernel::access::Permission;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Actor, Result, Timestamp, id};
use tanggap_store::Tx;
use tanggap_ui::{Text, i18n};

use crate::model::{CalendarId, CategoryId};
use crate::rules::Role;
use crate::store::{self, audit};

/// Numbers above this are instants: 2001-09-09 in microseconds.
const INSTANTS: i64 = 1_000_000_000_000_000;
/// Facts that say nothing to people (ids, whom a page tells), or are told beside the event already.
const UNTOLD: [&str; 14] = [
    "version", "code", "recount", "old_at", "new_at", "inquiry", "talk", "told", "queue", "queues",
    "rules", "about", "vouches", "erases",
];

/// The names of all that a stretch of the log speaks of.
#[derive(Default)]
pub(super) struct Names {
    people: HashMap<UserId, String>,
    units: HashMap<UnitId, String>,
    calendars: HashMap<CalendarId, String>,
    categories: HashMap<CategoryId, String>,
    cases: HashMap<i64, String>,
}

impl Names {
    /// Reads the names that these entries need.
    pub(super) fn of(tx: &mut Tx<'_>, access: &Access, entries: &[audit::Entry]) -> Result<Self> {
        let locale = access.locale;
        let (mut people, mut cases) = (Vec::new(), Vec::new());
        for entry in entries {
            people.extend(entry.user());
            match entry.subject_kind.as_str() {
                "user" => people.push(UserId(entry.subject_id)),
                "case" => cases.push(entry.subject_id),
                _ => {}
            }
            let Ok(Value::Object(facts)) = serde_json::from_str(&entry.body) else { continue };
            let ids = |name: &str| facts.get(name).and_then(Value::as_str).and_then(id::from_text);
            people.extend(["owner", "from"].iter().filter_map(|name| ids(name)).map(UserId));
            cases.extend(["case", "of"].iter().filter_map(|name| ids(name)));
        }
        let unit = |unit: crate::Unit| (unit.id, unit.name_in(locale).to_owned());
        let category = |found: crate::Category| (found.id, found.name_in(locale).to_owned());
        Ok(Self {
            people: store::names(tx, access, &people)?,
            units: store::units(tx, access)?.into_iter().map(unit).collect(),
            calendars: store::calendars(tx, access)?.into_iter().map(|c| (c.id, c.name)).collect(),
            categories: store::categories(tx, access)?.into_iter().map(category).collect(),
            cases: audit::codes(tx, access, &cases)?,
        })
    }
}

/// A name, and where its bearer is found by whoever may look.
#[derive(Default)]
pub(super) struct Named {
    pub name: String,
    pub href: String,
}

/// Turns entries into words for one reader.
pub(super) struct Words<'a> {
    pub text: Text,
    pub access: &'a Access,
    pub names: &'a Names,
}

impl Words<'_> {
    /// What happened; where there are no words for it, its name in the log.
    pub(super) fn label(&self, kind: &str) -> String {
        self.word(&format!("org-event-{}", dashed(kind)), kind)
    }

    /// The text of a key, else the word itself.
    fn word(&self, key: &str, word: &str) -> String {
        let told = i18n::t_opt(self.text.locale, key);
        told.map_or_else(|| word.to_owned(), |told| told.into_owned())
    }

    fn link(&self, permission: Permission, place: &str, id: impl std::fmt::Display) -> String {
        let may = self.access.can(permission, None);
        if may { format!("{place}/{id}") } else { String::new() }
    }

    fn person(&self, id: UserId) -> Named {
        let name = self.names.people.get(&id).cloned();
        let known = name.is_some();
        Named {
            name: name.unwrap_or_else(|| id.to_string()),
            href: match known {
                true => self.link(Permission::OrgRead, "/pengaturan/orang", id),
                false => String::new(),
            },
        }
    }

    /// Who did it.
    pub(super) fn actor(&self, actor: &str) -> Named {
        let words = |key: &str| Named { name: self.text.t(key).into_owned(), href: String::new() };
        match Actor::parse(actor) {
            Some(Actor::User(id)) => self.person(id),
            Some(Actor::Citizen) => words("org-actor-citizen"),
            Some(Actor::System) => words("org-actor-system"),
            Some(Actor::Token(_)) => words("org-actor-token"),
            None => Named { name: actor.to_owned(), href: String::new() },
        }
    }

    /// What it happened to, by the name that people know.
    pub(super) fn subject(&self, kind: &str, id: i64) -> Named {
        let names = self.names;
        let found = match kind {
            "case" => names.cases.get(&id).map(|code| {
                let href = self.link(Permission::CaseRead, "/meja", code);
                (code.clone(), href)
            }),
            "user" => {
                let person = self.person(UserId(id));
                Some((person.name, person.href))
            }
            "unit" => names.units.get(&UnitId(id)).map(|name| {
                let href = self.link(Permission::OrgRead, "/pengaturan/unit", UnitId(id));
                (name.clone(), href)
            }),
            "calendar" => names.calendars.get(&CalendarId(id)).map(|name| {
                let href = self.link(Permission::OrgRead, "/pengaturan/kalender", CalendarId(id));
                (name.clone(), href)
            }),
            "category" => names.categories.get(&CategoryId(id)).map(|name| {
                let href = self.link(Permission::OrgRead, "/pengaturan/kategori", CategoryId(id));
                (name.clone(), href)
            }),
            "agency" if id == self.access.agency_id.0 => {
                let may = self.access.can(Permission::OrgRead, None);
                let href = if may { "/pengaturan/instansi" } else { "" };
                Some((String::new(), href.to_owned()))
            }
            _ => None,
        };
        let kind = self.word(&format!("org-subject-{}", dashed(kind)), kind);
        match found {
            Some((name, href)) if name.is_empty() => Named { name: kind, href },
            Some((name, href)) => Named { name: format!("{kind} {name}"), href },
            None => Named { name: format!("{kind} {}", id::to_text(id)), href: String::new() },
        }
    }

    /// The facts of an event in one line: `Unit: Dinas PU, Waktu tindak lanjut: 5`.
    pub(super) fn facts(&self, body: &str) -> String {
        match serde_json::from_str(body) {
            Ok(Value::Object(facts)) => self.told(&facts),
            _ => body.to_owned(),
        }
    }

    fn told(&self, facts: &serde_json::Map<String, Value>) -> String {
        let told = facts.iter().filter(|(name, value)| {
            !value.is_null() && **value != "" && !UNTOLD.contains(&name.as_str())
        });
        let words = told.map(|(name, value)| {
            format!(
                "{}: {}",
                self.word(&format!("org-fact-{}", dashed(name)), name),
                self.value(name, value)
            )
        });
        words.collect::<Vec<_>>().join("; ")
    }

    fn value(&self, name: &str, value: &Value) -> String {
        match value {
            Value::String(word) => self.named(name, word),
            Value::Bool(true) => self.text.t("ui-yes").into_owned(),
            Value::Bool(false) => self.text.t("org-fact-no").into_owned(),
            Value::Number(number) => match number.as_i64() {
                Some(at) if at > INSTANTS => self.text.date_time_short(Timestamp::from_micros(at)),
                Some(number) => self.text.number(number),
                None => number.to_string(),
            },
            Value::Array(all) => {
                let all = all.iter().map(|one| self.value(name, one));
                all.collect::<Vec<_>>().join(", ")
            }
            Value::Object(grant) if grant.contains_key("role") => self.grant(grant),
            Value::Object(facts) => self.told(facts),
            Value::Null => String::new(),
        }
    }

    /// A role as it is held: `Petugas unit (Dinas PU)`.
    fn grant(&self, grant: &serde_json::Map<String, Value>) -> String {
        let word = |name: &str| grant.get(name).and_then(Value::as_str).unwrap_or_default();
        let role = Role::parse(word("role"));
        let role = role.map_or_else(|| word("role").into(), |role| self.text.t(role.key()));
        match word("unit") {
            "" => role.into_owned(),
            unit => format!("{role} ({})", self.named("unit", unit)),
        }
    }

    /// A word of the log as people say it, by the fact that it stands in.
    fn named(&self, fact: &str, word: &str) -> String {
        let names = self.names;
        let known = match fact {
            "unit" | "parent" => UnitId::parse(word).and_then(|id| names.units.get(&id)),
            "owner" | "user" | "from" => UserId::parse(word).and_then(|id| names.people.get(&id)),
            "calendar" => CalendarId::parse(word).and_then(|id| names.calendars.get(&id)),
            "case" | "of" => id::from_text(word).and_then(|id| names.cases.get(&id)),
            _ => None,
        };
        if let Some(name) = known {
            return name.clone();
        }
        match fact {
            "status" | "from" => self.word(&format!("ui-state-{}", dashed(word)), word),
            // Of a report, or of a day in a calendar.
            "kind" => {
                let day = self.word(&format!("org-override-{}", dashed(word)), word);
                self.word(&format!("case-kind-{}", dashed(word)), &day)
            }
            "base" => self.word(&format!("org-base-{}", dashed(word)), word),
            "channel" => self.word(&format!("case-channel-{}", dashed(word)), word),
            "scopes" => self.word(&format!("org-scope-{}", dashed(word)), word),
            "what" => self.word(&format!("org-what-{}", dashed(word)), word),
            "presence" => self.word(&format!("desk-duty-{}", dashed(word)), word),
            "language" => self.word(&format!("talk-language-{}", dashed(word)), word),
            "locale" => self.word(&format!("org-locale-{}", dashed(word)), word),
            _ => word.to_owned(),
        }
    }
}

/// A word of the log as keys of the catalogue have it.
fn dashed(word: &str) -> String {
    word.replace(['.', '_', ':'], "-")
}

#[cfg(test)]
mod tests {
    use tanggap_kernel::Locale;

    use super::*;

    #[test]
    fn facts_are_told_by_the_names_that_people_know() {
        let unit = UnitId(77);
        let names = Names {
            units: HashMap::from([(unit, "Dinas PU".to_owned())]),
            cases: HashMap::from([(5, "TGP-7K2".to_owned())]),
            ..Names::default()
        };
        let access = Access::system(tanggap_kernel::AgencyId(1));
        let words = Words { text: Text::default(), access: &access, names: &names };
        let body = serde_json::json!({
            "unit": unit, "status": "in_progress", "version": 3, "active": true, "new": "",
            "roles": [{ "role": "unit_officer", "unit": unit }], "later_fact": "x",
            "secrecy": { "anonymous": true, "confidential": false },
        });
        let told = words.facts(&body.to_string());
        for part in [
            "Unit: Dinas PU",
            "Ditindaklanjuti",
            "Petugas unit (Dinas PU)",
            "later_fact: x",
            "Anonim: Ya",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("version") && !told.contains("new:"), "{told}");
        let case = words.subject("case", 5);
        assert!(case.name.ends_with("TGP-7K2") && case.href == "/meja/TGP-7K2");
        assert_eq!(words.label("future.thing"), "future.thing");
        let nobody = Access::citizen(access.agency_id, Locale::Id);
        let closed = Words { access: &nobody, ..words };
        assert_eq!(closed.subject("case", 5).href, "", "no link to what one may not see");
    }
}
