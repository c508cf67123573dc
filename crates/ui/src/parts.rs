//! Small pieces of HTML that pages call by name: icons, badges, moments, due times.
//!
//! Colour is never the only sign: a badge has an icon or words that say the same.

use std::fmt::Write as _;
use std::sync::LazyLock;

use askama::filters::Safe;
use tanggap_kernel::{Locale, Timestamp};

use crate::assets::asset;
use crate::frame::Text;
use crate::i18n::{Arg, t, t_args};

/// What a badge, a toast or a notice is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Nothing to act on.
    #[default]
    Neutral,
    /// Something to know.
    Info,
    /// It waits for somebody.
    Wait,
    /// It went well.
    Good,
    /// It needs attention soon.
    Warn,
    /// It is wrong or too late.
    Bad,
}

impl Tone {
    /// Its name in classes: `badge-good`, `notice-good`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Info => "info",
            Self::Wait => "wait",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// The icon that says the same as its colour.
    #[must_use]
    pub const fn icon(&self) -> &'static str {
        match self {
            Self::Neutral | Self::Info => "info",
            Self::Wait => "pause",
            Self::Good => "check-circle",
            Self::Warn => "alert",
            Self::Bad => "late",
        }
    }
}

/// How a deadline fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Health {
    /// Plenty of time.
    #[default]
    Ok,
    /// 80 % of the time is used.
    Warn,
    /// Past due.
    Late,
    /// The clock stands still lawfully.
    Paused,
    /// Met.
    Done,
}

impl Health {
    /// Its name in classes and in the `data-health` attribute.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Late => "late",
            Self::Paused => "paused",
            Self::Done => "done",
        }
    }

    const fn icon(self) -> &'static str {
        match self {
            Self::Ok => "clock",
            Self::Warn => "alert",
            Self::Late => "late",
            Self::Paused => "pause",
            Self::Done => "check",
        }
    }
}

/// An icon of the sprite, hidden from screen readers.
#[must_use]
pub fn icon(name: &str) -> Safe<String> {
    Safe(icon_html(name))
}

fn icon_html(name: &str) -> String {
    let sprite = asset("icons.svg");
    format!("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"{sprite}#{name}\"/></svg>")
}

/// A badge with an icon (an empty name: none) and a text.
#[must_use]
pub fn badge(tone: Tone, icon: &str, label: &str) -> Safe<String> {
    let mut html = format!("<span class=\"badge badge-{}\">", tone.name());
    if !icon.is_empty() {
        html.push_str(&icon_html(icon));
    }
    escape_into(&mut html, label);
    html.push_str("</span>");
    Safe(html)
}

/// The badge of a case's state by its code; an unknown code is shown neutrally.
#[must_use]
pub fn state(text: Text, code: &str) -> Safe<String> {
    let (tone, icon) = match code {
        "received" => (Tone::Info, "inbox"),
        "incomplete" => (Tone::Wait, "pause"),
        "verified" => (Tone::Info, "check"),
        "forwarded" => (Tone::Info, "forward"),
        "in_progress" => (Tone::Warn, "refresh"),
        "answered" => (Tone::Good, "reply"),
        "closed" => (Tone::Good, "check-circle"),
        "reopened" => (Tone::Warn, "return"),
        "objected" => (Tone::Bad, "megaphone"),
        "outside_authority" => (Tone::Neutral, "arrow-right"),
        "duplicate" => (Tone::Neutral, "merge"),
        _ => (Tone::Neutral, "info"),
    };
    badge(tone, icon, &text.t(format!("ui-state-{}", code.replace('_', "-"))))
}

/// A `<time>` with the full date and time.
#[must_use]
pub fn moment(text: Text, at: Timestamp) -> Safe<String> {
    Safe(format!("<time datetime=\"{}\">{}</time>", text.machine(at), text.date_time(at)))
}

/// A `<time-left>` that becomes `5 menit lalu` in the browser.
#[must_use]
pub fn ago(text: Text, at: Timestamp) -> Safe<String> {
    Safe(time_left(text, at, "ago"))
}

/// A due moment with its health as icon, colour and words.
#[must_use]
pub fn due(text: Text, at: Timestamp, health: Health) -> Safe<String> {
    let mut html = format!("<span class=\"due\" data-health=\"{}\">", health.name());
    html.push_str(&icon_html(health.icon()));
    let words = text.t(format!("ui-health-{}", health.name()));
    let _ = write!(html, "<span class=\"sr\">{words}: </span>");
    match health {
        Health::Paused | Health::Done => html.push_str(&words),
        Health::Ok | Health::Warn | Health::Late => html.push_str(&time_left(text, at, "due")),
    }
    html.push_str("</span>");
    Safe(html)
}

fn time_left(text: Text, at: Timestamp, kind: &str) -> String {
    let (machine, full) = (text.machine(at), text.date_time(at));
    let short = text.date_time_short(at);
    format!(
        "<time-left data-kind=\"{kind}\"><time datetime=\"{machine}\" title=\"{full}\">{short}\
         </time></time-left>"
    )
}

/// The pattern texts of relative times as JSON, with `{n}` where the number goes.
#[must_use]
pub fn span_words(locale: Locale) -> &'static str {
    static WORDS: LazyLock<[String; 2]> = LazyLock::new(|| Locale::ALL.map(write_span_words));
    match locale {
        Locale::Id => &WORDS[0],
        Locale::En => &WORDS[1],
    }
}

