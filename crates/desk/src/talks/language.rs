//! The mark of the language in which a citizen writes: shown, and changed with one click.

use tanggap_conversations::Talk;
use tanggap_kernel::{Access, Result};
use tanggap_routing::talks as routing;
use tanggap_store::Tx;
use tanggap_ui::Text;

/// Those whose names the program knows; the agency names others with its skills.
const NAMED: [&str; 4] = ["id", "en", "jv", "su"];

/// The languages that a talk can be marked with, and their names.
pub(crate) struct Languages(Vec<(String, String)>);

impl Languages {
    pub(crate) fn read(tx: &mut Tx<'_>, access: &Access, text: Text) -> Result<Self> {
        let all = routing::languages(tx, access)?;
        let named = |(code, name): (String, Option<String>)| {
            let name = name.unwrap_or_else(|| own_name(text, &code));
            (code, name)
        };
        Ok(Self(all.into_iter().map(named).collect()))
    }

    pub(crate) fn name(&self, text: Text, code: &str) -> String {
        let known = self.0.iter().find(|(known, _)| known == code);
        known.map_or_else(|| own_name(text, code), |(_, name)| name.clone())
    }

    /// The mark of a line: the code, and its name for those who hear the page. Indonesian, which
    /// most write, needs none.
    pub(crate) fn badge(&self, text: Text, talk: &Talk) -> Option<(String, String)> {
        let code = talk.language.as_deref().filter(|code| *code != "id")?;
        Some((code.to_uppercase(), self.name(text, code)))
    }
}

fn own_name(text: Text, code: &str) -> String {
    match NAMED.contains(&code) {
        true => text.t(format!("talk-language-{code}")).into_owned(),
        false => code.to_owned(),
    }
}

/// The mark on a talk's page.
#[derive(Default)]
pub(crate) struct Speaks {
    /// Its name; empty where nothing is known.
    pub name: String,
    pub guessed: bool,
    /// What it can be changed to: code, name, whether it is so now.
    pub choices: Vec<(String, String, bool)>,
}

impl Speaks {
    pub(crate) fn new(text: Text, languages: &Languages, talk: &Talk) -> Self {
        let now = talk.language.as_deref();
        let choice = |(code, name): &(String, String)| {
            (code.clone(), name.clone(), now == Some(code.as_str()))
        };
        Self {
            name: now.map(|code| languages.name(text, code)).unwrap_or_default(),
            guessed: talk.language_guessed,
            choices: languages.0.iter().map(choice).collect(),
        }
    }
}
