//! A reporter's letter after their case was closed.

use tanggap_app::letter::{Door, Taken, take_in};
use tanggap_cases::actions::{self, Move};
use tanggap_cases::model::{Case, Status};
use tanggap_cases::rules::Action;
use tanggap_cases::store as cases;
use tanggap_conversations::{self as talk, Direction};
use tanggap_kernel::{Access, AgencyId, Locale, Timestamp};
use tanggap_org::UnitInput;
use tanggap_testkit::engines;
use tanggap_ui::Ctx;

use crate::kit;

async fn letter(ctx: &Ctx, agency: AgencyId, id: &str, answers: &str, text: &str) -> Taken {
    let mail = format!(
        "From: Budi <budi@contoh.id>\r\nSubject: Re: Lampu\r\nMessage-ID: <{id}@contoh.id>\r\n\
         In-Reply-To: <{answers}@contoh.id>\r\n\r\n{text}\r\n"
    );
    take_in(ctx, agency, mail.into_bytes(), Door::default()).await.expect("taken in")
}

async fn case(ctx: &Ctx, agency: AgencyId, code: Option<String>) -> Case {
    let code = code.expect("a code");
    let read = ctx
        .db
        .read(move |tx| Ok(cases::by_code(tx, &Access::system(agency), &code)?.expect("there")));
    read.await.expect("read")
}

async fn said(ctx: &Ctx, agency: AgencyId, case: &Case) -> Vec<(Direction, String)> {
    let id = case.id.0;
    let read = ctx.db.read(move |tx| {
        let all = talk::messages_of_case(tx, &Access::system(agency), id)?;
        Ok(all.into_iter().map(|message| (message.direction, message.body)).collect())
    });
    read.await.expect("read")
}

/// Answers a case and has the citizen confirm it.
async fn close(ctx: &Ctx, agency: AgencyId, case: &Case) {
    let id = case.id;
    let verify = case.status == Status::Received;
    let write = ctx.db.write(move |tx| {
        let system = Access::system(agency);
        let unit = tanggap_org::units(tx, &system)?.into_iter().find(|unit| unit.code == "PU");
        let unit = match unit {
            Some(unit) => unit.id,
            None => tanggap_org::create_unit(
                tx,
                &system,
                &UnitInput {
                    parent_id: None,
                    code: "PU".into(),
                    name: "Dinas PU".into(),
                    name_en: String::new(),
                    phone: String::new(),
                    email: String::new(),
                    agreed_days: 5,
                    calendar_id: None,
                    active: true,
                },
            )?,
        };
        let mut steps = vec![
            Action::Forward { unit, instruction: "Mohon.".into(), agreed_days: None },
            Action::Accept,
            Action::Answer { text: "Sudah diperbaiki.".into() },
        ];
        if verify {
            steps.insert(0, Action::Verify);
        }
        for action in steps {
            let wanted = Move { case: id, version: None, action, attachments: vec![] };
            actions::act(tx, &system, &wanted)?;
        }
        let action = Action::Confirm;
        let wanted = Move { case: id, version: None, action, attachments: vec![] };
        actions::act(tx, &Access::citizen(agency, Locale::Id), &wanted)
    });
    assert_eq!(write.await.expect("closed").status, Status::Closed);
}

engines! {
    async fn a_letter_reopens_a_closed_case_once_and_then_begins_another(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let first = letter(&ctx, agency, "a", "tidak-ada", "Lampu mati.").await;
        close(&ctx, agency, &case(&ctx, agency, first.case.clone()).await).await;

        // Thanks alone change nothing, and are read.
        let thanks = letter(&ctx, agency, "b", "a", "Terima kasih atas bantuannya.").await;
        assert_eq!((&thanks.case, thanks.created), (&first.case, false));
        let now = case(&ctx, agency, first.case.clone()).await;
        assert_eq!((now.status, now.awaiting), (Status::Closed, true));

        // Somebody else's word does not reopen it either.
        let other = "From: Tuti <tuti@contoh.id>\r\nMessage-ID: <o@contoh.id>\r\n\
            In-Reply-To: <a@contoh.id>\r\n\r\nMati lagi.\r\n";
        let raw = other.as_bytes().to_vec();
        take_in(&ctx, agency, raw, Door::default()).await.expect("taken in");
        assert_eq!(case(&ctx, agency, first.case.clone()).await.status, Status::Closed);

        let quoting = "Mati lagi sejak kemarin.\r\n\r\nPada Jum, 13 Mar 2026 Petugas menulis:\r\n> ya";
        let again = letter(&ctx, agency, "c", "a", quoting).await;
        assert_eq!((&again.case, again.created), (&first.case, false));
        let reopened = case(&ctx, agency, first.case.clone()).await;
        assert!(reopened.status.is_open() && reopened.reopens == 1, "{:?}", reopened.status);
        let words = said(&ctx, agency, &reopened).await;
        assert_eq!(words.iter().filter(|(_, text)| text == "Mati lagi sejak kemarin.").count(), 1);
        // The same letter twice is one.
        assert!(!letter(&ctx, agency, "c", "a", quoting).await.created);

        // A second time the law knows no reopening: a case of its own, and each names the other.
        close(&ctx, agency, &reopened).await;
        let next = letter(&ctx, agency, "d", "c", quoting).await;
        assert!(next.created && next.case != first.case);
        let code = next.case.clone().expect("a code");
        let own = case(&ctx, agency, next.case.clone()).await;
        let begun = said(&ctx, agency, &own).await.remove(0).1;
        let old = first.case.clone().expect("a code");
        assert!(begun.contains(&old) && begun.contains("Mati lagi"), "{begun}");
        assert!(!begun.contains("menulis:"), "{begun}");
        let before = said(&ctx, agency, &reopened).await.pop().expect("said");
        assert!(before.0 == Direction::Internal && before.1.contains(&code), "{before:?}");
        assert!(!letter(&ctx, agency, "d", "c", quoting).await.created);
        // What answers the new case belongs there.
        let more = letter(&ctx, agency, "e", "d", "Tambahan: di RT 5.").await;
        assert_eq!(more.case, next.case);
    }

    async fn after_the_laws_time_a_letter_begins_another_case(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let first = letter(&ctx, agency, "a", "tidak-ada", "Lampu mati.").await;
        close(&ctx, agency, &case(&ctx, agency, first.case.clone()).await).await;
        kit.clock.set(kit.clock.now().plus(200 * Timestamp::DAY));
        let late = letter(&ctx, agency, "b", "a", "Mati lagi.").await;
        assert!(late.created, "too late to reopen");
        assert_eq!(case(&ctx, agency, first.case).await.status, Status::Closed);
    }
}
