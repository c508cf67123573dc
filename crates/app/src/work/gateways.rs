//! Where messages leave: one gateway for each account of a channel that this node can reach.
//!
//! A channel hangs its adapter in when it is connected and takes it out when it is not; what has
//! no gateway waits. The installation's own mail relay is the gateway of the account 0.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use tanggap_channels::exchange::{Accepted, NotSent, Outgoing};
use tanggap_conversations::outbound::OutboundId;
use tanggap_conversations::outbound::lanes::Lane;
use tanggap_conversations::outbound::rules::Assurance;
use tanggap_kernel::AgencyId;
use tokio::sync::{Notify, mpsc, oneshot};

use super::outbound::Told;

/// One account's way out.
pub trait Gateway: Send + Sync {
    /// What the provider does with a message that it may have had before.
    fn assurance(&self) -> Assurance;

    /// How many messages may be under way at the same time, at least 1.
    fn window(&self) -> usize;

    /// Hands one message over, and waits for the provider's answer within a bounded time.
    ///
    /// Call [`Handing::over`] once, right before the step that cannot be taken back: what fails
    /// before it is known not to have gone out, even where the node dies.
    ///
    /// # Errors
    /// See [`NotSent`].
    fn send(
        &self,
        outgoing: Outgoing,
        handing: Handing,
    ) -> BoxFuture<'static, Result<Accepted, NotSent>>;
}

/// The right to hand one message over.
pub struct Handing {
    pub(super) id: OutboundId,
    pub(super) tell: mpsc::Sender<Told>,
}

impl Handing {
    /// Notes durably that the message is handed over now.
    ///
    /// # Errors
    /// [`NotSent::Later`] where another node has the message meanwhile: then end without sending.
    pub async fn over(self) -> Result<(), NotSent> {
        let (noted, answer) = oneshot::channel();
        let lost = || NotSent::Later { after: None, why: "the lane was lost".into() };
        self.tell.send(Told::Hand(self.id, noted)).await.map_err(|_| lost())?;
        match answer.await {
            Ok(true) => Ok(()),
            _ => Err(lost()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    Channel(String),
    OfAgency(AgencyId, String),
    Account(AgencyId, i64),
}

#[derive(Default)]
struct Inner {
    gateways: RwLock<HashMap<Place, Arc<dyn Gateway>>>,
    changed: Notify,
}

/// The gateways of this node; cloned freely.
#[derive(Clone, Default)]
pub struct Gateways(Arc<Inner>);

impl Gateways {
    /// Hangs in what the installation itself is configured with, for a whole channel.
    pub fn set_own(&self, channel: &str, gateway: Arc<dyn Gateway>) {
        self.set_at(Place::Channel(channel.to_owned()), gateway);
    }

    /// Hangs in the account by which an agency sends what is for no other account of a channel.
    pub fn set_for(&self, agency: AgencyId, channel: &str, gateway: Arc<dyn Gateway>) {
        self.set_at(Place::OfAgency(agency, channel.to_owned()), gateway);
    }

    /// Takes out what [`Self::set_for`] hung in; the installation's own serves again.
    pub fn remove_for(&self, agency: AgencyId, channel: &str) {
        self.remove_at(&Place::OfAgency(agency, channel.to_owned()));
    }

    /// Hangs in an account's gateway, in place of an earlier one.
    pub fn set(&self, agency: AgencyId, account_id: i64, gateway: Arc<dyn Gateway>) {
        self.set_at(Place::Account(agency, account_id), gateway);
    }

    /// Takes an account's gateway out; what is under way through it ends by itself.
    pub fn remove(&self, agency: AgencyId, account_id: i64) {
        self.remove_at(&Place::Account(agency, account_id));
    }

    fn remove_at(&self, place: &Place) {
        self.0.gateways.write().unwrap_or_else(PoisonError::into_inner).remove(place);
    }

    fn set_at(&self, place: Place, gateway: Arc<dyn Gateway>) {
        self.0.gateways.write().unwrap_or_else(PoisonError::into_inner).insert(place, gateway);
        self.0.changed.notify_one();
    }

    pub(super) fn find(&self, lane: &Lane) -> Option<Arc<dyn Gateway>> {
        let gateways = self.0.gateways.read().unwrap_or_else(PoisonError::into_inner);
        let at = |place: Place| gateways.get(&place).cloned();
        match lane.account_id {
            0 => at(Place::OfAgency(lane.agency_id, lane.channel.clone()))
                .or_else(|| at(Place::Channel(lane.channel.clone()))),
            id => at(Place::Account(lane.agency_id, id)),
        }
    }

    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }
}
