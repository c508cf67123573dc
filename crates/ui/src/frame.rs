//! What every page knows: the language and zone it speaks in ([`Text`]) and the frame around it
//! ([`Page`]): who is signed in, where they may go, what was just done.
//!
//! A template extends `frame_desk.html` or `frame_citizen.html` and holds its [`Page`] in a field
//! named `page`. A live fragment that many people share holds a [`Text`] in that field instead: it
//! has no name, token or relative time to leak, and the same partial template serves both.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use askama::filters::Safe;
use tanggap_calendar::Zone;
use tanggap_kernel::{Locale, Timestamp};

use crate::format;
use crate::i18n::{Arg, t, t_args};
use crate::parts::{self, Health, Tone};

/// A small value however a template holds it: loops and fields give references to references.
pub trait Plain<T> {
    /// The value itself.
    fn plain(self) -> T;
}

impl<T: Copy> Plain<T> for T {
    fn plain(self) -> T {
        self
    }
}

impl<T: Copy> Plain<T> for &T {
    fn plain(self) -> T {
        *self
    }
}

impl<T: Copy> Plain<T> for &&T {
    fn plain(self) -> T {
        **self
    }
}

/// The language and zone that a page or a live fragment speaks in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    /// The reader's language.
    pub locale: Locale,
    /// The zone whose wall clock is shown.
    pub zone: Zone,
}

impl Text {
    /// The text of `key`; `key.hint` names an attribute of it.
    #[must_use]
    pub fn t(&self, key: impl AsRef<str>) -> Cow<'static, str> {
        t(self.locale, key.as_ref())
    }

    /// The text of `key` with one argument.
    #[must_use]
    pub fn t1<'a>(
        &self,
        key: impl AsRef<str>,
        name: &str,
        value: impl Into<Arg<'a>>,
    ) -> Cow<'static, str> {
        t_args(self.locale, key.as_ref(), &[(name, value.into())])
    }

    /// The text of `key` with two arguments.
    #[must_use]
    pub fn t2<'a>(
        &self,
        key: &str,
        (first, one): (&str, impl Into<Arg<'a>>),
        (second, two): (&str, impl Into<Arg<'a>>),
    ) -> Cow<'static, str> {
        t_args(self.locale, key, &[(first, one.into()), (second, two.into())])
    }

    /// The text of `key` with any number of arguments.
    #[must_use]
    pub fn ta(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Cow<'static, str> {
        t_args(self.locale, key, args)
    }

    /// `13 Maret 2026`.
    #[must_use]
    pub fn date(&self, at: impl Plain<Timestamp>) -> String {
        format::date_of(self.locale, at.plain(), self.zone)
    }

    /// `13 Mar 2026`.
    #[must_use]
    pub fn date_short(&self, at: impl Plain<Timestamp>) -> String {
        format::date_short_of(self.locale, at.plain(), self.zone)
    }

    /// `Jumat, 13 Maret 2026`.
    #[must_use]
    pub fn day(&self, at: impl Plain<Timestamp>) -> String {
        format::day_of(self.locale, at.plain(), self.zone)
    }

    /// `14.30`.
    #[must_use]
    pub fn time(&self, at: impl Plain<Timestamp>) -> String {
        format::time_of(self.locale, at.plain(), self.zone)
    }

    /// `13 Maret 2026, 14.30 WIB`.
    #[must_use]
    pub fn date_time(&self, at: impl Plain<Timestamp>) -> String {
        format::date_time(self.locale, at.plain(), self.zone)
    }

    /// `13 Mar 2026, 14.30`.
    #[must_use]
    pub fn date_time_short(&self, at: impl Plain<Timestamp>) -> String {
        format::date_time_short(self.locale, at.plain(), self.zone)
    }

    /// `2026-03-13T14:30:00+07:00`, for attributes.
    #[must_use]
    pub fn machine(&self, at: impl Plain<Timestamp>) -> String {
        format::machine(at.plain(), self.zone)
    }

    /// `1.234`, or `1.234,5` with at most two decimals; any kind of number.
    #[must_use]
    pub fn number<'a>(&self, number: impl Into<Arg<'a>>) -> String {
        match number.into() {
            Arg::Int(number) => format::number(self.locale, number),
            Arg::Num(number) => format::decimal(self.locale, number, 2),
            Arg::Str(text) => text.into_owned(),
        }
    }

    /// `Rp1.500.000`.
    #[must_use]
    pub fn rupiah(&self, amount: impl Plain<i64>) -> String {
        format::rupiah(self.locale, amount.plain())
    }

    /// `1,5 MB`.
    #[must_use]
    pub fn file_size(&self, bytes: impl Plain<i64>) -> String {
        format::file_size(self.locale, bytes.plain().unsigned_abs())
    }

    /// The address of a browser file: `asset("desk.css")`.
    #[must_use]
    pub fn asset(&self, name: &str) -> &'static str {
        crate::assets::asset(name)
    }

    /// An icon of the sprite, hidden from screen readers: always put words beside it.
    #[must_use]
    pub fn icon(&self, name: &str) -> Safe<String> {
        parts::icon(name)
    }

    /// A `<time>` with the full date and time.
    #[must_use]
    pub fn moment(&self, at: impl Plain<Timestamp>) -> Safe<String> {
        parts::moment(*self, at.plain())
    }

    /// A `<time-left>` that the browser turns into `5 menit lalu` and keeps fresh; without
    /// JavaScript it shows the short date and time.
    #[must_use]
    pub fn ago(&self, at: impl Plain<Timestamp>) -> Safe<String> {
        parts::ago(*self, at.plain())
    }

    /// A due moment with its health as icon, colour and words; the browser turns the date into
    /// `3 hari lagi` and keeps it fresh.
    #[must_use]
    pub fn due(&self, at: impl Plain<Timestamp>, health: impl Plain<Health>) -> Safe<String> {
        parts::due(*self, at.plain(), health.plain())
    }

    /// The badge of a case's state by its code (`received`, `in_progress` …).
    #[must_use]
    pub fn state(&self, code: &str) -> Safe<String> {
        parts::state(*self, code)
    }

    /// A badge of any tone with an icon (an empty name: none) and a text.
    #[must_use]
    pub fn badge(&self, tone: impl Plain<Tone>, icon: &str, label: &str) -> Safe<String> {
        parts::badge(tone.plain(), icon, label)
    }

    /// The pattern texts of relative times, as JSON for the browser.
    #[must_use]
    pub fn span_words(&self) -> &'static str {
        parts::span_words(self.locale)
    }
}

