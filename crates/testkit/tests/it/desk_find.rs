//! What the desk finds, and for whom: people by name, what may be the same, who waits for a word.

use axum::http::StatusCode;
use tanggap_calendar::Kind;
use tanggap_cases::mine::{self, Address};
use tanggap_cases::model::CaseId;
use tanggap_cases::queries::{self, Filter, Order};
use tanggap_cases::report::{Report, Ticket};
use tanggap_cases::rules::{Action, Voice};
use tanggap_cases::{actions, store};
use tanggap_contacts::{self as contacts, NewContact};
use tanggap_conversations::outbound;
use tanggap_kernel::{Access, Timestamp};
use tanggap_store::jobs::Runner;
use tanggap_testkit::engines;
use tanggap_ui::ctx::Secrets;

use crate::desk::{Desk, count_in, ok, rows_in};
use crate::house::House;

fn by(name: &'static str) -> impl FnOnce(&mut Report) {
    move |report| {
        report.reporter = Some(NewContact { name: name.into(), ..NewContact::default() });
    }
}

async fn id_of(desk: &Desk, code: &str) -> CaseId {
    let (access, code) = (Access::system(desk.house.agency), code.to_owned());
    let found = desk.house.db.read(move |tx| Ok(store::by_code(tx, &access, &code)?)).await;
    found.expect("read").expect("there").id
}

async fn forwarded(desk: &Desk, code: &str) {
    let (id, house) = (id_of(desk, code).await, &desk.house);
    house.act(&house.agent, id, Action::Verify).await.expect("verified");
    house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
}

async fn citizen_writes(desk: &Desk, code: &str) {
    let (citizen, id) = (desk.house.citizen(), id_of(desk, code).await);
    desk.house
        .db
        .write(move |tx| {
            actions::write(tx, &citizen, id, Voice::FromCitizen, "Masih berlubang, Pak.", &[])
        })
        .await
        .expect("written");
}

