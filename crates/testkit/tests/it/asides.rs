//! What staff say beside a talk: who may, who is told, and that it never leaves. On both engines.

use axum::http::StatusCode;
use tanggap_cases::asides::{self, Asked, Kind};
use tanggap_cases::report::{Report, Ticket};
use tanggap_cases::talking::{self, Heard, Said};
use tanggap_contacts::NewContact;
use tanggap_conversations::accounts::{self, AccountId, AccountInput};
use tanggap_conversations::{
    self as talk, InteractionId, SendState, cases_with, messages_of, outbound, talks,
};
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp, params};
use tanggap_store::{Tx, sql};
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::Secrets;

use crate::desk::Desk;

const SECRET: &str = "Jangan janjikan tanggal, kuota zirkonium habis";
const PHONE: &str = "6281234567890";

sql! {
    EVENTS = @scan("a test's few rows") "select kind, body from events where agency_id = $1
        and kind in ('watch.begun', 'talk.whispered', 'talk.taken_over', 'talk.asked',
        'talk.advised') order by id";
}

/// A talk that the agent is at.
async fn scene(kit: &TestDb) -> (Desk, InteractionId) {
    let desk = Desk::open(kit).await;
    let (system, agent) = (Access::system(desk.house.agency), desk.house.agent.clone());
    let begun = desk.house.db.write(move |tx| {
        let input = AccountInput {
            channel: "whatsapp",
            name: "WhatsApp".into(),
            address: "15550001".into(),
            settings: "{}".into(),
            active: true,
            ..AccountInput::default()
        };
        let account: AccountId = accounts::create(tx, &system, &input)?;
        let heard = Heard {
            account: Some(account),
            channel: "whatsapp",
            thread: PHONE,
            from: Some(NewContact {
                name: "Ana".into(),
                handle: Some(format!("whatsapp:{PHONE}")),
                ..NewContact::default()
            }),
            subject: "",
            text: "Kapan KTP saya jadi?",
            files: &[],
            external_id: "wa:1",
            raw: None,
            at: tx.now(),
            order: None,
            window_until: Some(tx.now().plus(Timestamp::DAY)),
        };
        let id = talking::hear(tx, &system, &heard)?.expect("new").talk.id;
        talking::assign(tx, &agent, id, agent.user())?;
        Ok(id)
    });
    let id = begun.await.expect("a talk");
    (desk, id)
}

async fn write<T: Send + 'static>(
    desk: &Desk,
    run: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    desk.house.db.write(run).await
}

async fn events(desk: &Desk) -> Vec<(String, String)> {
    let agency = desk.house.agency;
    let read = move |tx: &mut Tx<'_>| {
        Ok(tx.all(&EVENTS, params![agency], |row| Ok((row.text()?, row.text()?)))?)
    };
    desk.house.db.read(read).await.expect("events")
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

