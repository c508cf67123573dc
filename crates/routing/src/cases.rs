//! Cases as items: who took one by hand has it in their room as if it had rung at them.

use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Result};
use tanggap_store::Tx;

use crate::actions;
use crate::model::{ItemState, Kind};
use crate::store;

/// A case changed hands or is over; one that is no item stays none.
///
/// # Errors
/// A fault of the engine, or a refusal where another changed the item meanwhile.
pub fn follow(
    tx: &mut Tx<'_>,
    access: &Access,
    case: i64,
    owner: Option<UserId>,
    is_open: bool,
) -> Result<()> {
    let Some(item) = store::live(tx, access, Kind::Case, case)? else { return Ok(()) };
    match owner {
        _ if !is_open && owner.is_some() => actions::end_served(tx, access, item),
        _ if !is_open => actions::end(tx, access, item),
        Some(owner) => actions::take(tx, access, item, owner),
        None => match store::item(tx, access, item)?.state {
            ItemState::Accepted { .. } => actions::put_back(tx, access, item),
            _ => Ok(()),
        },
    }
}
