//! Who asks to be forgotten is, wherever they stood; their ended reports stay without them, and the
//! log still verifies.

use axum::http::StatusCode;
use tanggap_cases::mine::{self, Address, OneTime};
use tanggap_cases::rules::Action;
use tanggap_cases::talking::{self, Heard};
use tanggap_cases::{VOUCHED, asides, erasure, reminders};
use tanggap_contacts::NewContact;
use tanggap_conversations::chat::vouch::Vouched;
use tanggap_conversations::chat::{self, NewVisitor};
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_conversations::{AccountId, InteractionId, NewOutbound, outbound};
use tanggap_kernel::{Access, Error, Locale, Refusal, Timestamp, params};
use tanggap_org::{self as org, NewUser, Role, RoleGrant};
use tanggap_store::audit;
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::Secrets;

use crate::desk::Desk;
use crate::house::House;

const TRACES: [(&str, &str); 13] = [
    ("contacts", "name || address || coalesce(nik, '')"),
    ("contact_identities", "value"),
    ("contact_words", "word"),
    (
        "outbound",
        "recipient || subject || body || coalesce(extra, '') || coalesce(error, '')
        || coalesce(external_id, '')",
    ),
    ("chat_visitors", "name || coalesce(email, '') || coalesce(phone, '')"),
    ("talks", "thread || preview"),
    ("messages", "coalesce(beside, '') || coalesce(external_id, '')"),
    ("talk_asides", "body"),
    ("reminders", "note"),
    ("events", "body"),
    ("event_private", "body"),
    ("cases", "coalesce(proxy_for, '')"),
    ("interactions", "subject"),
];

/// In which tables something of Siti is found.
async fn traces(kit: &TestDb) -> Vec<(&'static str, &'static str)> {
    kit.db
        .read(|tx| {
            let mut found = Vec::new();
            for (table, columns) in TRACES {
                for word in ["siti r", "ibu siti", "rahmawati", "81234567890", "srahma@"] {
                    let count = format!(
                        "select count(*) from {table} where lower({columns}) like '%{word}%'"
                    );
                    if tx.ad_hoc(&count, params![], |row| row.int::<i64>())?[0] > 0 {
                        found.push((table, word));
                    }
                }
            }
            found.dedup();
            Ok(found)
        })
        .await
        .expect("read")
}