engines! {
    async fn a_supervisor_looks_unannounced_and_the_log_knows_it_once(kit) {
        let (desk, id) = scene(&kit).await;
        let (mut lead, path) = (desk.browser(&desk.house.supervisor).await, format!("/percakapan/{id}"));
        for _ in 0..3 {
            let page = lead.get(&path).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.contains("Anda memantau") && !page.body.contains("id=\"langkah\""));
            // Nor does the sign that others' pages give of who looks.
            assert!(lead.post(&format!("{path}/hadir"), &[]).await.body.is_empty());
        }
        assert_eq!(events(&desk).await.len(), 1, "once for each while");
        kit.clock.set(kit.clock.now().plus(11 * Timestamp::MINUTE));
        lead.get(&path).await;
        assert_eq!(events(&desk).await.len(), 2);
        // The agent sees nothing of it, and their own look is none.
        let mut agent = desk.browser(&desk.house.agent).await;
        let page = agent.get(&path).await;
        assert!(!page.body.contains("memantau") && page.body.contains("id=\"langkah\""));
        assert_eq!(events(&desk).await.len(), 2);
        let owner = desk.house.agent.clone();
        let found = desk.house.db.read(move |tx| talks::get(tx, &owner, id)).await.expect("it");
        assert_eq!(found.owner_id, desk.house.agent.user());
    }

    async fn what_is_whispered_is_seen_by_staff_and_on_no_way_out(kit) {
        let (desk, id) = scene(&kit).await;
        let mut lead = desk.browser(&desk.house.supervisor).await;
        let path = format!("/percakapan/{id}");
        lead.get(&path).await;
        let step = format!("{path}/langkah");
        let empty = lead.post(&step, &[("step", "whisper"), ("aside", " ")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let done = lead.post(&step, &[("step", "whisper"), ("aside", SECRET)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        let mut agent = desk.browser(&desk.house.agent).await;
        let page = agent.get(&path).await;
        assert!(page.body.contains(SECRET) && page.body.contains("entry-aside"));
        assert!(page.body.contains("tidak dikirim kepada warga"), "said in words too");
        // The agent answers, and a case is opened, whose receipt goes into the talk.
        let writer = desk.house.agent.clone();
        write(&desk, move |tx| {
            let said = Said { text: "Sedang kami periksa.", ..Said::default() };
            talking::answer(tx, &writer, id, &said)?;
            let ticket = Ticket::draw(&Secrets::new([1; 32]))?;
            let kind = tanggap_calendar::Kind::Complaint;
            let report = Report::new(kind, "KTP terlambat", "Belum jadi.", ticket);
            talking::open_case(tx, &writer, id, &report).map(drop)
        }).await.expect("answered");
        let (reader, lite) = (desk.house.agent.clone(), kit.db.engine().is_sqlite());
        let (sent, said, found) = desk.house.db.read(move |tx| {
            let sent = outbound::of_exchange(tx, &reader, id)?;
            let mut rest = outbound::waiting(tx, &reader, SendState::Waiting, None, 100)?;
            rest.extend(sent);
            let case = talks::get(tx, &reader, id)?.case_id.expect("a case");
            let mut said = messages_of(tx, &reader, id)?;
            said.extend(talk::messages_of_case(tx, &reader, case)?);
            Ok((rest, said, cases_with(tx, &reader, "zirkonium", None, 10, lite)?.len()))
        }).await.expect("read");
        assert!(sent.len() >= 2 && said.len() >= 2);
        assert!(!format!("{sent:?}{said:?}").contains("zirkonium"), "{sent:?} {said:?}");
        assert_eq!(found, 0, "what is found by words is never an aside");
        for (kind, body) in events(&desk).await {
            assert!(!body.contains("zirkonium"), "{kind}: {body}");
        }
    }

    async fn nobody_else_whispers_or_takes_over(kit) {
        let (desk, id) = scene(&kit).await;
        let agent = desk.house.agent.clone();
        let tried = write(&desk, move |tx| asides::whisper(tx, &agent, id, "Halo")).await;
        assert_eq!(refused(tried), Refusal::Forbidden);
        let agent = desk.house.agent.clone();
        assert!(matches!(
            refused(write(&desk, move |tx| asides::take_over(tx, &agent, id)).await),
            Refusal::Forbidden
        ));
        let agent = desk.house.agent.clone();
        assert!(!write(&desk, move |tx| asides::watch(tx, &agent, id)).await.expect("no watch"));
        assert!(events(&desk).await.is_empty());
    }

    async fn a_talk_is_taken_over_and_its_agent_is_told(kit) {
        let (desk, id) = scene(&kit).await;
        let mut lead = desk.browser(&desk.house.supervisor).await;
        let path = format!("/percakapan/{id}");
        lead.get(&path).await;
        let done = lead.post(&format!("{path}/langkah"), &[("step", "takeover")]).await;
        assert_eq!(done.location, path);
        let page = lead.get(&path).await;
        assert!(page.body.contains("id=\"langkah\"") && !page.body.contains("Anda memantau"));
        // What happens before its stream is open is told again from there.
        assert!(page.body.contains("topics=\"talks talk:") && !page.body.contains("last=\"\""));
        assert!(page.body.contains("mengambil alih percakapan dari agen"), "{}", page.body);
        let told = events(&desk).await;
        let (kind, body) = told.last().expect("an event");
        let agent = desk.house.agent.user().expect("a person").to_string();
        assert!(kind == "talk.taken_over" && body.contains(&agent), "{kind} {body}");
        let again = lead.post(&format!("{path}/langkah"), &[("step", "takeover")]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
    }

    async fn a_colleague_is_asked_and_the_talk_stays(kit) {
        let (desk, id) = scene(&kit).await;
        let (agent, lead) = (desk.house.agent.clone(), desk.house.supervisor.clone());
        let asker = agent.clone();
        let to = Asked::Person(lead.user().expect("a person"));
        let question =
            write(&desk, move |tx| asides::ask(tx, &asker, id, to, SECRET)).await.expect("asked");
        // It waits with whoever was asked, and with nobody else.
        let mut colleague = desk.browser(&lead).await;
        let duty = colleague.get("/kehadiran").await;
        let path = format!("/konsultasi/{question}");
        assert!(duty.body.contains(&path), "{}", duty.body);
        let mut asking = desk.browser(&agent).await;
        assert_eq!(asking.get(&path).await.status, StatusCode::NOT_FOUND);
        assert!(!asking.get("/kehadiran").await.body.contains(&path));
        assert!(colleague.get(&path).await.body.contains(SECRET));
        let fields = [("aside", "Minggu depan.")];
        assert_eq!(colleague.post(&path, &fields).await.location, "/kehadiran");
        assert_eq!(colleague.post(&path, &fields).await.status, StatusCode::CONFLICT, "once");
        let page = asking.get(&format!("/percakapan/{id}")).await;
        assert!(page.body.contains("Minggu depan.") && page.body.contains("id=\"langkah\""));
        let reader = agent.clone();
        let said = desk.house.db.read(move |tx| asides::of_talk(tx, &reader, id)).await;
        let kinds: Vec<Kind> = said.expect("read").iter().map(|aside| aside.kind).collect();
        assert_eq!(kinds, [Kind::Question, Kind::Advice]);
    }

    async fn who_is_complained_of_is_not_asked(kit) {
        let (desk, id) = scene(&kit).await;
        let (agent, about) = (desk.house.agent.clone(), desk.house.supervisor.user());
        let done = write(&desk, move |tx| {
            let ticket = Ticket::draw(&Secrets::new([1; 32]))?;
            let kind = tanggap_calendar::Kind::Complaint;
            let mut report = Report::new(kind, "Petugas kasar", "Kepada penyelia.", ticket);
            report.reported_user = about;
            talking::open_case(tx, &agent, id, &report).map(drop)
        }).await;
        done.expect("a case");
        let agent = desk.house.agent.clone();
        let to = Asked::Person(about.expect("a person"));
        let asked = write(&desk, move |tx| asides::ask(tx, &agent, id, to, "Bagaimana?")).await;
        assert!(matches!(refused(asked), Refusal::Invalid(_)));
        let unit = Asked::Unit(desk.house.roads);
        let agent = desk.house.agent.clone();
        let asked = write(&desk, move |tx| asides::ask(tx, &agent, id, unit, "Bagaimana?")).await;
        assert!(matches!(refused(asked), Refusal::Invalid(_)));
        // Nor does a supervisor watch the talk about them.
        let lead = desk.house.supervisor.clone();
        let watched = write(&desk, move |tx| asides::watch(tx, &lead, id)).await;
        assert_eq!(refused(watched), Refusal::NotFound);
    }
}