engines! {
    async fn people_are_found_by_name_by_those_who_may_know_it(kit) {
        let desk = Desk::open(&kit).await;
        let at_desk = desk.report(by("Siti Rahmawati")).await;
        let at_unit = desk.report(by("SITI Khadijah")).await;
        let hidden = desk.report(|report| {
            by("Siti Aminah")(report);
            report.anonymous = true;
        }).await;
        let roads = desk.house.roads;
        let about = desk.report(|report| {
            by("Siti Zubaidah")(report);
            report.reported_unit = Some(roads);
        }).await;
        for code in [&at_unit, &hidden] {
            forwarded(&desk, code).await;
        }
        let mut agent = desk.browser(&desk.house.agent).await;
        for (asked, found) in [
            ("siti", vec![&at_desk, &at_unit, &hidden, &about]),
            ("rahma", vec![&at_desk]),
            ("Rahmawati%20Siti", vec![&at_desk]),
            ("siti%20kh", vec![]),
            ("siti%20kha", vec![&at_unit]),
            ("sit%20khadijah", vec![]),
        ] {
            let got = agent.get(&format!("/meja?q={asked}")).await.body;
            assert_eq!(rows_in(&got), found.len(), "{asked}");
            assert!(found.iter().all(|code| got.contains(*code)), "{asked}");
        }
        assert!(agent.get("/perintah?q=rahmawati").await.body.contains(&at_desk));
        // Those of the unit know their own reporters, but no anonymous one.
        let mut officer = desk.browser(&desk.house.roads_officer).await;
        for path in ["/meja?q=siti", "/perintah?q=siti"] {
            let got = officer.get(path).await.body;
            assert!(got.contains(&at_unit), "{path}");
            for code in [&at_desk, &hidden, &about] {
                assert!(!got.contains(code), "{path}");
            }
        }
        assert_eq!(rows_in(&officer.get("/meja?q=aminah").await.body), 0);
        let mut inspector = desk.browser(&desk.house.inspector).await;
        assert_eq!(rows_in(&inspector.get("/meja?q=siti").await.body), 0);
        // Who is forgotten is not found either.
        let (access, id) = (desk.house.agent.clone(), id_of(&desk, &at_desk).await);
        kit.db.write(move |tx| {
            let case = store::find(tx, &access, id)?.expect("there");
            tanggap_contacts::erase(tx, &access, case.contact_id.expect("known"))
        }).await.expect("erased");
        assert_eq!(rows_in(&agent.get("/meja?q=rahmawati").await.body), 0);
    }

    async fn names_from_before_words_were_noted_are_found_after_a_while(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(by("Ni Luh Ayu")).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let agency = desk.house.agency;
        kit.db.write(move |tx| {
            tx.script("delete from contact_words")?;
            Ok(tx.schedule(agency, "contact_words", "1", tx.now(), "0")?)
        }).await.expect("as it was");
        assert_eq!(rows_in(&agent.get("/meja?q=luh%20ayu").await.body), 0);
        tanggap_contacts::register(Runner::new(kit.db.clone())).run_due().await.expect("ran");
        assert!(agent.get("/meja?q=luh%20ayu").await.body.contains(&code));
    }

    async fn a_message_on_an_ended_case_waits_for_a_word(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(by("Budi")).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let archive = [("step", "archive"), ("reason", "Bukan wewenang kami.")];
        ok(&agent.step(&code, &archive).await);
        let mut other = desk.browser(&desk.house.health_officer).await;
        // Figures are kept for a second.
        let later = || kit.clock.set(kit.clock.now().plus(2 * Timestamp::SECOND));
        for round in 0..2 {
            later();
            assert_eq!(count_in(&agent.get("/meja").await.body, "menunggu"), 0);
            citizen_writes(&desk, &code).await;
            later();
            let list = agent.get("/meja?antrean=menunggu").await.body;
            assert_eq!((rows_in(&list), count_in(&list, "menunggu")), (1, 1));
            assert_eq!(count_in(&list, "terbuka"), 0);
            assert!(list.contains(&code));
            let narrowed = agent.get("/meja?antrean=menunggu&jenis=complaint").await.body;
            assert_eq!(rows_in(&narrowed), 1);
            assert!(!other.get("/meja?antrean=menunggu").await.body.contains(&code));
            // A thank-you needs no reply; anything else gets one.
            let answered = match round {
                0 => agent.step(&code, &[("step", "settle")]).await,
                _ => agent.step(&code, &[("step", "reply"), ("text", "Silakan ke provinsi.")]).await,
            };
            ok(&answered);
        }
        later();
        assert_eq!(count_in(&agent.get("/meja").await.body, "menunggu"), 0);
        let again = agent.step(&code, &[("step", "settle")]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        let page = agent.get(&format!("/meja/{code}")).await.body;
        assert!(page.contains("tidak perlu dibalas"), "{page}");
    }

    async fn what_may_be_the_same_is_shown_while_one_types(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|report| {
            report.reporter = Some(NewContact {
                name: "Ni Luh Ayu".into(),
                phone: Some("+6281234567890".into()),
                ..NewContact::default()
            });
        }).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        for (typed, found) in [
            ("phone=0812-3456-7890", true),
            ("phone=0812-3456-7&name=", false),
            ("name=ni+luh", true),
            ("name=luh", false),
            ("name=Wayan+Ayu&email=ayu%40contoh.id", false),
        ] {
            let got = agent.get(&format!("/meja/baru/serupa?{typed}")).await;
            assert_eq!(got.status, StatusCode::OK, "{}", got.body);
            assert!(got.body.contains("<turbo-frame id=\"serupa\""), "{}", got.body);
            assert_eq!(got.body.contains(&code), found, "{typed}");
        }
        agent.get("/meja/baru").await;
        let fields = [("key", "a"), ("description", "Lampu mati."), ("phone", "081234567890")];
        let look = fields.into_iter().chain([("check", "ya")]).collect::<Vec<_>>();
        let looked = agent.post("/meja/baru", &look).await;
        assert_eq!(looked.status, StatusCode::OK);
        assert!(looked.body.contains(&code) && looked.body.contains("Lampu mati."));
        assert_eq!(rows_in(&agent.get("/meja?antrean=terbuka").await.body), 1);
        let mut inspector = desk.browser(&desk.house.inspector).await;
        let refused = inspector.get("/meja/baru/serupa?phone=081234567890").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }

    async fn the_newest_of_a_kind_are_as_many_as_are_counted(kit) {
        let house = House::build(&kit.db).await;
        for n in 0..7 {
            house.report(|report| {
                if n % 3 == 0 { report.kind = Kind::InformationRequest; }
            }).await;
        }
        for access in [house.agent.clone(), house.roads_officer.clone()] {
            let found = kit.db.read(move |tx| {
                let mut found = Vec::new();
                for kind in [Kind::InformationRequest, Kind::Aspiration] {
                    let filter = Filter { kind: Some(kind), ..Filter::default() };
                    let page = queries::list(tx, &access, &filter, Order::Newest, None, 50)?;
                    assert!(page.rows.is_sorted_by_key(|case| std::cmp::Reverse(case.id)));
                    let count = queries::count(tx, &access, &filter, None)?;
                    found.push((page.rows.len(), count));
                }
                Ok(found)
            }).await.expect("read");
            let seen = if found[0].1 == 0 { 0 } else { 3 };
            assert_eq!(found, [(seen, seen as i64), (0, 0)]);
        }
    }

    async fn a_second_address_makes_nobody_somebody_else(kit) {
        let desk = Desk::open(&kit).await;
        let budi = |phone: &str, email: &str| {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let (phone, email) = (given(phone), given(email));
            move |report: &mut Report| {
                report.reporter =
                    Some(NewContact { name: "Budi".into(), phone, email, ..NewContact::default() });
            }
        };
        let (phone, first, second) = ("+6281234567890", "satu@contoh.id", "dua@contoh.id");
        let house = &desk.house;
        let known = house.report(budi(phone, first)).await.case;
        let same = house.report(budi(phone, first)).await.case;
        assert_eq!(known.contact_id, same.contact_id);
        // Less or more than is known: perhaps the same, but nothing of the one is the other's.
        let less = house.report(budi(phone, "")).await.case;
        let more = house.report(budi(phone, second)).await.case;
        let access = house.agent.clone();
        let ids = [known.contact_id, less.contact_id, more.contact_id].map(|id| id.expect("known"));
        let contacts = kit.db.read(move |tx| {
            ids.iter().map(|id| tanggap_contacts::get(tx, &access, *id)).collect::<Result<Vec<_>, _>>()
        }).await.expect("read");
        assert_eq!(contacts[0].emails, [first]);
        assert!(contacts[1].emails.is_empty(), "a stranger is not shown the address");
        assert_eq!(contacts[2].emails, [second]);
        assert_eq!(contacts.iter().map(|c| c.same_as).collect::<Vec<_>>(), [
            None, Some(ids[0]), Some(ids[0]),
        ]);
        // Staff see that they may be one, and find them by either address.
        let mut agent = desk.browser(&house.agent).await;
        let page = agent.get(&format!("/meja/warga/{}", ids[0])).await.body;
        let perhaps = page.split("Mungkin orang yang sama").nth(1).expect("told");
        for case in [&less, &more] {
            assert!(perhaps.contains(&case.code), "{perhaps}");
        }
        assert!(!perhaps.contains(&same.code));
        assert!(agent.get("/meja?q=dua%40contoh.id").await.body.contains(&more.code));
    }

    async fn only_at_the_counter_is_something_added_to_a_known_person(kit) {
        let house = House::build(&kit.db).await;
        let sari = |phone: &str, email: &str| {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let (phone, email) = (given(phone), given(email));
            Some(NewContact { name: "Sari".into(), phone, email, ..NewContact::default() })
        };
        let (phone, hers, his) = ("+6281234567890", "sari@contoh.id", "asing@contoh.id");
        let known = house.report(|report| report.reporter = sari(phone, "")).await.case;
        let register = async |channel: &'static str, reporter: Option<NewContact>| {
            let ticket = Ticket::draw(&Secrets::new([1; 32])).expect("a ticket");
            let mut report = Report::new(Kind::Complaint, "Lampu", "Lampu mati.", ticket);
            (report.channel, report.reporter) = (channel, reporter);
            let access = house.agent.clone();
            let opened = kit.db.write(move |tx| {
                let case = actions::open(tx, &access, &report)?.case;
                let sent = outbound::of_case(tx, &access, case.id.0)?;
                let to = sent.into_iter().map(|mail| mail.recipient).collect::<Vec<_>>();
                let contact = contacts::get(tx, &access, case.contact_id.expect("known"))?;
                Ok((contact, to))
            });
            opened.await.expect("registered")
        };
        // Name and number are easily known: whoever gives them with an address of their own is
        // written to at that address, and gets nothing of what is the person's.
        for channel in ["phone", "letter", "email"] {
            let (stranger, told) = register(channel, sari(phone, his)).await;
            assert_ne!(Some(stranger.id), known.contact_id, "{channel}");
            assert_eq!((stranger.same_as, told), (known.contact_id, vec![his.to_owned()]));
            let address = Address::parse(his).expect("an address");
            let access = house.citizen();
            let seen = kit.db.read(move |tx| mine::reports(tx, &access, &address)).await;
            let seen = seen.expect("listed");
            assert!(seen.iter().all(|case| case.code != known.code), "{channel}");
        }
        let (caller, told) = register("phone", sari(phone, "")).await;
        assert_eq!((Some(caller.id), told.len()), (known.contact_id, 0));
        // At the counter it is the person.
        let (person, told) = register("counter", sari(phone, hers)).await;
        assert_eq!(Some(person.id), known.contact_id);
        assert_eq!((person.emails, told), (vec![hers.to_owned()], vec![hers.to_owned()]));
        // Another address is one for this report, not for the news of all others.
        let (other, told) = register("counter", sari(phone, "baru@contoh.id")).await;
        assert_eq!((other.same_as, told), (known.contact_id, vec!["baru@contoh.id".to_owned()]));
    }
}