/// What the audit finds, looking until everything is sealed and old enough to be counted: it
/// accuses nobody of what is merely not sealed yet.
async fn broken(kit: &TestDb) -> Option<&'static str> {
    kit.clock.set(kit.clock.now().plus(2 * Timestamp::MINUTE));
    loop {
        let report = audit::verify(&kit.db, vec![], &VOUCHED).await.expect("a report");
        if report.unsealed == 0 && report.uncounted.is_empty() || !report.broken.is_empty() {
            return report.broken.first().map(|broken| broken.why);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn administrator(house: &House) -> Access {
    let system = Access::system(house.agency);
    house
        .db
        .write(move |tx| {
            let input = NewUser {
                email: "admin@uji.example".into(),
                name: "Admin".into(),
                title: String::new(),
                unit_id: None,
                password_hash: "!".into(),
                is_temporary: false,
                locale: Locale::Id,
                roles: vec![RoleGrant { role: Role::Administrator, unit_id: None }],
            };
            let id = org::create_user(tx, &system, &input)?;
            let user = org::user(tx, &system, id)?.expect("just made");
            org::access_of(tx, system.agency_id, &user)
        })
        .await
        .expect("an administrator")
}

/// A code to their address, a copy of what was said to another, words among staff, and what the
/// provider told.
async fn what_was_left_beside(house: &House, talk: InteractionId) {
    let (lead, system) = (house.supervisor.clone(), Access::system(house.agency));
    let left = house.db.write(move |tx| {
        let address = Address::Email("srahma@warga.example".into());
        mine::ask(tx, &system, &Secrets::new([1; 32]), &address, &OneTime::draw()?)?;
        let copy = NewOutbound {
            exchange: Some(talk),
            channel: "email",
            recipient: "anak@warga.example",
            body: "Siti Rahmawati: kapan loket buka?",
            ..NewOutbound::default()
        };
        outbound::queue(tx, &system, &copy)?;
        asides::whisper(tx, &lead, talk, "Ibu Siti ini ibunya lurah")?;
        let day = tanggap_calendar::Zone::default()
            .local_date(tx.now().plus(3 * Timestamp::DAY).as_micros());
        let set = (day.to_string(), "Telepon Siti Rahmawati");
        reminders::set(tx, &lead, reminders::About::Talk(talk), (&set.0, set.1))?;
        for (id, said) in [("1", "6281234567890"), ("2", "6289999999999")] {
            let payload = format!("{{\"from\":\"{said}\",\"text\":\"Kapan buka?\"}}");
            let payload = Some(payload.as_bytes());
            let new = NewInbound { account_id: AccountId(1), external_id: id, payload, raw: None };
            inbound::keep(tx, &system, &new)?;
        }
        Ok(tx.script("update inbound set state = 'done'")?)
    });
    left.await.expect("left");
}

fn siti(report: &mut tanggap_cases::report::Report) {
    report.reporter = Some(NewContact {
        name: "Siti Rahmawati".into(),
        phone: Some("+6281234567890".into()),
        email: Some("srahma@warga.example".into()),
        ..NewContact::default()
    });
    report.proxy_for = Some("Ibu Siti".into());
}

engines! {
    async fn a_person_is_forgotten_once_nothing_of_theirs_is_open(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let admin = administrator(house).await;
        let case = house.report(siti).await.case;
        let contact = case.contact_id.expect("known");
        let mut browser = desk.browser(&admin).await;
        let path = format!("/pengaturan/penghapusan/{contact}");
        for asked in [case.code.as_str(), "0812-3456-7890", "SRahma@warga.example"] {
            let list = browser.get(&format!("/pengaturan/penghapusan?cari={asked}")).await.body;
            assert!(list.contains(&path) && !list.contains("Rahmawati"), "masked: {list}");
        }
        let none = browser.get("/pengaturan/penghapusan?cari=Siti").await.body;
        assert!(none.contains("Tidak ditemukan"), "nobody browses people");

        // What is owed them comes first.
        let asked = [("request", "045/PDP/2026"), ("checked", "ya")];
        let early = browser.post(&path, &asked).await;
        assert_eq!(early.status, StatusCode::CONFLICT);
        assert!(early.body.contains("Belum dapat dihapus") && early.body.contains(&case.code));
        let reason = "Sudah selesai.".to_owned();
        house.act(&house.citizen(), case.id, Action::Withdraw { reason }).await.expect("ended");
        kit.db.write(|tx| {
            Ok(tx.script("update outbound set state = 'sent', lease_token = 0")?)
        }).await.expect("gone out");
        assert!(traces(&kit).await.iter().any(|(table, _)| *table == "outbound"));

        let wrong = browser.post(&path, &[("request", "045/PDP/2026")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "nobody was checked");
        let done = browser.post(&path, &asked).await;
        assert_eq!((done.status, done.location.as_str()), (StatusCode::SEE_OTHER, path.as_str()));
        assert!(traces(&kit).await.is_empty(), "{:?}", traces(&kit).await);
        let after = browser.get(&path).await.body;
        assert!(after.contains("Tidak ada lagi data"), "{after}");
        for asked in ["0812-3456-7890", "srahma@warga.example"] {
            let list = browser.get(&format!("/pengaturan/penghapusan?cari={asked}")).await.body;
            assert!(list.contains("Tidak ditemukan"), "{asked}");
        }
        // The file of the report stays, and is read without them.
        let mut agent = desk.browser(&house.agent).await;
        let page = agent.get(&format!("/meja/{}", case.code)).await.body;
        assert!(page.contains("Lubang besar di depan pasar"), "{page}");
        assert_eq!(agent.get("/meja?q=rahmawati").await.body.matches(&case.code).count(), 0);
        assert_eq!(broken(&kit).await, None);
        kit.db.write(|tx| Ok(tx.script("update cases set subject = 'Lain'")?)).await.expect("hand");
        assert_eq!(broken(&kit).await, Some("what was written was changed"), "vouched for anew");
    }

    async fn who_named_themself_only_while_a_chat_went_on_is_forgotten(kit) {
        let house = House::build(&kit.db).await;
        let (admin, system) = (administrator(&house).await, Access::system(house.agency));
        let agent = house.agent.clone();
        let contact = kit.db.write(move |tx| {
            let heard = Heard {
                account: None,
                channel: "webchat",
                thread: "",
                from: None,
                subject: "",
                text: "Saya ibu Siti R., loket kapan buka?",
                files: &[],
                external_id: "chat:1:1",
                raw: None,
                at: tx.now(),
                order: None,
                window_until: None,
            };
            let talk = talking::hear(tx, &system, &heard)?.expect("new").talk;
            let id = talk.id;
            let new = NewVisitor {
                account_id: AccountId(1),
                token: "t".into(),
                locale: "id".into(),
                who: Vouched::default(),
                page: String::new(),
                unproven: false,
            };
            chat::register(tx, &system, talk, &new)?;
            let visitor = chat::visitor(tx, &system, id)?.expect("registered");
            let who = Vouched {
                name: "Siti Rahmawati".into(),
                email: Some("srahma@warga.example".into()),
                ..Vouched::default()
            };
            chat::reach(tx, &system, &visitor, &who)?;
            talking::assign(tx, &agent, id, agent.user())?;
            Ok(talking::end(tx, &agent, id)?.contact_id.expect("known"))
        }).await.expect("a chat");
        assert!(traces(&kit).await.iter().any(|(table, _)| *table == "chat_visitors"));
        let left = kit.db.write(move |tx| {
            erasure::carry_out(tx, &admin, contact, ("1", true))?;
            Ok(tx.ad_hoc("select count(*) from messages", params![], |row| row.int::<i64>())?[0])
        }).await.expect("erased");
        assert_eq!(left, 0, "what they said goes with them");
        assert!(traces(&kit).await.is_empty(), "{:?}", traces(&kit).await);
    }

    async fn nobody_else_erases_and_no_agency_reaches_into_another(kit) {
        let house = House::build(&kit.db).await;
        let admin = administrator(&house).await;
        let contact = house.report(siti).await.case.contact_id.expect("known");
        for access in [&house.agent, &house.supervisor, &house.inspector, &house.roads_officer] {
            let access = access.clone();
            let tried = kit.db.write(move |tx| {
                erasure::carry_out(tx, &access, contact, ("1", true))
            }).await;
            assert!(matches!(tried, Err(Error::Refused(Refusal::Forbidden))), "{tried:?}");
        }
        let elsewhere = Access { agency_id: tanggap_kernel::AgencyId(1), ..admin };
        let tried = kit.db.read(move |tx| erasure::look(tx, &elsewhere, contact)).await;
        assert!(matches!(tried, Err(Error::Refused(Refusal::NotFound))), "{tried:?}");
    }

    async fn whoever_is_complained_about_finds_nobody_who_did(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let admin = administrator(house).await;
        let about = admin.user();
        let case = house.report(|report| {
            siti(report);
            report.reported_user = about;
        }).await.case;
        let contact = case.contact_id.expect("known");
        let mut browser = desk.browser(&admin).await;
        for asked in [case.code.as_str(), "0812-3456-7890", "srahma@warga.example"] {
            let list = browser.get(&format!("/pengaturan/penghapusan?cari={asked}")).await;
            assert_eq!(list.status, StatusCode::OK);
            let told = list.body.contains(&contact.to_string());
            assert!(!told && list.body.contains("Tidak ditemukan"), "{}", list.body);
        }
        let path = format!("/pengaturan/penghapusan/{contact}");
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
        let asked = [("request", "045/PDP/2026"), ("checked", "ya")];
        assert_eq!(browser.post(&path, &asked).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_talk_that_became_no_report_goes_with_its_words_and_files(kit) {
        let house = House::build(&kit.db).await;
        let admin = administrator(&house).await;
        let system = Access::system(house.agency);
        let talk = kit.db.write(move |tx| {
            let heard = Heard {
                account: None,
                channel: "whatsapp",
                thread: "6281234567890",
                from: Some(NewContact {
                    name: "Siti Rahmawati".into(),
                    phone: Some("+6281234567890".into()),
                    email: Some("srahma@warga.example".into()),
                    handle: Some("whatsapp:6281234567890".into()),
                    ..NewContact::default()
                }),
                subject: "",
                text: "Kapan loket cempaka buka?",
                files: &[],
                external_id: "whatsapp:1:6281234567890.1",
                raw: None,
                at: tx.now(),
                order: None,
                window_until: None,
            };
            Ok(talking::hear(tx, &system, &heard)?.expect("new").talk)
        }).await.expect("heard");
        let (agent, id, contact) = (house.agent.clone(), talk.id, talk.contact_id.expect("known"));
        what_was_left_beside(&house, id).await;
        let words = match kit.engine.is_sqlite() {
            true => "select count(*) from message_search where rowid in (select id from messages)",
            false => "select count(*) from message_search",
        };
        let count = |what: &'static str| {
            let read = kit.db.read(move |tx| {
                Ok(tx.ad_hoc(what, params![], |row| row.int::<i64>())?[0])
            });
            async { read.await.expect("read") }
        };
        assert_eq!(count(words).await, 1);
        let by = admin.clone();
        let early = kit.db.write(move |tx| {
            erasure::carry_out(tx, &by, contact, ("1", true))
        }).await;
        assert!(matches!(early, Err(Error::Refused(Refusal::Illegal(_)))), "{early:?}");
        kit.db.write(move |tx| {
            talking::assign(tx, &agent, id, agent.user())?;
            talking::end(tx, &agent, id).map(drop)
        }).await.expect("ended");
        let by = admin.clone();
        let early = kit.db.write(move |tx| {
            erasure::carry_out(tx, &by, contact, ("1", true))
        }).await;
        assert!(matches!(early, Err(Error::Refused(Refusal::Illegal(_)))), "codes go out to them");
        kit.db.write(|tx| {
            Ok(tx.script("update outbound set state = 'sent', error = '550 srahma@warga.example'")?)
        }).await.expect("gone out");
        assert_eq!(count("select count(*) from outbound").await, 2);
        kit.db.write(move |tx| {
            erasure::carry_out(tx, &admin, contact, ("1", true))
        }).await.expect("erased");
        assert_eq!(count(words).await, 0);
        assert_eq!(count("select count(*) from messages where body <> ''").await, 0);
        assert_eq!(count("select count(*) from inbound where payload is null").await, 1);
        assert_eq!(count("select count(*) from inbound").await, 2, "others' stay");
        assert_eq!(broken(&kit).await, None);
        assert!(traces(&kit).await.is_empty(), "{:?}", traces(&kit).await);
    }
}