fn write_span_words(locale: Locale) -> String {
    let mut words = serde_json::Map::new();
    for kind in ["due", "late", "ago"] {
        for unit in ["minutes", "hours", "days"] {
            // English tells one from many, so both are given.
            for (form, n) in [("one", 1), ("many", 2)] {
                let key = format!("ui-{kind}-{unit}");
                let text = t_args(locale, &key, &[("n", Arg::Int(n))]);
                let text = text.replacen(&n.to_string(), "{n}", 1);
                words.insert(format!("{kind}-{unit}-{form}"), text.into());
            }
        }
    }
    words.insert("now".to_owned(), t(locale, "ui-just-now").into());
    serde_json::Value::Object(words).to_string()
}

/// One or two capital letters for a person's avatar: `Siti Nurhaliza` gives `SN`.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// A horizontal bar chart as SVG, with a table of the same figures for everyone who cannot or
/// would not read a picture.
#[derive(askama::Template, Clone, Debug)]
#[template(path = "parts/bars.html")]
pub struct Bars {
    /// Language of the figures.
    pub page: Text,
    /// What is shown, as the table's caption.
    pub caption: String,
    /// Label, value and, where it leads to a list, its address (else empty).
    pub rows: Vec<(String, i64, String)>,
}

impl Bars {
    /// Length of a bar in user units of 1000.
    fn length(&self, value: &i64) -> i64 {
        let most = self.rows.iter().map(|row| row.1).max().unwrap_or(0).max(1);
        (value.max(&0) * 1000 / most).max(i64::from(*value > 0) * 4)
    }
}

impl askama::filters::HtmlSafe for Bars {}

/// Writes `text` with the five characters escaped that HTML gives a meaning.
pub(crate) fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&#34;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badges_escape_what_they_show() {
        let Safe(html) = badge(Tone::Bad, "", "<b>\"x\"</b>");
        assert_eq!(html, "<span class=\"badge badge-bad\">&lt;b&gt;&#34;x&#34;&lt;/b&gt;</span>");
    }

    #[test]
    fn initials_take_the_first_and_the_last_word() {
        for (name, expected) in [("Siti Nurhaliza", "SN"), ("Suharti", "S"), ("i made wira", "IW")]
        {
            assert_eq!(initials(name), expected);
        }
    }

    #[test]
    fn the_browser_gets_every_pattern() {
        let words = span_words(Locale::En);
        assert!(words.contains("\"ago-hours-one\":\"{n} hour ago\""), "{words}");
        assert!(words.contains("\"due-days-many\":\"in {n} days\""), "{words}");
    }
}
