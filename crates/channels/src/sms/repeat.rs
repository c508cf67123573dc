//! Whether what was brought is something new, or the same once more.
//!
//! A centre gives its deliveries no ids. It brings one again where our acknowledgement did not
//! reach it: after a connection broke. People, on the other hand, do send "ya" twice. So the same
//! content from the same number is the same delivery only where it follows at once, or where the
//! first came so shortly before the end of its session that the acknowledgement may be lost.

/// Nobody sends the same words twice in this time and means two things; microseconds.
const AT_ONCE_MICROS: i64 = 60 * 1_000_000;
/// What was acknowledged this long before the end of its session may not be known to the centre.
const IN_DOUBT_MICROS: i64 = 60 * 1_000_000;
/// Centres give up bringing a message after some days.
const BROUGHT_AGAIN_MICROS: i64 = 3 * 24 * 3_600 * 1_000_000;

/// Whether a delivery at `at` repeats one of the same content at `earlier_at`, where the session
/// before this one ended at `lost_at`; all in microseconds UTC.
#[must_use]
pub fn is_repeat(earlier_at: i64, at: i64, lost_at: Option<i64>) -> bool {
    let since = at.saturating_sub(earlier_at);
    let in_doubt = lost_at.is_some_and(|lost_at| {
        earlier_at <= lost_at && lost_at.saturating_sub(earlier_at) < IN_DOUBT_MICROS
    });
    since < AT_ONCE_MICROS || (in_doubt && since < BROUGHT_AGAIN_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_unknown_to_the_centre_is_a_repeat() {
        const S: i64 = 1_000_000;
        for (earlier, at, lost, repeat) in [
            (0, 59 * S, None, true),
            (0, 60 * S, None, false),
            (0, 3_600 * S, Some(30 * S), true),
            (0, 3_600 * S, Some(61 * S), false),
            // It came in this session, and no other has ended since.
            (100 * S, 3_600 * S, Some(90 * S), false),
            (0, 4 * 86_400 * S, Some(30 * S), false),
        ] {
            assert_eq!(is_repeat(earlier, at, lost), repeat, "{earlier} {at} {lost:?}");
        }
    }
}
