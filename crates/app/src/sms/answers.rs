//! What the words do that people may send: LAPOR opens a case, STATUS tells how one stands,
//! BERHENTI and MULAI, BANTUAN.
//!
//! **STATUS answers the number that reported**: what is another's is as unknown as what is not
//! there. The answer goes into the talk, so that whoever reads it sees what was said.

use tanggap_calendar::Kind;
use tanggap_cases::model::Case;
use tanggap_cases::report::{Report, SUBJECT_MAX, Ticket};
use tanggap_cases::store as case_store;
use tanggap_cases::talking::{self, Order, Taken};
use tanggap_channels::sms::keyword::Keyword;
use tanggap_conversations::outbound::suppressions;
use tanggap_conversations::{Priority, Talk, talks};
use tanggap_kernel::{Access, Error, Locale, Refusal, Result, code};
use tanggap_store::Tx;
use tanggap_ui::{Arg, t, t_args};

use super::CHANNEL;

/// What a word asks of the program.
pub fn order_of(asked: &Keyword) -> Order {
    match asked {
        Keyword::Report(said) if !said.is_empty() => Order::Open,
        _ => Order::Other,
    }
}

/// Does what was asked in a message that was just taken in, and answers.
///
/// # Errors
/// A fault of the engine.
pub fn answer(
    tx: &mut Tx<'_>,
    access: &Access,
    taken: &Taken,
    asked: &Keyword,
    ticket: &Ticket,
) -> Result<()> {
    let talk = &taken.talk;
    let text = match asked {
        Keyword::Report(said) if said.is_empty() => words("sms-answer-report-how"),
        Keyword::Report(said) => match report(tx, access, talk, said, ticket)? {
            // The case's own receipt, with code and PIN, goes into the talk.
            None => return Ok(()),
            Some(known) => with("sms-answer-added", &known),
        },
        Keyword::Status(typed) if typed.is_empty() => words("sms-answer-status-how"),
        Keyword::Status(typed) => status(tx, access, talk, typed)?,
        Keyword::Stop => {
            let reason = suppressions::Reason::Stop;
            suppressions::add(tx, access, CHANNEL, &talk.thread, reason, "")?;
            words("sms-answer-stop")
        }
        Keyword::Start => {
            resume(tx, access, talk)?;
            words("sms-answer-start")
        }
        Keyword::Help => words("sms-answer-help"),
    };
    let talk = talks::get(tx, access, talk.id)?;
    talking::tell(tx, access, talk, (&text, ""), Priority::Live)?;
    Ok(())
}

/// Writes to somebody again who said "stop"; what else holds their number back stays.
fn resume(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<()> {
    let held = suppressions::of(tx, access, CHANNEL, &talk.thread)?;
    if held.is_none_or(|held| held.reason != suppressions::Reason::Stop) {
        return Ok(());
    }
    match suppressions::lift(tx, access, CHANNEL, &talk.thread) {
        Err(Error::Refused(Refusal::NotFound)) => Ok(()),
        lifted => lifted,
    }
}

/// Opens a case of the words; the code of the one that the talk belongs to already, where it does.
fn report(
    tx: &mut Tx<'_>,
    access: &Access,
    talk: &Talk,
    said: &str,
    ticket: &Ticket,
) -> Result<Option<String>> {
    if let Some(case) = talk.case_id {
        let case = case_store::find(tx, access, case.into())?;
        return Ok(case.map(|case| case.code));
    }
    // Who reports again after "stop" is owed a receipt, and the answer.
    resume(tx, access, talk)?;
    let subject: String =
        said.lines().next().unwrap_or_default().chars().take(SUBJECT_MAX).collect();
    let mut report = Report::new(Kind::Complaint, &subject, said, ticket.clone());
    report.channel = CHANNEL;
    talking::open_case(tx, access, talk.id, &report)?;
    Ok(None)
}

fn status(tx: &mut Tx<'_>, access: &Access, talk: &Talk, typed: &str) -> Result<String> {
    let unknown = || with("sms-answer-unknown", typed);
    let Some(code) = code::parse(typed) else { return Ok(unknown()) };
    match case_store::by_code(tx, access, &code)? {
        Some(case) if is_own(&case, talk) => {
            let state = words(&format!("ui-state-{}", case.status.as_str().replace('_', "-")));
            let arguments =
                [("code", Arg::from(case.code.as_str())), ("state", Arg::from(state.as_str()))];
            Ok(t_args(Locale::Id, "sms-answer-status", &arguments).into_owned())
        }
        _ => Ok(unknown()),
    }
}

/// The same person's, who wrote from the number by which they are known.
fn is_own(case: &Case, talk: &Talk) -> bool {
    case.contact_id.is_some() && case.contact_id == talk.contact_id
}

fn words(key: &str) -> String {
    t(Locale::Id, key).into_owned()
}

fn with(key: &str, text: &str) -> String {
    t_args(Locale::Id, key, &[("text", Arg::from(text))]).into_owned()
}
