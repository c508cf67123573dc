//! What comes back to mail of ours: answers to a signed address, reports of mail systems, and
//! machines that answer every receipt.

use tanggap_app::letter::{Door, Taken, take_in};
use tanggap_app::work::mail::{message_id, reply_address};
use tanggap_cases::actions::{self, Move};
use tanggap_cases::model::Status;
use tanggap_cases::rules::Action;
use tanggap_cases::store as cases;
use tanggap_conversations::outbound::suppressions;
use tanggap_conversations::{self as talk, Direction, Outbound, SendState, outbound};
use tanggap_kernel::{Access, AgencyId};
use tanggap_testkit::engines;
use tanggap_ui::Ctx;

use crate::kit;

async fn take(ctx: &Ctx, agency: AgencyId, mail: &str) -> Taken {
    let raw = mail.replace('\n', "\r\n").into_bytes();
    take_in(ctx, agency, raw, Door::default()).await.expect("taken in")
}

fn first(id: u32) -> String {
    format!(
        "From: Budi <budi@contoh.id>\nSubject: Lampu {id}\nMessage-ID: <{id}@contoh.id>\n\nMati.\n"
    )
}

/// The receipt of the newest case.
async fn receipt(ctx: &Ctx, agency: AgencyId) -> Outbound {
    let waiting = outbound_of(ctx, agency, SendState::Waiting).await;
    waiting.into_iter().next_back().expect("a receipt")
}

async fn outbound_of(ctx: &Ctx, agency: AgencyId, state: SendState) -> Vec<Outbound> {
    ctx.db
        .read(move |tx| Ok(outbound::waiting(tx, &Access::system(agency), state, None, 100)?))
        .await
        .expect("read")
}

async fn suppressed(ctx: &Ctx, agency: AgencyId, address: &'static str) -> bool {
    let found = ctx.db.read(move |tx| {
        Ok(suppressions::of(tx, &Access::system(agency), "email", address)?.is_some())
    });
    found.await.expect("read")
}

async fn last_said(ctx: &Ctx, agency: AgencyId, code: Option<String>) -> (Direction, String) {
    let code = code.expect("a case");
    let found = ctx.db.read(move |tx| {
        let access = Access::system(agency);
        let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("there");
        let message = talk::messages_of_case(tx, &access, case.id.0)?.pop().expect("said");
        Ok((message.direction, message.body))
    });
    found.await.expect("read")
}

fn bounce(sent: &Outbound, address: &str, status: &str, why: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.id\nTo: lapor@uji.go.id\nSubject: Undelivered\n\
         Message-ID: <{}.{status}@mx.id>\nContent-Type: multipart/report; report-type=delivery-status;\n \
         boundary=b\n\n--b\n\nmaaf\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.id\n\nFinal-Recipient: rfc822; {address}\nAction: failed\n\
         Status: {status}\nDiagnostic-Code: smtp; {why}\n\n--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: {}\n\n--b--\n",
        sent.id,
        message_id(sent.id, "uji.go.id"),
    )
}

