//! The front page: one box for codes and services, four doors; and the page that names who
//! manages complaints (UU 25/2009 art. 36(4)).

use askama::Template;
use axum::extract::Query;
use serde::Deserialize;
use tanggap_kernel::{Locale, code};
use tanggap_org::Category;
use tanggap_ui::{Answer, Page, respond};

use crate::chat::chat_of;
use crate::door::Door;
use crate::report::active_categories;

/// The most results of a search.
const FOUND_MAX: usize = 30;
/// The longest question that is looked at, in characters.
const ASKED_MAX: usize = 200;

/// A category as a search shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) hint: String,
    pub(crate) kind: Option<&'static str>,
}

impl Found {
    /// A category in a language.
    #[must_use]
    pub fn of(category: &Category, locale: Locale) -> Self {
        Self {
            slug: category.slug.clone(),
            name: category.name_in(locale).to_owned(),
            hint: category.hint_in(locale).to_owned(),
            kind: category.kind.map(|kind| kind.as_str()),
        }
    }
}

/// The categories that a question is about, best first: by the stems of its words in name, words
/// and hint. Two letters of the same beginning are enough for the last word, which may be half
/// typed.
#[must_use]
pub fn find(categories: &[Category], asked: &str, locale: Locale) -> Vec<Found> {
    let asked: String = asked.chars().take(ASKED_MAX).collect();
    let stems = tanggap_lang::query_tokens(&asked);
    let plain: Vec<String> = asked.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for (at, category) in categories.iter().enumerate() {
        let named = format!("{} {} {}", category.name, category.name_en, category.words.join(" "));
        let told = format!("{} {}", category.hint, category.hint_en);
        let (named_stems, told_stems) = (tanggap_lang::tokens(&named), tanggap_lang::tokens(&told));
        let named = named.to_lowercase();
        let mut score = 0;
        for stem in &stems {
            if named_stems.contains(stem) {
                score += 10;
            } else if told_stems.contains(stem) {
                score += 4;
            }
        }
        for word in plain.iter().filter(|word| word.chars().count() >= 3) {
            score +=
                3 * usize::from(named.split_whitespace().any(|own| own.starts_with(word.as_str())));
        }
        if score > 0 {
            hits.push((score, at));
        }
    }
    hits.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    hits.into_iter().take(FOUND_MAX).map(|(_, at)| Found::of(&categories[at], locale)).collect()
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
    base: String,
    service: String,
    chat: bool,
    demo: bool,
}

/// `GET /`.
pub async fn home(door: Door) -> Answer {
    let page = door.page("portal-home");
    let chat = chat_of(&door, "").await?;
    let view = HomePage {
        chat: chat.is_some_and(|chat| chat.open),
        page,
        base: door.base.clone(),
        service: door.agency.settings.service_name.clone(),
        demo: door.ctx.site.demo,
    };
    Ok(door.html(view))
}

/// What was asked in the box.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsPage {
    page: Page,
    base: String,
    asked: String,
    found: Vec<Found>,
}

/// `GET /cari`: a tracking code leads to its page, anything else to services.
pub async fn search(door: Door, Query(Asked { q }): Query<Asked>) -> Answer {
    if let Some(code) = code::parse(&q) {
        return Ok(respond::see_other(&door.link(&format!("/lacak?kode={code}"))));
    }
    let categories = active_categories(&door).await?;
    let found = find(&categories, &q, door.text().locale);
    let asked: String = q.chars().take(ASKED_MAX).collect();
    let page = door.page("portal-results");
    Ok(door.html(ResultsPage { page, base: door.base.clone(), asked, found }))
}

#[derive(Template)]
#[template(path = "managers.html")]
struct ManagersPage {
    page: Page,
    base: String,
    agency: tanggap_org::Agency,
    position: String,
    hours: String,
}

/// `GET /pengelola`: who manages complaints, and where they are found.
pub async fn managers(door: Door) -> Answer {
    let page = door.page("portal-managers");
    let manager = &door.agency.manager;
    let position = tanggap_org::pick(page.locale, &manager.position, &manager.position_en);
    let hours = tanggap_org::pick(page.locale, &manager.hours, &manager.hours_en);
    let view = ManagersPage {
        position: position.to_owned(),
        hours: hours.to_owned(),
        base: door.base.clone(),
        agency: door.agency.clone(),
        page,
    };
    Ok(door.html(view))
}

/// `GET /bantuan`: how it goes, in a few words.
pub async fn help(door: Door) -> Answer {
    let page = door.page("portal-help");
    Ok(door.html(HelpPage { page, base: door.base.clone() }))
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    page: Page,
    base: String,
}
