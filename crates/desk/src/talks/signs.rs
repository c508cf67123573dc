//! What a visitor of the web chat and whoever answers them see of each other: that one writes, and
//! how far the other has read.

use tanggap_conversations::chat::{self, Visitor};
use tanggap_conversations::{Direction, InteractionId, Message, Talk};
use tanggap_kernel::{Access, AgencyId, Result};
use tanggap_org::door::Staff;
use tanggap_store::Tx;
use tanggap_ui::Ctx;

use super::page::Loaded;

/// The visitor of a talk; nobody on other channels.
pub(crate) fn visitor_of(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Option<Visitor>> {
    match talk.channel == chat::CHANNEL {
        true => Ok(chat::visitor(tx, access, talk.id)?),
        false => Ok(None),
    }
}

/// Whether the visitor has seen the newest answer.
pub(crate) fn has_read(visitor: &Visitor, messages: &[Message]) -> bool {
    let answers = messages.iter().filter(|message| message.direction == Direction::Out);
    answers.map(|message| message.id).max().is_some_and(|last| last <= visitor.read_by_visitor)
}

/// Who has a talk looks at it: its visitor learns that their words were read. What colleagues look
/// at is not theirs to answer, and tells nobody anything.
pub(crate) async fn looked(ctx: &Ctx, staff: &Staff, loaded: &Loaded) -> Result<()> {
    let (id, owner) = (loaded.talk.id, loaded.talk.owner_id);
    let is_mine = owner.is_some() && owner == staff.access.user();
    let Some(visitor) = loaded.visitor.as_ref().filter(|_| is_mine) else { return Ok(()) };
    let heard = loaded.messages.iter().filter(|message| message.direction == Direction::In);
    let newest = heard.map(|message| message.id).max();
    let Some(newest) = newest.filter(|newest| *newest > visitor.read_by_staff) else {
        return Ok(());
    };
    let access = staff.access.clone();
    let is_news = ctx.db.write(move |tx| Ok(chat::read_by_staff(tx, &access, id, newest)?));
    if is_news.await? {
        tell(ctx, staff.agency.id, id, &chat::seen(newest));
    }
    Ok(())
}

/// Staff write an answer: told to the visitor, where there is one.
pub(crate) fn typing(ctx: &Ctx, agency: AgencyId, id: InteractionId) {
    tell(ctx, agency, id, chat::TYPING);
}

fn tell(ctx: &Ctx, agency: AgencyId, id: InteractionId, what: &str) {
    let wanted = chat::topic(id);
    for room in ctx.live.rooms(agency, |topic| topic == wanted) {
        ctx.live.send(&room, what);
    }
}
