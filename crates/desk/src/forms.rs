//! The form of each step: its fields, what they begin with, and what its button says.

use tanggap_calendar::Profile;
use tanggap_cases::model::{Case, CaseDeadline, Clock, FollowUp, FollowUpState};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_org::{Category, Unit};
use tanggap_ui::{Choice, Field, FormState, Text};

use crate::steps::Draft;
use crate::words;

/// A step as its form.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepForm {
    pub name: String,
    pub label: String,
    pub hint: String,
    pub danger: bool,
    /// Written text comes first in the composer; the others are forms.
    pub writes: bool,
    pub top: bool,
    pub errors: Option<tanggap_ui::forms::Summary>,
    pub fields: Vec<Field>,
}

/// What forms are made from.
pub(crate) struct Around<'a> {
    pub text: Text,
    pub case: &'a Case,
    pub units: &'a [Unit],
    pub categories: &'a [Category],
    pub people: &'a [(UserId, String)],
    pub deadlines: &'a [CaseDeadline],
    pub profile: &'a Profile,
    pub draft: &'a Draft,
    pub follow_ups: &'a [FollowUp],
}

impl Around<'_> {
    /// The form of a step, with what was typed where it was refused.
    pub(crate) fn form(&self, step: &str, typed: Option<FormState>) -> StepForm {
        let form = typed.unwrap_or_else(|| self.begin(step));
        let errors = (!form.errors.is_empty()).then(|| form.summary());
        StepForm {
            name: step.to_owned(),
            label: self.text.t(format!("case-action-{step}")).into_owned(),
            hint: tanggap_ui::i18n::t_opt(self.text.locale, &format!("desk-step-{step}"))
                .unwrap_or_default()
                .into_owned(),
            danger: matches!(step, "archive" | "withdraw" | "return" | "duplicate"),
            writes: crate::steps::TABS.contains(&step),
            top: matches!(step, "return"),
            errors,
            fields: self.fields(step, &form),
        }
    }

    /// What a form begins with.
    fn begin(&self, step: &str) -> FormState {
        let form = FormState::new(self.text.locale);
        let case = self.case;
        match step {
            "reply" | "note" | "progress" | "answer" | "ask" if self.draft.step == step => {
                form.with("text", &self.draft.text)
            }
            "forward" => match self.suggested_unit() {
                Some(unit) => form.with("unit", unit),
                None => form,
            },
            "assign" => match case.owner_id {
                Some(owner) => form.with("user", owner),
                None => form,
            },
            "reclassify" => form.with("kind", case.kind).with("category", case.category_id),
            "conceal" => {
                let on = |on: bool| if on { "ya" } else { "" };
                form.with("anonymous", on(case.anonymous))
                    .with("confidential", on(case.confidential))
            }
            "concern" => {
                let about = case.reported_unit_id.map(|unit| unit.to_string());
                let form = form.with("reported_unit", about.unwrap_or_default());
                let about = case.reported_user_id.map(|user| user.to_string());
                form.with("reported_user", about.unwrap_or_default())
            }
            _ => form,
        }
    }

    /// The unit that the category names; where the complaint is about a unit, its superior.
    fn suggested_unit(&self) -> Option<UnitId> {
        if let Some(reported) = self.case.reported_unit_id {
            return self.units.iter().find(|u| u.id == reported).and_then(|u| u.parent_id);
        }
        let category = self.categories.iter().find(|c| c.id == self.case.category_id);
        let unit = category.and_then(|category| category.unit_id);
        unit.filter(|unit| self.returned_by(*unit) == 0)
    }

    /// How often a unit has sent the case back.
    fn returned_by(&self, unit: UnitId) -> usize {
        let back = |f: &&FollowUp| f.unit_id == unit && f.state == FollowUpState::Returned;
        self.follow_ups.iter().filter(back).count()
    }

    fn fields(&self, step: &str, form: &FormState) -> Vec<Field> {
        let reason = || form.textarea("reason", "desk-field-reason").rows(3).required();
        match step {
            "reply" | "note" | "progress" | "answer" | "ask" | "complete" => {
                self.written(step, form)
            }
            "forward" => self.forward(form),
            "return" | "archive" | "withdraw" | "reopen" | "object" | "escalate" => vec![reason()],
            "refer" => vec![
                form.text("target", "desk-field-target").required().maxlength(300),
                form.textarea("text", "desk-field-referral").rows(3),
            ],
            "duplicate" => {
                vec![form.text("of", "desk-field-of").required().maxlength(40).width("m")]
            }
            "assign" => {
                let people: Vec<Choice> = self
                    .people
                    .iter()
                    .map(|(id, name)| Choice::new(id.to_string(), name))
                    .collect();
                vec![form.select("user", "desk-field-user", &people).with_empty()]
            }
            "reclassify" => self.reclassify(form),
            "conceal" => vec![
                form.checkbox("anonymous", "case-anonymous"),
                form.checkbox("confidential", "case-confidential"),
            ],
            "concern" => self.concern(form),
            "extend" => vec![
                form.select("policy", "desk-field-policy", &self.extendable()).required(),
                reason(),
            ],
            _ => Vec::new(),
        }
    }

    fn written(&self, step: &str, form: &FormState) -> Vec<Field> {
        let url = format!("/meja/{}/draf?langkah={step}", self.case.code);
        let key = format!("desk-field-{step}");
        let rows = if step == "answer" { 6 } else { 4 };
        let text = form.textarea("text", &key).rows(rows);
        // What the citizen added is not one's own draft.
        let text = if step == "complete" { text } else { text.draft(url) };
        let accept = "image/*,application/pdf,.doc,.docx,.xls,.xlsx,.odt,.ods";
        let files = form.file("files", "desk-field-files").multiple().accept(accept).quiet();
        vec![text, files]
    }

    fn forward(&self, form: &FormState) -> Vec<Field> {
        let text = self.text;
        let choose = |unit: &Unit| {
            let days = text.t1("case-limit-working-day", "n", unit.agreed_days);
            let mut label = format!("{} ({days})", unit.name_in(text.locale));
            let returned = self.returned_by(unit.id);
            if returned > 0 {
                label.push(' ');
                label.push_str(&text.t1("desk-unit-returned", "n", returned));
            }
            Choice::new(unit.id.to_string(), label)
        };
        let free = |unit: &&Unit| unit.active && self.case.reported_unit_id != Some(unit.id);
        let mut units: Vec<&Unit> = self.units.iter().filter(free).collect();
        units.sort_by_key(|unit| unit.name_in(text.locale).to_lowercase());
        let units: Vec<Choice> = units.into_iter().map(choose).collect();
        vec![
            form.select("unit", "desk-field-unit", &units).with_empty().required(),
            form.text("days", "desk-field-days").inputmode("numeric").width("xs").optional(),
            form.textarea("instruction", "desk-field-instruction").rows(3).optional(),
        ]
    }

    fn concern(&self, form: &FormState) -> Vec<Field> {
        let locale = self.text.locale;
        let unit = |unit: &Unit| Choice::new(unit.id.to_string(), unit.name_in(locale));
        let active = self.units.iter().filter(|unit| unit.active);
        let units: Vec<Choice> = active.map(unit).collect();
        let person = |(id, name): &(UserId, String)| Choice::new(id.to_string(), name);
        let mut people: Vec<Choice> = self.people.iter().map(person).collect();
        // Who cannot be given the case is not among them, and stays noted all the same.
        if let Some(kept) = self.case.reported_user_id {
            let name = self.text.t("desk-field-reported-kept");
            people.insert(0, Choice::new(kept.to_string(), name));
        }
        vec![
            form.select("reported_unit", "desk-field-reported-unit", &units).with_empty(),
            form.select("reported_user", "desk-field-reported-user", &people).with_empty(),
        ]
    }

    fn reclassify(&self, form: &FormState) -> Vec<Field> {
        let locale = self.text.locale;
        let categories: Vec<Choice> = self
            .categories
            .iter()
            .filter(|c| c.active || c.id == self.case.category_id)
            .map(|c| Choice::new(c.id.to_string(), c.name_in(locale)))
            .collect();
        vec![
            form.select("kind", "desk-field-kind", &words::kinds(self.text)).required(),
            form.select("category", "desk-field-category", &categories).required(),
        ]
    }

    fn extendable(&self) -> Vec<Choice> {
        let open = |d: &&CaseDeadline| {
            let rule = self.profile.deadline(&d.policy);
            d.state == Clock::Running
                && !d.extended
                && rule.is_some_and(|rule| rule.extension.is_some())
        };
        let choice = |d: &CaseDeadline| {
            Choice::new(&d.policy, words::policy(self.text.locale, self.profile, &d.policy))
        };
        self.deadlines.iter().filter(open).map(choice).collect()
    }
}
