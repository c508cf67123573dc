//! What a node does by itself: the jobs of the slices, sending, and keeping house.

pub mod gateways;
pub mod mail;
pub mod outbound;
pub mod sweep;
pub mod understand;

use std::sync::Arc;
use std::time::Duration;

use tanggap_channels::email::wire::{Relay, RelayConfig};
use tanggap_kernel::{Fault, Result};
use tanggap_store::jobs::Runner;
use tanggap_ui::Ctx;
use tanggap_ui::ctx::Secrets;

use gateways::Gateways;
use mail::RelayGateway;

/// The longest time that one step of a send may take.
const SEND_SECONDS_MAX: u64 = 50;

pub(crate) fn statements() -> Vec<&'static tanggap_store::Sql> {
    sweep::statements()
}

/// All handlers of a node.
#[must_use]
pub fn runner(ctx: &Ctx) -> Runner {
    let runner = tanggap_contacts::register(Runner::new(ctx.db.clone()));
    let runner = tanggap_routing::jobs::register(runner);
    let runner = tanggap_cases::jobs::register(runner);
    let runner = outbound::fallback::register(runner);
    let runner = tanggap_portal::chat::letters::register(runner);
    sweep::register(runner, ctx.blobs.clone())
}

/// The gateways of a node: at first that of the relay, where one is configured.
///
/// # Errors
/// A fault where the relay's settings cannot be used.
pub fn gateways(relay: Option<&RelayConfig>, secrets: &Secrets) -> Result<Gateways> {
    let gateways = Gateways::default();
    if let Some(config) = relay {
        let gateway = RelayGateway::new(open_relay(config)?, config.pool_size, secrets.clone());
        gateways.set_own("email", Arc::new(gateway));
    }
    Ok(gateways)
}

/// The relay as configured, with a bound on the time of one send.
///
/// # Errors
/// A fault where its settings cannot be used.
pub fn open_relay(config: &RelayConfig) -> Result<Relay, Fault> {
    // Connecting and each step of sending are given this time.
    let half = SEND_SECONDS_MAX.min(config.timeout_seconds);
    let config = RelayConfig { timeout_seconds: half, ..config.clone() };
    Relay::new(config).map_err(|e| Fault::new(format!("mail relay: {e}")))
}

/// How long sends that are under way are waited for when the node goes down.
pub const SENDS_END_WITHIN: Duration = Duration::from_secs(SEND_SECONDS_MAX);
