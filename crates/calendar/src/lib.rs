//! Time as Indonesian public service counts it: zones, holidays, working days, legal deadlines.
//!
//! Pure and deterministic: no clock, no input or output, no setting of the machine. An instant is
//! an `i64` of microseconds since 1970-01-01T00:00:00Z, a legal date is the civil date in the zone
//! of the office that received the report. Read in this order:
//!
//! * [`zone`]: WIB, WITA, WIT; instant to local date and back;
//! * [`holidays`]: national holidays and joint leave (*cuti bersama*), data with their decree;
//! * [`hours`]: the working week, with Friday and Ramadan hours;
//! * [`working`]: one agency's calendar made of these and its own exceptions;
//! * [`deadline`]: when a limit in working days, calendar days or hours falls due, and why;
//! * [`profile`]: what the law asks for each kind of report, as data that an agency can override.
//!
//! Invariant: equal inputs give equal dates on every machine and in every time zone setting.

pub mod deadline;
pub mod holidays;
pub mod hours;
pub mod profile;
pub mod text;
pub mod working;
pub mod zone;

pub use deadline::{DeadlineError, Due, Pause, Term, Unit, Warning};
pub use holidays::{Certainty, Holiday, HolidayKind, Holidays};
pub use hours::{Interval, OfficeHours, Week};
pub use jiff::civil::{Date, DateTime, Time, Weekday};
pub use profile::{
    Deadline, Event, Expiry, Kind, Owner, Policy, Profile, ProfileError, profile_among, profile_for,
};
pub use text::Text;
pub use working::{
    Base, CalendarError, CalendarSpec, DayInfo, DueTime, Override, OverrideKind, Reason,
    WorkingCalendar,
};
pub use zone::Zone;
