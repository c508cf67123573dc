//! Who else looks at a case: known to this node only, forgotten after 45 seconds, and no more
//! than a courtesy; what keeps people from overwriting each other is the version in their forms.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Extension, Form, Path, State};
use axum::response::Response;
use serde::Deserialize;
use tanggap_cases::actions;
use tanggap_cases::model::CaseId;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{AgencyId, Timestamp};
use tanggap_org::door::Staff;
use tanggap_ui::{Ctx, Failed, Text, respond};

use crate::stream;

/// How long somebody counts as looking after their last sign.
const FORGET_MICROS: i64 = 45 * Timestamp::SECOND;
/// More cases than that at once begin anew.
const CASES_MAX: usize = 20_000;

#[derive(Clone, Debug)]
struct Looking {
    user: UserId,
    name: String,
    until: Timestamp,
}

/// Who looks at which case.
#[derive(Clone, Default)]
pub(crate) struct Presence(Arc<Mutex<ByCase>>);

type ByCase = HashMap<(AgencyId, CaseId), Vec<Looking>>;

impl Presence {
    /// Notes that somebody looks; tells whether that changed who does.
    fn note(
        &self,
        agency: AgencyId,
        case: CaseId,
        user: UserId,
        name: &str,
        now: Timestamp,
    ) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CASES_MAX {
            known.clear();
        }
        let here = known.entry((agency, case)).or_default();
        let before: Vec<UserId> = here.iter().map(|looking| looking.user).collect();
        here.retain(|looking| looking.user != user && looking.until > now);
        let until = now.plus(FORGET_MICROS);
        here.push(Looking { user, name: name.to_owned(), until });
        here.sort_by_key(|looking| looking.user);
        let after: Vec<UserId> = here.iter().map(|looking| looking.user).collect();
        before != after
    }

    /// The names of those who look now, where there is more than one or somebody else than `but`.
    pub(crate) fn names(
        &self,
        agency: AgencyId,
        case: CaseId,
        but: Option<UserId>,
        now: Timestamp,
    ) -> Vec<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = known.get(&(agency, case)).map(Vec::as_slice).unwrap_or_default();
        let here = here.iter().filter(|looking| looking.until > now && Some(looking.user) != but);
        here.map(|looking| looking.name.clone()).collect()
    }
}

/// The line that names who looks; the same for all who look, so it names all of them.
pub(crate) fn line(text: Text, names: &[String]) -> String {
    if names.len() < 2 {
        return String::new();
    }
    text.t1("desk-presence", "names", names.join(", ")).into_owned()
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sign {
    #[serde(default)]
    csrf: String,
}

/// `POST /meja/{code}/hadir`, every 15 seconds while a case is in sight and whenever it was shown
/// anew. The answer tells who looks: a page that was made before somebody came may be shown after
/// all others were told.
pub(crate) async fn ping(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    Path(code): Path<String>,
    staff: Staff,
    Form(sign): Form<Sign>,
) -> Result<Response, Failed> {
    staff.check_csrf(&sign.csrf)?;
    let access = staff.access.clone();
    let case = ctx.db.read(move |tx| actions::load_by_code(tx, &access, &code)).await?;
    let (agency, now) = (staff.agency.id, ctx.now());
    let changed = presence.note(agency, case.id, staff.user.id, &staff.user.name, now);
    let names = presence.names(agency, case.id, None, now);
    if changed {
        stream::tell_presence(&ctx, agency, case.id, &names);
    }
    let html = stream::presence_html(staff.text(), case.id, &names).unwrap_or_default();
    Ok(respond::streams(html))
}
