//! The composer where the channel's time for free words is over: an approved text is chosen, its
//! gaps are filled, and what the citizen will read stands below.

use tanggap_conversations::Talk;
use tanggap_conversations::templates::{self, Approved};
use tanggap_conversations::window::MayWrite;
use tanggap_kernel::{Access, Fault};
use tanggap_org::door::Fields;
use tanggap_store::Tx;
use tanggap_ui::{Choice, Field, FormState, Text};

/// The field that names a template, as `language.name`.
pub(crate) const FIELD: &str = "template";
/// The most gaps that a template has.
const GAPS_MAX: usize = 30;
/// Characters of a template that its choice shows.
const SHOWN_MAX: usize = 60;

/// What the page shows in place of the composer.
pub(super) struct TemplateForm {
    pub choices: Vec<Choice>,
    pub field: Field,
    pub filling: Option<Filling>,
}

/// A template that is being filled.
pub(super) struct Filling {
    pub value: String,
    pub body: String,
    pub gaps: Vec<Field>,
    pub preview: String,
}

/// The approved texts of a talk's account.
pub(super) fn of(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Vec<Approved>, Fault> {
    match talk.account_id {
        Some(account) if talk.may_write(tx.now()) == MayWrite::TemplatesOnly => {
            templates::all(tx, access, account)
        }
        _ => Ok(Vec::new()),
    }
}

fn value_of(template: &Approved) -> String {
    format!("{}.{}", template.language, template.name)
}

/// Language and name of what [`FIELD`] holds.
pub(super) fn parse(value: &str) -> (&str, &str) {
    value.split_once('.').unwrap_or(("", value))
}

/// What was typed into the gaps.
pub(super) fn values(fields: &Fields) -> Vec<String> {
    (1..=GAPS_MAX).map(|gap| fields.get(&format!("value-{gap}")).to_owned()).collect()
}

/// The form, where only approved texts may be written.
pub(super) fn form(
    text: Text,
    form: &FormState,
    may: MayWrite,
    all: &[Approved],
) -> Option<TemplateForm> {
    if may != MayWrite::TemplatesOnly {
        return None;
    }
    let shown = |template: &Approved| {
        let begins: String = template.body.chars().take(SHOWN_MAX).collect();
        let dots = if begins.len() < template.body.len() { " …" } else { "" };
        let (name, language) = (&template.name, &template.language);
        Choice::new(value_of(template), format!("{name} ({language}): {begins}{dots}"))
    };
    let choices: Vec<Choice> = all.iter().map(shown).collect();
    let field = form.select(FIELD, "talk-template", &choices).id("templat-dipilih");
    let chosen = all.iter().find(|template| value_of(template) == form.value(FIELD));
    Some(TemplateForm { choices, field, filling: chosen.map(|it| filling(text, form, it)) })
}

fn filling(text: Text, form: &FormState, template: &Approved) -> Filling {
    let count = usize::try_from(template.gaps).unwrap_or(0).min(GAPS_MAX);
    let gaps = (1..=count)
        .map(|gap| {
            let label = text.t1("talk-template-gap", "number", gap.to_string()).into_owned();
            form.text(&format!("value-{gap}"), "").label(label).maxlength(600).required()
        })
        .collect();
    let typed: Vec<String> = (1..=count)
        .map(|gap| match form.value(&format!("value-{gap}")) {
            "" => format!("{{{{{gap}}}}}"),
            value => value.to_owned(),
        })
        .collect();
    Filling {
        value: value_of(template),
        body: template.body.clone(),
        gaps,
        preview: template.filled(&typed),
    }
}
