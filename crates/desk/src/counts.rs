//! The figures beside the queues and on the board, counted once for many pages.
//!
//! Kept per person for at most a second. Where nothing happened meanwhile, or counting takes long
//! (an agency with very many open cases), that second is used whole; where counting is cheap they
//! follow every event at once. Whoever changed something themself always sees it counted, and live
//! pages are told the new figures within a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tanggap_cases::queries::{self, Cell, Queues};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Result, Timestamp};
use tanggap_org::door::Staff;
use tanggap_store::{Announced, Tx};
use tanggap_ui::Ctx;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// How long figures are kept.
const KEEP_MICROS: i64 = Timestamp::SECOND;
/// Counting may take one part in so many of the time: what took 20 ms is good for 400 ms.
const SHARE: i64 = 20;
/// More people than that at once begin anew.
const KEPT_MAX: usize = 10_000;

type Whose = (AgencyId, UserId);

/// Figures that were counted a moment ago.
struct Counted<T> {
    at: Timestamp,
    took: i64,
    figures: T,
    /// Something happened in the agency since.
    changed: bool,
    /// Until when somebody else is believed to be counting anew.
    busy_until: Timestamp,
}

impl<T> Counted<T> {
    fn is_good(&self, now: Timestamp) -> bool {
        let keep = if self.changed { (self.took * SHARE).min(KEEP_MICROS) } else { KEEP_MICROS };
        self.at <= now && (now < self.at.plus(keep) || now < self.busy_until)
    }
}

struct Kept<T> {
    heard: Option<Receiver<Announced>>,
    counted: HashMap<Whose, Counted<T>>,
}

impl<T> Kept<T> {
    /// Notes what happened since.
    fn hear(&mut self, ctx: &Ctx) {
        let Self { heard, counted } = self;
        let heard = heard.get_or_insert_with(|| ctx.db.subscribe());
        loop {
            match heard.try_recv() {
                Ok(event) => {
                    for ((agency, _), known) in &mut *counted {
                        if *agency == event.agency_id {
                            known.changed = true;
                        }
                    }
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Lagged(_)) => counted.clear(),
                Err(TryRecvError::Closed) => {
                    counted.clear();
                    return;
                }
            }
        }
    }
}

struct Figures<T>(Arc<Mutex<Kept<T>>>);

impl<T> Default for Figures<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Kept { heard: None, counted: HashMap::new() })))
    }
}

impl<T> Clone for Figures<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone + Send + 'static> Figures<T> {
    async fn of(
        &self,
        ctx: &Ctx,
        staff: &Staff,
        count: fn(&mut Tx<'_>, &Access) -> Result<T>,
    ) -> Result<T> {
        let (whose, began) = ((staff.agency.id, staff.user.id), ctx.now());
        if let Some(figures) = self.good(ctx, whose, began) {
            return Ok(figures);
        }
        let access = staff.access.clone();
        let figures = ctx.db.read(move |tx| count(tx, &access)).await?;
        let took = ctx.now().as_micros() - began.as_micros();
        let counted = Counted {
            at: began,
            took,
            figures: figures.clone(),
            changed: false,
            busy_until: Timestamp::default(),
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.counted.len() >= KEPT_MAX {
            kept.counted.clear();
        }
        kept.counted.insert(whose, counted);
        Ok(figures)
    }

    fn forget(&self, whose: Whose) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counted.remove(&whose);
    }

    /// What is kept and still good; where it is not, the asker is the one who counts.
    fn good(&self, ctx: &Ctx, whose: Whose, now: Timestamp) -> Option<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.hear(ctx);
        let known = kept.counted.get_mut(&whose)?;
        if known.is_good(now) {
            return Some(known.figures.clone());
        }
        known.busy_until = now.plus(known.took.saturating_mul(2).min(KEEP_MICROS));
        None
    }
}

/// What the board shows.
pub(crate) type Board = (Vec<Cell>, Queues);

/// The figures of the desk and of the board.
#[derive(Clone, Default)]
pub(crate) struct Counts {
    queues: Figures<Queues>,
    board: Figures<Board>,
}

impl Counts {
    /// The figures beside the queues, for one person.
    pub(crate) async fn of(&self, ctx: &Ctx, staff: &Staff) -> Result<Queues> {
        self.queues.of(ctx, staff, queries::queues).await
    }

    /// Somebody changed something: they see it counted.
    pub(crate) fn forget(&self, staff: &Staff) {
        let whose = (staff.agency.id, staff.user.id);
        self.queues.forget(whose);
        self.board.forget(whose);
    }

    /// The figures of the board, for one person.
    pub(crate) async fn board(&self, ctx: &Ctx, staff: &Staff) -> Result<Board> {
        let count = |tx: &mut Tx<'_>, access: &Access| {
            Ok((queries::board(tx, access)?, queries::queues(tx, access)?))
        };
        self.board.of(ctx, staff, count).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cheap_figures_follow_every_event_and_dear_ones_are_kept_for_a_second_at_most() {
        let ms = |n: i64| Timestamp::default().plus(n * 1000);
        for (took, changed, busy_until, asked, good) in [
            (1, false, 0, 999, true),
            (1, false, 0, 1000, false),
            (1, true, 0, 19, true),
            (1, true, 0, 20, false),
            (40, true, 0, 799, true),
            (40, true, 0, 800, false),
            (900, true, 0, 1000, false),
            (40, true, 1100, 1050, true),
            (0, true, 0, 0, false),
        ] {
            let counted = Counted {
                at: ms(0),
                took: took * 1000,
                figures: (),
                changed,
                busy_until: ms(busy_until),
            };
            assert_eq!(counted.is_good(ms(asked)), good, "{took} {changed} {busy_until} {asked}");
        }
    }
}
