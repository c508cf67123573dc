//! The threads that own connections: named, counted, and waited for when the database is closed.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tanggap_kernel::{Fault, Result};

thread_local! {
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// How many threads of one database are alive.
#[derive(Clone, Default)]
pub(crate) struct Threads {
    alive: Arc<(Mutex<usize>, Condvar)>,
}

impl Threads {
    pub(crate) fn spawn(
        &self,
        name: &str,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), Fault> {
        let counted = self.count();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Dropped last, also where `run` panics.
                let _counted = counted;
                OURS.set(true);
                run();
            })
            .map(drop)
            .map_err(|e| Fault::new(format!("thread {name}: {e}")))
    }

    fn count(&self) -> Counted {
        *self.alive.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Counted(self.clone())
    }

    /// Waits until all have ended, at most `for_at_most`; tells whether they have. A thread of
    /// the engine never waits for itself.
    pub(crate) fn wait(&self, for_at_most: Duration) -> bool {
        if OURS.get() {
            return false;
        }
        let alive = self.alive.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.alive.1.wait_timeout_while(alive, for_at_most, |alive| *alive > 0);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

struct Counted(Threads);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.alive.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.alive.1.notify_all();
    }
}