/// Light, dark, or as the reader's system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All three, in the order the switch shows them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in the cookie and the `data-theme` attribute.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads a name; anything unknown is `System`.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

/// Who is signed in, as the frame shows them.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The person's name.
    pub name: String,
    /// One or two letters for the avatar.
    pub initials: String,
    /// Their role, already in the reader's language.
    pub role: String,
}

impl User {
    /// A user with initials taken from the name.
    #[must_use]
    pub fn new(name: impl Into<String>, role: impl Into<String>) -> Self {
        let name = name.into();
        let initials = parts::initials(&name);
        Self { name, initials, role: role.into() }
    }
}

/// One entry of the navigation.
#[derive(Clone, Debug, Default)]
pub struct NavItem {
    /// The key of its text.
    pub key: &'static str,
    /// Where it leads.
    pub href: String,
    /// The name of its icon.
    pub icon: &'static str,
    /// Whether the present page is in it.
    pub active: bool,
    /// How many things wait there; `None` shows no number.
    pub count: Option<i64>,
}

impl NavItem {
    /// An entry without a count, not active.
    #[must_use]
    pub fn new(key: &'static str, href: impl Into<String>, icon: &'static str) -> Self {
        Self { key, href: href.into(), icon, active: false, count: None }
    }
}

/// What was just done, told once as a toast.
#[derive(Clone, Debug)]
pub struct Flash {
    /// Good, warn or bad.
    pub tone: Tone,
    text: String,
    /// What takes it back, in words of the page that tells it; empty: nothing does.
    pub undo: String,
    told: Arc<AtomicBool>,
}

impl Flash {
    /// One whose `text` is already in the reader's language; `told` turns true when a page tells
    /// it.
    #[must_use]
    pub fn new(tone: Tone, text: String, told: Arc<AtomicBool>) -> Self {
        Self { tone, text, undo: String::new(), told }
    }

    /// With what takes it back.
    #[must_use]
    pub fn undone_by(self, undo: &str) -> Self {
        Self { undo: undo.to_owned(), ..self }
    }

    /// The text, for the page that shows it.
    #[must_use]
    pub fn tell(&self) -> &str {
        self.told.store(true, Ordering::Relaxed);
        &self.text
    }
}

/// The frame around a page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Language and zone; its methods are the page's own.
    pub text: Text,
    /// The page's own title, without the agency's name.
    pub title: String,
    /// Light, dark or the system's.
    pub theme: Theme,
    /// Who is signed in.
    pub user: Option<User>,
    /// The main navigation.
    pub nav: Vec<NavItem>,
    /// What was just done.
    pub flash: Option<Flash>,
    /// The token that forms must carry.
    pub csrf: String,
    /// The agency's name.
    pub agency: String,
    /// The path and query of this page, for coming back to it.
    pub path: String,
    /// The address of the live stream; empty: this page is not live.
    pub stream: String,
    /// The topics this page wants of the stream, separated by spaces.
    pub topics: String,
    /// The number of the last event that this page already shows; empty: unknown.
    pub cursor: String,
    /// Where the command palette finds commands; empty: no palette.
    pub palette: String,
    /// The address of the frame with one's presence and offers; empty: one takes no work.
    pub duty: String,
}

impl Deref for Page {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.text
    }
}

impl Page {
    /// A page with a title (already in the reader's language) and nothing else.
    #[must_use]
    pub fn new(text: Text, title: impl Into<String>) -> Self {
        Self { text, title: title.into(), path: "/".to_owned(), ..Self::default() }
    }

    /// The hidden field that each form must hold.
    #[must_use]
    pub fn csrf_field(&self) -> Safe<String> {
        let mut html = String::from("<input type=\"hidden\" name=\"csrf\" value=\"");
        parts::escape_into(&mut html, &self.csrf);
        html.push_str("\">");
        Safe(html)
    }

    /// The other languages, for the switch.
    #[must_use]
    pub fn other_locales(&self) -> Vec<Locale> {
        Locale::ALL.into_iter().filter(|&locale| locale != self.locale).collect()
    }

    /// The three themes, for the switch.
    #[must_use]
    pub fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }
}
