//! What happened to a case, as its reporter may know it: steps, units, dates, warnings, and no
//! name of any officer or reported person. Pure.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use tanggap_calendar::Profile;
use tanggap_cases::model::{Case, Status};
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UnitId;
use tanggap_ui::Text;

/// An event of the log.
#[derive(Clone, Debug)]
pub struct Happened {
    /// What: `case.forwarded`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The facts.
    pub body: Value,
}

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `done`, `now` or `next`.
    pub state: &'static str,
    /// What happened.
    pub title: String,
    /// When; empty for what is to come.
    pub at: Option<Timestamp>,
    /// More about it; may be empty.
    pub note: String,
}

/// What the steps are told from.
pub struct Source<'a> {
    /// Language and zone.
    pub text: Text,
    /// The case.
    pub case: &'a Case,
    /// The law it began under.
    pub profile: &'a Profile,
    /// Names of units.
    pub units: &'a HashMap<UnitId, String>,
    /// Who manages complaints, as the reporter reads it.
    pub desk: &'a str,
}

impl Source<'_> {
    /// What happened so far, oldest first.
    #[must_use]
    pub fn past(&self, events: &[Happened]) -> Vec<Step> {
        let mut missed = HashSet::new();
        let once = |event: &&Happened| {
            // One deadline is told once, though it may be missed again on a new start.
            let policy = event.body["policy"].as_str().map(str::to_owned);
            event.kind != "case.deadline_warned" || !is_over(event) || missed.insert(policy)
        };
        events.iter().filter(once).filter_map(|event| self.step(event)).collect()
    }

    fn step(&self, event: &Happened) -> Option<Step> {
        let word = event.kind.strip_prefix("case.")?.replace('_', "-");
        let (title, note) = match word.as_str() {
            // That time runs short is a matter among colleagues.
            "deadline-warned" if !is_over(event) => return None,
            "deadline-warned" => self.warned(&event.body)?,
            "deadline-moved" => self.moved(&event.body),
            "forwarded" => {
                let unit = self.unit(&event.body);
                (self.text.t1("portal-step-forwarded", "unit", unit).into_owned(), String::new())
            }
            "accepted" => {
                let unit = self.unit(&event.body);
                (self.text.t1("portal-step-accepted", "unit", unit).into_owned(), String::new())
            }
            "answered" => {
                let unit = self.unit(&event.body);
                (self.text.t1("portal-step-answered", "unit", unit).into_owned(), String::new())
            }
            "referred" => {
                let target = event.body["target"].as_str().map(str::to_owned);
                let target = target.unwrap_or_else(|| self.text.t("portal-elsewhere").into_owned());
                let note = self.text.t("portal-step-referred.note").into_owned();
                (self.text.t1("portal-step-referred", "target", target).into_owned(), note)
            }
            "extended" => {
                let policy = event.body["policy"].as_str().unwrap_or_default();
                let label = self.label(policy);
                (
                    self.text.t1("portal-step-extended", "deadline", label).into_owned(),
                    String::new(),
                )
            }
            "rated" => {
                let rating = event.body["rating"].as_i64().unwrap_or_default();
                (self.text.t1("portal-step-rated", "rating", rating).into_owned(), String::new())
            }
            "received" | "verified" | "completion-asked" | "completed" | "returned"
            | "progressed" | "confirmed" | "closed" | "lapsed" | "withdrawn" | "reopened"
            | "objected" | "marked-duplicate" | "archived" | "concealed" | "escalated"
            | "reclassified" => {
                let key = format!("portal-step-{word}");
                (self.text.t(&key).into_owned(), self.text.t_or_empty(&format!("{key}.note")))
            }
            // Notes among colleagues, who works on it, looks at identities: not the reporter's.
            _ => return None,
        };
        Some(Step { state: "done", title, at: Some(event.at), note })
    }

    fn unit(&self, body: &Value) -> String {
        let id = body["unit"]
            .as_i64()
            .map(UnitId)
            .or_else(|| body["unit"].as_str().and_then(UnitId::parse));
        id.and_then(|id| self.units.get(&id)).cloned().unwrap_or_else(|| self.desk.to_owned())
    }

    fn label(&self, policy: &str) -> String {
        let rule = self.profile.deadline(policy);
        rule.map_or(policy, |rule| rule.label.get(self.text.locale.tag())).to_owned()
    }

    fn warned(&self, body: &Value) -> Option<(String, String)> {
        let policy = body["policy"].as_str().unwrap_or_default();
        let rule = self.profile.deadline(policy)?;
        if rule.owner != tanggap_calendar::Owner::Agency {
            return None;
        }
        let title = self.text.t1("portal-step-overdue", "deadline", self.label(policy));
        Some((title.into_owned(), self.text.t("portal-step-overdue.note").into_owned()))
    }

    fn moved(&self, body: &Value) -> (String, String) {
        let day = |name: &str| {
            let day = body[name].as_str().and_then(|day| day.parse().ok());
            day.map(|day| crate::days::written(self.text, day)).unwrap_or_default()
        };
        let label = self.label(body["policy"].as_str().unwrap_or_default());
        let title = self.text.t1("portal-step-moved", "deadline", label).into_owned();
        let note = self.text.t2("portal-step-moved.note", ("old", day("old")), ("new", day("new")));
        (title, note.into_owned())
    }

    /// Who has the case now, as the reporter reads it.
    #[must_use]
    pub fn holder(&self) -> String {
        let unit = self.case.unit_id.and_then(|unit| self.units.get(&unit));
        unit.cloned().unwrap_or_else(|| self.desk.to_owned())
    }

    /// Where the case stands, in a heading and a sentence; `None` where it is over.
    #[must_use]
    pub fn present(&self) -> Option<Step> {
        if !self.case.status.is_open() {
            return None;
        }
        let key = format!("portal-now-{}", self.case.status.as_str().replace('_', "-"));
        Some(Step {
            state: "now",
            title: self.text.t1(&key, "unit", self.holder()).into_owned(),
            at: None,
            note: self.text.t1(format!("{key}.note"), "unit", self.holder()).into_owned(),
        })
    }

    /// What is still to come.
    #[must_use]
    pub fn future(&self) -> Vec<Step> {
        let all = ["verified", "forwarded", "answered", "closed"];
        let from = match self.case.status {
            Status::Received | Status::Incomplete => 0,
            Status::Verified => 1,
            Status::Forwarded | Status::InProgress => 2,
            Status::Answered => 3,
            _ => all.len(),
        };
        let step = |word: &&str| Step {
            state: "next",
            title: self.text.t(format!("portal-next-{word}")).into_owned(),
            at: None,
            note: String::new(),
        };
        all[from..].iter().map(step).collect()
    }
}

/// Whether a warning says that the deadline has passed.
fn is_over(event: &Happened) -> bool {
    event.body["percent"].as_i64().is_some_and(|percent| percent >= 100)
}

/// A text that may be missing.
trait OrEmpty {
    fn t_or_empty(&self, key: &str) -> String;
}

impl OrEmpty for Text {
    fn t_or_empty(&self, key: &str) -> String {
        tanggap_ui::i18n::t_opt(self.locale, key).unwrap_or_default().into_owned()
    }
}
