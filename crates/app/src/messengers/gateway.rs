//! Messengers as ways out: one gateway for each account that is in use, kept up with what the
//! administrators set.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tanggap_channels::exchange::{Accepted, NotSent, Outgoing};
use tanggap_channels::messenger::{Client, Kind};
use tanggap_conversations::accounts::{self, Account};
use tanggap_conversations::outbound::rules::Assurance;
use tanggap_kernel::{AgencyId, Result};
use tanggap_ui::Ctx;
use tokio::sync::watch;

use super::Messengers;
use crate::work::gateways::{Gateway, Gateways, Handing};

/// How often the accounts are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// One account's way out.
struct MessengerGateway {
    kind: Kind,
    client: Client,
}

impl Gateway for MessengerGateway {
    fn assurance(&self) -> Assurance {
        match self.kind {
            // Its receipts carry our key.
            Kind::WhatsApp => Assurance::Tells,
            _ => Assurance::Mute,
        }
    }

    fn window(&self) -> usize {
        match self.kind {
            // 80 messages a second and number are let through.
            Kind::WhatsApp => 20,
            // 30 a second in all.
            Kind::Telegram => 6,
            Kind::Messenger | Kind::Instagram => 4,
            Kind::X => 1,
        }
    }

    fn send(
        &self,
        outgoing: Outgoing,
        handing: Handing,
    ) -> BoxFuture<'static, Result<Accepted, NotSent>> {
        let client = self.client.clone();
        Box::pin(async move { client.send(&outgoing, handing.over()).await })
    }
}

/// The accounts whose gateways hang, with the version of each that they were made of.
#[derive(Default)]
pub struct Hanging(HashMap<(AgencyId, i64), i64>);

impl Hanging {
    /// Hangs in what is new or changed, and takes out what is used no more.
    ///
    /// # Errors
    /// A fault of the engine.
    pub async fn keep_up(
        &mut self,
        ctx: &Ctx,
        messengers: &Messengers,
        gateways: &Gateways,
    ) -> Result<()> {
        let all = ctx
            .db
            .read(|tx| {
                let mut all: Vec<Account> = Vec::new();
                for kind in Kind::ALL {
                    all.extend(accounts::in_use(tx, kind.as_str())?);
                }
                Ok(all)
            })
            .await?;
        let place = |account: &Account| (account.agency_id, account.id.0);
        let used: HashMap<_, _> = all.iter().map(|a| (place(a), a.version)).collect();
        self.0.retain(|at, _| {
            let stays = used.contains_key(at);
            if !stays {
                gateways.remove(at.0, at.1);
            }
            stays
        });
        for account in all {
            let (at, version) = (place(&account), account.version);
            if self.0.get(&at) == Some(&version) {
                continue;
            }
            self.0.insert(at, version);
            match (Kind::parse(&account.channel), messengers.client_of(&ctx.secrets, &account)) {
                (Some(kind), Ok(client)) => {
                    let gateway = std::sync::Arc::new(MessengerGateway { kind, client });
                    gateways.set(at.0, at.1, gateway);
                }
                (_, Err(error)) => {
                    gateways.remove(at.0, at.1);
                    tracing::warn!(%error, account = %account.name, "the account cannot be used");
                }
                (None, Ok(_)) => {}
            }
        }
        Ok(())
    }
}

/// Keeps the gateways up until `stop` is true.
pub async fn tend(
    ctx: Ctx,
    messengers: Messengers,
    gateways: Gateways,
    mut stop: watch::Receiver<bool>,
) {
    let mut hanging = Hanging::default();
    while !*stop.borrow() {
        if let Err(error) = hanging.keep_up(&ctx, &messengers, &gateways).await {
            tracing::warn!(%error, "accounts at messengers are not kept up");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
