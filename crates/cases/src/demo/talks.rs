//! Talks on written channels: some wait, some go on, some are over.

use serde::Deserialize;
use tanggap_contacts::NewContact;
use tanggap_conversations::accounts::{self, AccountId, AccountInput};
use tanggap_conversations::outbound::{self, lanes};
use tanggap_conversations::quick::{self, QuickInput};
use tanggap_conversations::templates::{self, Approved};
use tanggap_conversations::{InteractionId, talks, window};
use tanggap_kernel::{Access, Error, Fault, Result, Timestamp};
use tanggap_routing::settings::{self, AgentInput, QueueInput};
use tanggap_routing::{SkillKind, replies};
use tanggap_store::{Db, Tx};

use super::agency::Cast;
use crate::reminders::{self, About};
use crate::talking::{self, Heard, Said};
use crate::wrap_up;

/// The queue in which they wait.
const QUEUE: &str = "Layanan warga";
/// Between two lines of a talk.
const PAUSE: i64 = Timestamp::MINUTE;
/// The accounts: the channel, what people call it, our address there. They are not connected.
const ACCOUNTS: [(&str, &str, &str); 5] = [
    ("sms", "SMS 1708", "1708"),
    ("whatsapp", "WhatsApp Halo Tirtaraya", "15550100101"),
    ("telegram", "Bot Halo Tirtaraya", "halo_tirtaraya_bot"),
    ("messenger", "Facebook Pemkab Tirtaraya", "100100100"),
    ("instagram", "Instagram @tirtarayakab", "17841400"),
];

/// What a part of an SMS costs there, in rupiah.
const SMS_PRICE: &str = r#"{"price":350}"#;

/// When it was set and for which day, in days from now, and why.
const REMINDERS: [(i64, i64, &str); 2] =
    [(-3, -1, "Tanya apakah sudah beres."), (0, 3, "Kabari hasil dari dinas.")];

/// Approved texts: name, words, gaps.
const TEMPLATES: [(&str, &str, i64); 2] = [
    (
        "kabar_laporan",
        "Halo {{1}}, ada kabar tentang {{2}}: {{3}} Balas pesan ini bila masih ada pertanyaan.",
        3,
    ),
    ("minta_hubungi", "Halo {{1}}, pertanyaan Anda sudah kami jawab. Balas pesan ini, ya.", 1),
];

#[derive(Clone, Deserialize)]
struct Written {
    talks: Vec<OneTalk>,
    quick: Vec<OneQuick>,
}

/// A text that staff write often.
#[derive(Clone, Deserialize)]
struct OneQuick {
    shortcut: String,
    title: String,
    body: String,
}

#[derive(Clone, Deserialize)]
struct OneTalk {
    channel: String,
    name: String,
    thread: String,
    ago: i64,
    lines: Vec<String>,
    /// Why they wrote and about what, of one that is over; empty: nothing was noted yet.
    end: Option<String>,
    #[serde(default)]
    topic: String,
}

/// Lets all talks happen, seen from `now`.
pub(super) async fn load(db: &Db, cast: &Cast, now: Timestamp) -> Result<()> {
    let written: Written = toml::from_str(include_str!("talks.toml"))
        .map_err(|e| Fault::new(format!("talks.toml: {e}")))?;
    let system = Access::system(cast.agency);
    let agents: Vec<Access> = cast.agents.iter().map(|place| cast.staff[*place].clone()).collect();
    db.write(move |tx| {
        let input = QueueInput::live(QUEUE);
        wrap_up::require(tx, &system, true)?;
        let queue =
            tx.at(began(now, &written), |tx| settings::create_queue(tx, &system, &input))?;
        let sundanese =
            settings::create_skill(tx, &system, SkillKind::Language, "su", "Bahasa Sunda")?;
        let first = agents.first().and_then(Access::user);
        for agent in &agents {
            let Some(user) = agent.user() else { continue };
            let skills = if Some(user) == first { vec![(sundanese, 5)] } else { Vec::new() };
            let serves = AgentInput { queues: vec![queue], skills, capacity: 100 };
            settings::set_agent(tx, &system, user, &serves)?;
        }
        for OneQuick { shortcut, title, body } in written.quick.clone() {
            quick::create(tx, &system, &QuickInput { shared: true, shortcut, title, body })?;
        }
        let mut accounts = Vec::new();
        for (channel, name, address) in ACCOUNTS {
            let input = AccountInput {
                channel,
                name: name.to_owned(),
                address: address.to_owned(),
                settings: if channel == "sms" { SMS_PRICE } else { "{}" }.to_owned(),
                ..AccountInput::default()
            };
            let id = accounts::create(tx, &system, &input)?;
            if channel == "whatsapp" {
                templates::replace(tx, &system, id, &approved())?;
            }
            accounts.push((channel, id));
        }
        let mut happened = Vec::new();
        // The oldest first: ids grow with time.
        for (number, talk) in written.talks.iter().enumerate().rev() {
            let account = accounts.iter().find(|(channel, _)| *channel == talk.channel);
            let account = account.ok_or_else(|| Fault::new("a talk without an account"))?.1;
            // What is still to be noted is the first's, whose desk is looked at most.
            let noted = talk.end.as_deref() != Some("");
            let agent = &agents[if noted { number % agents.len() } else { 0 }];
            let began = now.plus(-talk.ago * Timestamp::MINUTE);
            happened.extend(happen(tx, &system, agent, (account, number), talk, began)?);
        }
        for agent in &agents {
            remind(tx, agent, &happened, now)?;
        }
        Ok(())
    })
    .await
}

