//! The three time zones of Indonesia.
//!
//! There is no summer time and there has been no change of offset since 1988, so local time is
//! integer arithmetic and no zone database of the machine is ever asked. A legal date is the date
//! in the zone of the receiving office, never that of the server or of the reader.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

/// Microseconds in one hour.
pub const HOUR_MICROS: i64 = 3_600_000_000;
/// Microseconds in one day.
pub const DAY_MICROS: i64 = 24 * HOUR_MICROS;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A time zone of Indonesia.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Zone {
    /// Western Indonesia Time, UTC+7.
    #[default]
    Wib,
    /// Central Indonesia Time, UTC+8.
    Wita,
    /// Eastern Indonesia Time, UTC+9.
    Wit,
}

/// The name is none of the Indonesian zones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone of Indonesia: {0:?}")]
pub struct UnknownZone(pub String);

impl Zone {
    /// All zones, from west to east.
    pub const ALL: [Self; 3] = [Self::Wib, Self::Wita, Self::Wit];

    /// Hours ahead of UTC.
    #[must_use]
    pub const fn offset_hours(self) -> i64 {
        match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        }
    }

    /// The abbreviation that people read: `WIB`, `WITA` or `WIT`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Wib => "WIB",
            Self::Wita => "WITA",
            Self::Wit => "WIT",
        }
    }

    /// The canonical IANA name.
    #[must_use]
    pub const fn iana(self) -> &'static str {
        match self {
            Self::Wib => "Asia/Jakarta",
            Self::Wita => "Asia/Makassar",
            Self::Wit => "Asia/Jayapura",
        }
    }

    /// The local civil time of an instant (microseconds UTC).
    ///
    /// An instant beyond the civil calendar (years -9999 to 9999) gives the end of it: such a value
    /// is damage, and no deadline can come of it.
    #[must_use]
    pub fn local(self, micros: i64) -> DateTime {
        let shifted = micros.saturating_add(self.offset_hours() * HOUR_MICROS);
        let edge = if shifted < 0 { DateTime::MIN } else { DateTime::MAX };
        EPOCH.checked_add(SignedDuration::from_micros(shifted)).unwrap_or(edge)
    }

    /// The local date of an instant (microseconds UTC): the legal date of a receipt.
    #[must_use]
    pub fn local_date(self, micros: i64) -> Date {
        self.local(micros).date()
    }

    /// The instant (microseconds UTC) of a local civil time, exact to the microsecond.
    #[must_use]
    pub fn instant(self, local: DateTime) -> i64 {
        let since_epoch = i64::try_from(local.duration_since(EPOCH).as_micros())
            .expect("invariant: twenty thousand years of microseconds fit in 63 bits");
        since_epoch - self.offset_hours() * HOUR_MICROS
    }

    /// The instant at which a local date begins.
    #[must_use]
    pub fn start_of_day(self, date: Date) -> i64 {
        self.instant(date.to_datetime(Time::midnight()))
    }

    /// The last whole second of a local date, 23:59:59: when a deadline on that date falls due.
    #[must_use]
    pub fn end_of_day(self, date: Date) -> i64 {
        self.start_of_day(date) + DAY_MICROS - 1_000_000
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    /// Reads an IANA name of Indonesia (current or former) or an abbreviation.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "Asia/Jakarta" | "Asia/Pontianak" | "WIB" => Ok(Self::Wib),
            "Asia/Makassar" | "Asia/Ujung_Pandang" | "WITA" => Ok(Self::Wita),
            "Asia/Jayapura" | "WIT" => Ok(Self::Wit),
            _ => Err(UnknownZone(name.to_owned())),
        }
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.iana().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_instant_is_two_legal_dates() {
        let micros = Zone::Wib.instant(datetime(2026, 3, 12, 23, 30, 0, 0));
        assert_eq!(Zone::Wib.local_date(micros), date(2026, 3, 12));
        assert_eq!(Zone::Wita.local(micros), datetime(2026, 3, 13, 0, 30, 0, 0));
        assert_eq!(Zone::Wit.local(micros), datetime(2026, 3, 13, 1, 30, 0, 0));
        assert_eq!(micros, 1_773_333_000_000_000, "2026-03-12T16:30:00Z");
    }

    #[test]
    fn names_are_read_and_written() {
        assert_eq!("Asia/Pontianak".parse(), Ok(Zone::Wib));
        for zone in Zone::ALL {
            assert_eq!(zone.iana().parse(), Ok(zone));
            assert_eq!(zone.label().parse(), Ok(zone));
        }
        assert_eq!("Asia/Tokyo".parse::<Zone>(), Err(UnknownZone("Asia/Tokyo".into())));
        assert_eq!(serde_json::to_string(&Zone::Wita).unwrap(), r#""Asia/Makassar""#);
    }

    #[test]
    fn damaged_instants_clamp_to_the_calendar() {
        assert_eq!(Zone::Wib.local(i64::MAX), DateTime::MAX);
        assert_eq!(Zone::Wit.local(i64::MIN), DateTime::MIN);
    }

    proptest! {
        #[test]
        fn local_time_round_trips(micros in -4_000_000_000_000_000_i64..9_000_000_000_000_000) {
            for zone in Zone::ALL {
                let local = zone.local(micros);
                prop_assert_eq!(zone.instant(local), micros);
                let day = zone.start_of_day(local.date());
                prop_assert!(day <= micros && micros < day + DAY_MICROS);
            }
        }
    }
}
