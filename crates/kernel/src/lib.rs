//! The words every other crate speaks: ids, time, who may do what, refusals, events, paging.
//!
//! No I/O and no async here, and nothing that knows a slice or an engine. The one exception to
//! purity is [`time::SystemClock`], the single place where the wall clock is read.

pub mod access;
pub mod code;
pub mod error;
pub mod event;
pub mod id;
pub mod locale;
pub mod paging;
pub mod time;
pub mod value;

pub use access::{Access, Actor, Grant, Permission, Permissions, Scope};
pub use error::{Error, Fault, Invalid, Refusal, Result};
pub use event::{Event, Subject};
pub use id::{AgencyId, IdGen};
pub use locale::Locale;
pub use time::{Clock, Timestamp};
pub use value::Value;
