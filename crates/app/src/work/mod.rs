//! What a node does by itself: the jobs of the slices, outgoing mail, and keeping house.

pub mod mail;
pub mod sweep;

use std::sync::Arc;
use std::time::Duration;

use tanggap_channels::email::wire::{Relay, RelayConfig};
use tanggap_conversations::outbound;
use tanggap_kernel::{Fault, Result};
use tanggap_store::jobs::Runner;
use tanggap_ui::Ctx;

use mail::Sender;

/// The longest time that one send may take: less than a job's lease, so that no second node
/// begins the same send meanwhile.
const SEND_SECONDS_MAX: u64 = 50;

pub(crate) fn statements() -> Vec<&'static tanggap_store::Sql> {
    sweep::STATEMENTS.to_vec()
}

/// All handlers of a node, and the sender, which has to be waited for at the end.
///
/// # Errors
/// A fault where the relay's settings cannot be used.
pub fn runner(ctx: &Ctx, relay: Option<&RelayConfig>) -> Result<(Runner, Arc<Sender>)> {
    let relay = relay.map(open_relay).transpose()?;
    let sender = Arc::new(Sender::new(relay, &ctx.site.base_url));
    let sending = Arc::clone(&sender);
    let runner = tanggap_contacts::register(Runner::new(ctx.db.clone()));
    let runner = tanggap_cases::jobs::register(runner);
    let runner = sweep::register(runner, ctx.blobs.clone()).on_peer(
        outbound::SEND,
        Arc::new(move |db, job| Box::pin(mail::handle(Arc::clone(&sending), db, job))),
    );
    Ok((runner, sender))
}

/// The relay as configured, with a bound on the time of one send.
///
/// # Errors
/// A fault where its settings cannot be used.
pub fn open_relay(config: &RelayConfig) -> Result<Relay, Fault> {
    // Connecting and sending are each given this time.
    let half = SEND_SECONDS_MAX.min(config.timeout_seconds);
    let config = RelayConfig { timeout_seconds: half, ..config.clone() };
    Relay::new(config).map_err(|e| Fault::new(format!("mail relay: {e}")))
}

/// How long sends that are under way are waited for when the node goes down.
pub const SENDS_END_WITHIN: Duration = Duration::from_secs(SEND_SECONDS_MAX);
