//! How an agency uses its channels: its rules, kept as JSON, one row a channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Event, Fault, Permission, Refusal, Result, Subject, params};
use tanggap_store::{Tx, sql};

use super::Priority;
use super::rules::ChannelRules;

/// The most messages a second that can be asked for.
pub const PER_SECOND_MAX: i64 = 1000;
/// The most messages a minute that can be asked for.
pub const PER_MINUTE_MAX: i64 = 60_000;
/// The longest wait for a receipt before another channel stands in (minutes): a week.
pub const AFTER_MINUTES_MAX: i64 = 7 * 24 * 60;
/// Channels that can stand in for another: they need nothing but the address of the contact.
pub const FALLBACKS: [&str; 2] = ["email", "sms"];
const DAY_MINUTES: i64 = 24 * 60;

sql! {
    ALL = "select channel, rules, version from channel_rules where agency_id = $1";
    INSERT = "insert into channel_rules (agency_id, channel, rules, version)
        values ($1, $2, $3, 1) on conflict (agency_id, channel) do nothing";
    UPDATE = "update channel_rules set rules = $3, version = version + 1
        where agency_id = $1 and channel = $2 and version = $4";
}

/// The rules of each channel that has any, with their version.
pub type AllRules = BTreeMap<String, (ChannelRules, i64)>;

/// The rules of all channels of an agency.
///
/// # Errors
/// A fault of the engine.
pub fn all(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<AllRules>> {
    let agency = access.agency_id;
    tx.kept(agency, "channel_rules", 0, |tx| {
        let rows =
            tx.all(&ALL, params![agency], |row| Ok((row.text()?, row.text()?, row.int::<i64>()?)))?;
        let mut all = AllRules::new();
        for (channel, rules, version) in rows {
            let rules = serde_json::from_str(&rules)
                .map_err(|e| Fault::new(format!("rules of {channel}: {e}")))?;
            all.insert(channel, (rules, version));
        }
        Ok(all)
    })
}

/// The rules of a channel, with their version: 0 where there are none yet.
///
/// # Errors
/// A fault of the engine.
pub fn of(tx: &mut Tx<'_>, access: &Access, channel: &str) -> Result<(ChannelRules, i64)> {
    Ok(all(tx, access)?.get(channel).cloned().unwrap_or_default())
}

/// Sets the rules of a channel. Nothing is changed where they are no rules that can be kept.
///
/// # Errors
/// [`Refusal::Forbidden`], what is wrong with them, or [`Refusal::Stale`].
pub fn put(
    tx: &mut Tx<'_>,
    access: &Access,
    channel: &str,
    version: i64,
    rules: &ChannelRules,
) -> Result<()> {
    access.require(Permission::ChannelsManage, None)?;
    check(channel, rules)?;
    let text = serde_json::to_string(rules)?;
    let changed = match version {
        0 => tx.exec(&INSERT, params![access.agency_id, channel, &text])?,
        _ => tx.exec(&UPDATE, params![access.agency_id, channel, &text, version])?,
    };
    if changed == 0 {
        return Err(Refusal::Stale.into());
    }
    let subject = Subject { kind: "agency", id: access.agency_id.0 };
    let event = Event::new(access.agency_id, "channel.rules_changed", subject, access.actor);
    tx.announce(event.with(json!({ "channel": channel, "rules": rules })));
    Ok(())
}

fn check(channel: &str, rules: &ChannelRules) -> Result<()> {
    let within = |n: Option<i64>, max| n.is_none_or(|n| (1..=max).contains(&n));
    let mut check = Check::new();
    check.require(within(rules.per_second, PER_SECOND_MAX), "per_second", "sending-invalid-rate");
    check.require(within(rules.per_minute, PER_MINUTE_MAX), "per_minute", "sending-invalid-rate");
    if let Some(quiet) = &rules.quiet {
        let minute = |n: i64| (0..DAY_MINUTES).contains(&n);
        check.require(minute(quiet.from), "quiet_from", "sending-invalid-time");
        check.require(minute(quiet.until), "quiet_until", "sending-invalid-time");
        check.require(quiet.from != quiet.until, "quiet_until", "sending-invalid-quiet");
        check.require(quiet.binds >= Priority::Ordinary, "quiet_binds", "ui-invalid-choice");
    }
    if let Some(fallback) = &rules.fallback {
        let known = FALLBACKS.contains(&fallback.channel.as_str()) && fallback.channel != channel;
        check.require(known, "fallback", "ui-invalid-choice");
        let after = within(fallback.after_minutes, AFTER_MINUTES_MAX);
        check.require(after, "fallback_after", "sending-invalid-after");
    }
    check.done()
}

#[cfg(test)]
mod tests {
    use super::super::rules::{Fallback, Quiet};
    use super::*;

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let none = ChannelRules::default;
        let quiet = |from, until, binds| ChannelRules {
            quiet: Some(Quiet { from, until, binds }),
            ..none()
        };
        let fallback = |channel: &str, after_minutes| ChannelRules {
            fallback: Some(Fallback { channel: channel.into(), after_minutes }),
            ..none()
        };
        for good in [
            none(),
            ChannelRules { per_second: Some(1), per_minute: Some(PER_MINUTE_MAX), ..none() },
            quiet(21 * 60, 7 * 60, Priority::Bulk),
            fallback("email", Some(30)),
        ] {
            assert!(check("sms", &good).is_ok(), "{good:?}");
        }
        for bad in [
            ChannelRules { per_second: Some(0), ..none() },
            ChannelRules { per_minute: Some(PER_MINUTE_MAX + 1), ..none() },
            quiet(60, 60, Priority::Bulk),
            quiet(60, DAY_MINUTES, Priority::Bulk),
            quiet(0, 60, Priority::Owed),
            fallback("sms", None),
            fallback("telegram", None),
            fallback("email", Some(0)),
        ] {
            assert!(check("sms", &bad).is_err(), "{bad:?}");
        }
    }
}
