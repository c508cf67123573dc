//! The words of the demo, as the files beside this one hold them, and which of them go together.

use std::collections::HashMap;

use serde::Deserialize;
use tanggap_calendar::Kind;
use tanggap_kernel::{Fault, Result};

use super::chance::Chance;

/// Everything that the files hold.
pub(super) struct Corpus {
    pub(super) agency: AgencyFile,
    pub(super) categories: Vec<CategoryText>,
    pub(super) people: Vec<Citizen>,
    pub(super) places: Places,
    pub(super) reports: Vec<ReportText>,
    /// By their use.
    answers: HashMap<String, Vec<AnswerText>>,
}

#[derive(Deserialize)]
pub(super) struct AgencyFile {
    pub(super) agency: AgencyText,
    pub(super) complaint_manager: ManagerText,
    pub(super) units: Vec<UnitText>,
    pub(super) staff: Vec<StaffText>,
}

#[derive(Deserialize)]
pub(super) struct AgencyText {
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) short_name: String,
    pub(super) service_name: String,
    pub(super) address: String,
    pub(super) phone: String,
    pub(super) email: String,
    pub(super) mail_domain: String,
    pub(super) website: String,
    pub(super) letterhead: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct ManagerText {
    pub(super) name: String,
    pub(super) position_id: String,
    pub(super) position_en: String,
    pub(super) address: String,
    pub(super) phone: String,
    pub(super) whatsapp: String,
    pub(super) email: String,
    pub(super) hours_id: String,
    pub(super) hours_en: String,
}

#[derive(Deserialize)]
pub(super) struct UnitText {
    pub(super) key: String,
    pub(super) parent: Option<String>,
    pub(super) name_id: String,
    pub(super) name_en: String,
    pub(super) code: String,
    pub(super) phone: String,
    pub(super) email: String,
    pub(super) agreed_days: i64,
}

#[derive(Deserialize)]
pub(super) struct StaffText {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) roles: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct CategoryText {
    pub(super) slug: String,
    pub(super) name_id: String,
    pub(super) name_en: String,
    pub(super) hint_id: String,
    pub(super) hint_en: String,
    pub(super) unit: String,
    pub(super) kind: String,
    pub(super) share: f64,
    pub(super) words: Vec<String>,
    #[serde(default)]
    pub(super) questions: Vec<QuestionText>,
}

#[derive(Deserialize)]
pub(super) struct QuestionText {
    pub(super) key: String,
    pub(super) label_id: String,
    pub(super) label_en: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) choices_id: Vec<String>,
    #[serde(default)]
    pub(super) choices_en: Vec<String>,
    pub(super) required: bool,
}

#[derive(Clone, Deserialize)]
pub(super) struct Citizen {
    pub(super) name: String,
    pub(super) kecamatan: usize,
    pub(super) channel: String,
}

#[derive(Deserialize)]
pub(super) struct Places {
    pub(super) streets: Vec<String>,
    pub(super) lanes: Vec<String>,
    pub(super) kecamatan: Vec<Kecamatan>,
}

#[derive(Deserialize)]
pub(super) struct Kecamatan {
    pub(super) name: String,
    pub(super) villages: Vec<Village>,
}

#[derive(Deserialize)]
pub(super) struct Village {
    pub(super) name: String,
    pub(super) kind: String,
}

#[derive(Deserialize)]
pub(super) struct ReportText {
    pub(super) category: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) text: String,
    #[serde(rename = "where")]
    pub(super) spot: Option<String>,
    pub(super) about: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct AnswerText {
    #[serde(rename = "use")]
    used_as: String,
    report: Option<String>,
    category: Option<String>,
    kind: Option<String>,
    pub(super) pair: Option<String>,
    pub(super) then: Option<String>,
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) stars: Vec<i64>,
    pub(super) text: String,
}

fn read<T: for<'de> Deserialize<'de>>(name: &str, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|e| Fault::new(format!("{name}: {e}")))
}

impl Corpus {
    /// Reads the files.
    pub(super) fn read() -> Result<Self> {
        #[derive(Deserialize)]
        struct Categories {
            categories: Vec<CategoryText>,
        }
        #[derive(Deserialize)]
        struct People {
            people: Vec<Citizen>,
        }
        #[derive(Deserialize)]
        struct Reports {
            reports: Vec<ReportText>,
        }
        #[derive(Deserialize)]
        struct Answers {
            answers: Vec<AnswerText>,
        }
        let read_answers: Answers = read("answers.toml", include_str!("answers.toml"))?;
        let mut answers: HashMap<String, Vec<AnswerText>> = HashMap::new();
        for answer in read_answers.answers {
            answers.entry(answer.used_as.clone()).or_default().push(answer);
        }
        let categories: Categories = read("categories.toml", include_str!("categories.toml"))?;
        let people: People = read("people.toml", include_str!("people.toml"))?;
        let reports: Reports = read("reports.toml", include_str!("reports.toml"))?;
        Ok(Self {
            agency: read("agency.toml", include_str!("agency.toml"))?,
            categories: categories.categories,
            people: people.people,
            places: read("places.toml", include_str!("places.toml"))?,
            reports: reports.reports,
            answers,
        })
    }

