//! The shell of every screen: browser files, texts, numbers and dates, the frame around a page,
//! forms and answers. Slices build their pages on it; it knows none of them.
//!
//! `crates/ui/README.md` shows how to build a page.

pub mod answer;
pub mod assets;
pub mod csrf;
pub mod ctx;
mod embedded;
pub mod format;
pub mod forms;
pub mod frame;
pub mod i18n;
pub mod live;
pub mod parts;
pub mod prefs;
pub mod respond;

pub use answer::{Answer, Failed};
pub use assets::asset;
pub use ctx::Ctx;
pub use forms::{Choice, Field, FormState};
pub use frame::{Flash, NavItem, Page, Text, Theme, User};
pub use i18n::{Arg, t, t_args};
pub use parts::{Bars, Health, Tone};
pub use tanggap_kernel::Locale;