/// What may be written on WhatsApp a day after the citizen wrote.
fn approved() -> Vec<Approved> {
    TEMPLATES
        .map(|(name, body, gaps)| Approved {
            name: name.to_owned(),
            language: "id".to_owned(),
            category: "UTILITY".to_owned(),
            body: body.to_owned(),
            gaps,
            fetched_at: Timestamp::default(),
        })
        .to_vec()
}

/// Before the first talk.
fn began(now: Timestamp, written: &Written) -> Timestamp {
    let longest = written.talks.iter().map(|talk| talk.ago).max().unwrap_or_default();
    now.plus(-(longest + 1) * Timestamp::MINUTE)
}

fn happen(
    tx: &mut Tx<'_>,
    system: &Access,
    agent: &Access,
    (account, number): (AccountId, usize),
    talk: &OneTalk,
    began: Timestamp,
) -> Result<Option<InteractionId>> {
    let mut going = None;
    for (place, line) in talk.lines.iter().enumerate() {
        let at = began.plus(place as i64 * PAUSE);
        let (who, text) = line.split_once(": ").unwrap_or(("w", line));
        tx.at(at, |tx| {
            if let ("p", Some(id)) = (who, going) {
                let said = Said { text, ..Said::default() };
                talking::answer(tx, agent, id, &said)?;
                for out in outbound::of_exchange(tx, agent, id)? {
                    lanes::note(tx, system, &out, None)?;
                }
                return Ok::<(), Error>(());
            }
            let heard = Heard {
                account: Some(account),
                channel: &talk.channel,
                thread: &talk.thread,
                from: Some(NewContact {
                    name: talk.name.clone(),
                    handle: Some(format!("{}:{}", talk.channel, talk.thread)),
                    ..NewContact::default()
                }),
                subject: "",
                text,
                files: &[],
                external_id: &format!("demo:{number}:{place}"),
                raw: None,
                at,
                window_until: window::until(&talk.channel, false, at),
                order: None,
            };
            going = talking::hear(tx, system, &heard)?.map(|taken| taken.talk.id).or(going);
            Ok(())
        })?;
    }
    let Some(id) = going else { return Ok(None) };
    let Some(reason) = &talk.end else {
        warn(tx, system, id)?;
        return Ok(Some(id));
    };
    tx.at(began.plus(talk.lines.len() as i64 * PAUSE), |tx| {
        talking::end(tx, agent, id)?;
        match reason.as_str() {
            "" => Ok(()),
            reason => wrap_up::note(tx, agent, id, (&talk.topic, reason)).map(drop),
        }
    })?;
    Ok(None)
}

/// Two days on which somebody comes back to a talk that goes on: one that has come, one ahead.
fn remind(tx: &mut Tx<'_>, agent: &Access, talks: &[InteractionId], now: Timestamp) -> Result<()> {
    let zone = tanggap_org::agency(tx, agent.agency_id)?.map(|it| it.zone).unwrap_or_default();
    for (id, (set, days, note)) in talks.iter().zip(REMINDERS) {
        let day = zone.local_date(now.plus(days * Timestamp::DAY).as_micros()).to_string();
        let set = tx.at(now.plus(set * Timestamp::DAY), |tx| {
            reminders::set(tx, agent, About::Talk(*id), (&day, note))
        })?;
        if set.at <= now {
            // What the timer would have done.
            let system = Access::system(agent.agency_id);
            tx.at(set.at, |tx| reminders::ring(tx, &system, set.id))?;
            tx.unschedule(reminders::RING, &set.id.to_string())?;
        }
    }
    Ok(())
}

/// What the timer would have told of an answer that somebody waits for.
fn warn(tx: &mut Tx<'_>, system: &Access, id: InteractionId) -> Result<()> {
    let Some(reply) = talks::get(tx, system, id)?.reply else { return Ok(()) };
    let now = tx.now();
    for at in [reply.warn_at, reply.due_at].into_iter().filter(|at| *at <= now) {
        tx.at(at, |tx| replies::ring(tx, system, id))?;
    }
    if reply.due_at <= now {
        tx.unschedule(replies::RING, &id.to_string())?;
    }
    Ok(())
}