    pub(super) fn category(&self, slug: &str) -> Option<&CategoryText> {
        self.categories.iter().find(|category| category.slug == slug)
    }

    /// All texts of a use.
    pub(super) fn all(&self, used_as: &str) -> &[AnswerText] {
        self.answers.get(used_as).map_or(&[], Vec::as_slice)
    }

    /// The texts of a use that suit a report best: those for it alone, else for its category and
    /// kind, else for its category, else for its kind, else for any.
    pub(super) fn suiting(&self, used_as: &str, report: &ReportText) -> Vec<&AnswerText> {
        let (category, kind) = (Some(&report.category), Some(&report.kind));
        let usual = self.category(&report.category).is_some_and(|c| c.kind == report.kind)
            || ["complaint", "service_request"].contains(&report.kind.as_str());
        let fits: [&dyn Fn(&AnswerText) -> bool; 5] = [
            &|a| a.report.as_ref() == Some(&report.title),
            &|a| a.report.is_none() && a.category.as_ref() == category && a.kind.as_ref() == kind,
            &|a| usual && a.own() == (None, category, None),
            &|a| a.own() == (None, None, kind),
            &|a| a.own() == (None, None, None),
        ];
        fits.iter()
            .map(|fits| self.all(used_as).iter().filter(|a| fits(a)).collect::<Vec<_>>())
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// One of them.
    pub(super) fn choose(
        &self,
        used_as: &str,
        report: &ReportText,
        chance: &mut Chance,
    ) -> Option<&AnswerText> {
        chance.pick(&self.suiting(used_as, report)).copied()
    }

    /// One of those that suit any report, chosen among the ones that `fits` lets through.
    pub(super) fn general(
        &self,
        used_as: &str,
        chance: &mut Chance,
        fits: impl Fn(&AnswerText) -> bool,
    ) -> Option<&AnswerText> {
        let any = (None, None, None);
        let found: Vec<&AnswerText> =
            self.all(used_as).iter().filter(|a| a.own() == any && fits(a)).collect();
        chance.pick(&found).copied()
    }

    /// Whether what officials write about this category names a street.
    pub(super) fn names_a_street(&self, category: &str) -> bool {
        self.answers
            .values()
            .flatten()
            .any(|a| a.category.as_deref() == Some(category) && a.text.contains("{jalan}"))
    }
}

impl AnswerText {
    pub(super) const fn is_for_one_report(&self) -> bool {
        self.report.is_some()
    }

    fn own(&self) -> (Option<&String>, Option<&String>, Option<&String>) {
        (self.report.as_ref(), self.category.as_ref(), self.kind.as_ref())
    }
}

impl ReportText {
    /// What it is.
    pub(super) fn kind(&self) -> Kind {
        self.kind.parse().unwrap_or(Kind::Complaint)
    }

    /// Whether something is wrong that somebody can go and see.
    pub(super) fn is_about_a_wrong(&self) -> bool {
        ["complaint", "service_request"].contains(&self.kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_has_a_category_a_kind_an_answer_and_words_along_the_way() {
        let corpus = Corpus::read().expect("sound files");
        for report in &corpus.reports {
            assert!(corpus.category(&report.category).is_some(), "{}", report.title);
            assert!(report.kind.parse::<Kind>().is_ok(), "{}", report.title);
            for used_as in ["answer", "progress", "question", "forward_note", "second_answer"] {
                let found = corpus.suiting(used_as, report);
                assert!(!found.is_empty(), "{used_as}: {}", report.title);
            }
        }
        let units: Vec<&str> = corpus.agency.units.iter().map(|u| u.key.as_str()).collect();
        assert!(corpus.categories.iter().all(|c| units.contains(&c.unit.as_str())));
        let about = corpus.reports.iter().filter_map(|r| r.about.as_deref());
        assert!(about.into_iter().all(|unit| units.contains(&unit)));
    }

    #[test]
    fn what_is_asked_can_be_supplied() {
        let corpus = Corpus::read().expect("sound files");
        let supplied: Vec<_> = corpus.all("supply").iter().map(|a| a.pair.clone()).collect();
        assert!(
            corpus.all("question").iter().all(|a| a.pair.is_none() || supplied.contains(&a.pair))
        );
        assert!(supplied.contains(&None));
    }
}