engines! {
    async fn an_answer_to_a_signed_address_finds_its_case(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first(1)).await;
        let sent = receipt(&ctx, agency).await;
        let to = reply_address(&ctx.secrets, "lapor@uji.go.id", &sent.id.to_string());
        let to = to.expect("an address");
        // Another program, no thread, another subject: as from a second phone.
        let answer = |to: &str, id: u32| format!(
            "From: Siti <siti@contoh.id>\nTo: {to}\nSubject: halo\nMessage-ID: <{id}@contoh.id>\n\n\
             Masih mati.\n"
        );
        let taken = take(&ctx, agency, &answer(&to, 2)).await;
        assert_eq!((taken.created, &taken.case), (false, &opened.case));
        let (direction, said) = last_said(&ctx, agency, opened.case.clone()).await;
        assert!(said.contains("siti@contoh.id") && said.contains("Masih mati."), "{said}");
        assert_eq!(direction, Direction::In, "the letter went to the reporter only");
        // Our own address alone, or with a forged tag, names nothing.
        for (id, to) in [(3, "lapor@uji.go.id".to_owned()), (4, to.replace(['1', '2'], "3"))] {
            let taken = take(&ctx, agency, &answer(&to, id)).await;
            assert!(taken.created && taken.case != opened.case, "{to}");
        }
    }

    async fn a_strangers_letter_moves_nothing(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first(1)).await;
        let code = opened.case.clone().expect("a code");
        let asked = ctx.db.write(move |tx| {
            let system = Access::system(agency);
            let id = cases::by_code(tx, &system, &code)?.expect("there").id;
            let action = Action::AskCompletion { question: "Di RT berapa?".into() };
            let wanted = Move { case: id, version: None, action, attachments: vec![] };
            let case = actions::act(tx, &system, &wanted)?;
            Ok((case, cases::deadlines(tx, &system, id)?))
        }).await.expect("asked");
        let now = async || {
            let id = asked.0.id;
            let read = ctx.db.read(move |tx| {
                let system = Access::system(agency);
                let case = cases::find(tx, &system, id)?.expect("there");
                Ok((case, cases::deadlines(tx, &system, id)?))
            });
            read.await.expect("read")
        };
        let question = receipt(&ctx, agency).await;
        // Of a Message-ID one part is counted up and the other is known to all: it is guessed.
        let thread = message_id(question.id, "uji.go.id");
        let answer = |from: &str, id: u32| format!(
            "From: {from}\nTo: lapor@uji.go.id\nMessage-ID: <{id}@contoh.id>\n\
             In-Reply-To: {thread}\n\nDi RT 5, sudah beres.\n"
        );
        let taken = take(&ctx, agency, &answer("asing@contoh.id", 2)).await;
        assert_eq!((taken.created, &taken.case), (false, &opened.case), "kept where it says");
        let (direction, said) = last_said(&ctx, agency, opened.case.clone()).await;
        assert_eq!(direction, Direction::Internal);
        assert!(said.contains("asing@contoh.id") && said.contains("Di RT 5"), "{said}");
        let (case, deadlines) = now().await;
        assert_eq!((case.status, case.awaiting), (Status::Incomplete, false));
        assert_eq!(deadlines, asked.1, "no clock has moved");

        take(&ctx, agency, &answer("budi@contoh.id", 3)).await;
        let (direction, said) = last_said(&ctx, agency, opened.case.clone()).await;
        assert_eq!((direction, said.as_str()), (Direction::In, "Di RT 5, sudah beres."));
        let (case, _) = now().await;
        assert_eq!((case.status, case.awaiting), (Status::Received, true));
    }

    async fn a_bounce_is_news_about_a_message(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first(1)).await;
        let sent = receipt(&ctx, agency).await;
        // Who does not know for whom the message was changes nothing.
        let forged = bounce(&sent, "lain@contoh.id", "5.1.1", "550 unknown user");
        take(&ctx, agency, &forged).await;
        assert!(!suppressed(&ctx, agency, "lain@contoh.id").await);
        assert!(!suppressed(&ctx, agency, "budi@contoh.id").await);
        assert_eq!(outbound_of(&ctx, agency, SendState::Failed).await.len(), 0);

        let full = bounce(&sent, "Budi@contoh.id", "5.2.2", "552 kotak penuh");
        for _ in 0..2 {
            let taken = take(&ctx, agency, &full).await;
            assert_eq!((taken.created, &taken.case), (false, &opened.case));
        }
        let failed = outbound_of(&ctx, agency, SendState::Failed).await;
        assert_eq!(failed.len(), 1);
        assert!(failed[0].error.as_deref().is_some_and(|why| why.contains("penuh")));
        let (direction, said) = last_said(&ctx, agency, opened.case.clone()).await;
        assert_eq!(direction, Direction::Internal);
        assert!(said.contains("budi@contoh.id") && said.contains("kotak penuh"), "{said}");
        // A full box is emptied again; an address that does not exist is written to no more.
        assert!(!suppressed(&ctx, agency, "budi@contoh.id").await);
        let gone = bounce(&sent, "budi@contoh.id", "5.1.1", "550 unknown user")
            .replace("@mx.id>", "@mx2.id>");
        take(&ctx, agency, &gone).await;
        assert!(suppressed(&ctx, agency, "budi@contoh.id").await);
    }

    async fn a_sender_that_is_not_proven_is_nobody(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first(1)).await;
        let code = opened.case.clone().expect("a code");
        let door = Door { authserv: Some("mx.uji.go.id"), ..Door::default() };
        let letter = |server: &str, id: u32| format!(
            "Authentication-Results: {server}; spf=fail; dmarc=fail\nFrom: budi@contoh.id\n\
             Subject: Soal [{code}]\nMessage-ID: <{id}@contoh.id>\n\nTutup saja.\n"
        );
        // What another system says does not count: anybody can write such a field.
        let raw = letter("mx.lain.id", 2).into_bytes();
        let taken = take_in(&ctx, agency, raw, door).await.expect("taken in");
        assert_eq!((taken.created, &taken.case), (false, &opened.case));
        let receipts = outbound_of(&ctx, agency, SendState::Waiting).await.len();
        let raw = letter("mx.uji.go.id", 3).into_bytes();
        let taken = take_in(&ctx, agency, raw, door).await.expect("taken in");
        assert!(taken.created && taken.case != opened.case);
        let (_, said) = last_said(&ctx, agency, taken.case).await;
        assert!(said.contains("budi@contoh.id") && said.contains("Tutup saja."), "{said}");
        assert_eq!(outbound_of(&ctx, agency, SendState::Waiting).await.len(), receipts);
    }

    async fn a_machine_that_answers_every_receipt_gets_no_more(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        for id in 0..8 {
            assert!(take(&ctx, agency, &first(id)).await.created);
        }
        assert_eq!(outbound_of(&ctx, agency, SendState::Waiting).await.len(), 5);
        // Tomorrow it is a person again.
        kit.clock.set(kit.clock.now().plus(25 * tanggap_kernel::Timestamp::HOUR));
        take(&ctx, agency, &first(9)).await;
        assert_eq!(outbound_of(&ctx, agency, SendState::Waiting).await.len(), 6);
    }
}
