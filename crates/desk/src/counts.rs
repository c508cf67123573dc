//! The figures beside the queues, counted once for many pages.
//!
//! Kept per person for at most a second, and never longer than until the next event of their
//! agency: whoever reloads after a change sees it counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tanggap_cases::queries::{self, Queues};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{AgencyId, Result, Timestamp};
use tanggap_org::door::Staff;
use tanggap_store::Announced;
use tanggap_ui::Ctx;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// How long figures are kept.
const KEEP_MICROS: i64 = Timestamp::SECOND;
/// More people than that at once begin anew.
const KEPT_MAX: usize = 10_000;

#[derive(Default)]
struct Kept {
    heard: Option<Receiver<Announced>>,
    figures: HashMap<(AgencyId, UserId), (Timestamp, Queues)>,
}

/// Figures that were counted a moment ago.
#[derive(Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<Kept>>);

impl Counts {
    /// The figures for one person.
    pub(crate) async fn of(&self, ctx: &Ctx, staff: &Staff) -> Result<Queues> {
        let now = ctx.now();
        let key = (staff.agency.id, staff.user.id);
        if let Some(queues) = self.fresh(ctx, key, now) {
            return Ok(queues);
        }
        let access = staff.access.clone();
        let queues = ctx.db.read(move |tx| queries::queues(tx, &access)).await?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.figures.len() >= KEPT_MAX {
            kept.figures.clear();
        }
        kept.figures.insert(key, (now, queues.clone()));
        Ok(queues)
    }

    fn fresh(&self, ctx: &Ctx, key: (AgencyId, UserId), now: Timestamp) -> Option<Queues> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { heard, figures } = &mut *kept;
        let heard = heard.get_or_insert_with(|| ctx.db.subscribe());
        loop {
            match heard.try_recv() {
                Ok(event) => figures.retain(|(agency, _), _| *agency != event.agency_id),
                Err(TryRecvError::Lagged(_)) => figures.clear(),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => {
                    figures.clear();
                    break;
                }
            }
        }
        let (at, queues) = figures.get(&key)?;
        (*at <= now && now < at.plus(KEEP_MICROS)).then(|| queues.clone())
    }
}
