//! What is overdue is told once every working day, to those whom it concerns, until it is no more.

use axum::http::StatusCode;
use tanggap_cases::rules::Action;
use tanggap_kernel::{Access, Locale, Timestamp, params};
use tanggap_org::{self as org, NewUser, Role, RoleGrant};
use tanggap_store::sql;
use tanggap_testkit::{TestDb, engines};

use crate::cases::run_jobs;
use crate::desk::Desk;
use crate::house::House;

sql! {
    TOLD = "select body from events where agency_id = $1 and kind = 'overdue.told' order by id";
    PLANNED = "select count(*) from jobs where agency_id = $1 and kind = 'overdue_day'";
    KEY = "delete from jobs where agency_id = $1 and kind = 'overdue_day'";
}

/// A day and hour of October 2026, in WIB: the 14th is a Wednesday.
fn october(day: i64, hour: i64, minute: i64) -> Timestamp {
    // 1 October 2026, 00.00 WIB.
    let first = Timestamp::from_micros(1_790_787_600_000_000);
    first.plus((day - 1) * Timestamp::DAY + hour * Timestamp::HOUR + minute * Timestamp::MINUTE)
}

async fn told(kit: &TestDb, house: &House) -> Vec<serde_json::Value> {
    let agency = house.agency;
    let read = kit.db.read(move |tx| Ok(tx.all(&TOLD, params![agency], |row| row.text())?));
    let rows: Vec<String> = read.await.expect("read");
    rows.iter().map(|row| serde_json::from_str(row).expect("JSON")).collect()
}

async fn planned(kit: &TestDb, house: &House) -> i64 {
    let agency = house.agency;
    let read = kit.db.read(move |tx| Ok(tx.one(&PLANNED, params![agency], |row| row.int())?));
    read.await.expect("read")
}

/// Lets the time pass, an hour at a time.
async fn pass(kit: &TestDb, until: Timestamp) {
    while kit.clock.now() < until {
        kit.clock.set(kit.clock.now().plus(Timestamp::HOUR).min(until));
        run_jobs(kit).await;
    }
}

fn of<'a>(told: &'a [serde_json::Value], who: &Access) -> Vec<(&'a str, [i64; 3])> {
    let owner = who.user().expect("a person").to_string();
    let theirs = told.iter().filter(|fact| fact["owner"] == owner.as_str());
    let figures = |fact: &serde_json::Value| {
        ["own", "untaken", "escalated"].map(|name| fact[name].as_i64().expect("a figure"))
    };
    theirs.map(|fact| (fact["day"].as_str().expect("a day"), figures(fact))).collect()
}

engines! {
    async fn it_is_told_once_every_working_day_while_it_is_overdue(kit) {
        kit.clock.set(october(14, 9, 0));
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        pass(&kit, october(19, 23, 30)).await;
        assert_eq!((told(&kit, &house).await.len(), planned(&kit, &house).await), (0, 0));
        // Due on Monday the 19th; told on Tuesday when the office opens, not at midnight.
        pass(&kit, october(20, 7, 29)).await;
        assert_eq!((told(&kit, &house).await.len(), planned(&kit, &house).await), (0, 1));
        pass(&kit, october(20, 18, 0)).await;
        let first = told(&kit, &house).await;
        assert_eq!(of(&first, &house.agent), [("2026-10-20", [0, 1, 0])], "at the desk");
        assert_eq!(of(&first, &house.supervisor), [("2026-10-20", [0, 1, 1])], "escalated");
        assert_eq!(first.len(), 2, "nobody whom it does not concern: {first:?}");

        let user = house.agent.user();
        house.act(&house.agent, id, Action::Assign { user }).await.expect("theirs");
        pass(&kit, october(26, 6, 0)).await;
        let week = told(&kit, &house).await;
        let days = ["2026-10-20", "2026-10-21", "2026-10-22", "2026-10-23"];
        let heard: Vec<&str> = of(&week, &house.agent).iter().map(|(day, _)| *day).collect();
        assert_eq!(heard, days, "no weekend");
        assert_eq!(of(&week, &house.agent)[3].1, [1, 0, 0], "their own by now");

        // Nobody is late while the reporter completes it.
        let question = "Di mana?".to_owned();
        house.act(&house.agent, id, Action::AskCompletion { question }).await.expect("asked");
        pass(&kit, october(27, 12, 0)).await;
        assert_eq!(told(&kit, &house).await.len(), week.len());
        assert_eq!(planned(&kit, &house).await, 0, "nothing is overdue, so nothing rings");
    }

    async fn many_people_are_told_once_each_whoever_rings_how_often(kit) {
        kit.clock.set(october(14, 9, 0));
        let house = House::build(&kit.db).await;
        let system = Access::system(house.agency);
        kit.db.write(move |tx| {
            for n in 0..120 {
                let input = NewUser {
                    email: format!("agen{n}@uji.example"),
                    name: format!("Agen {n}"),
                    title: String::new(),
                    unit_id: None,
                    password_hash: "!".into(),
                    is_temporary: false,
                    locale: Locale::Id,
                    roles: vec![RoleGrant { role: Role::Agent, unit_id: None }],
                };
                org::create_user(tx, &system, &input)?;
            }
            Ok(())
        }).await.expect("people");
        for _ in 0..3 {
            house.report(|_| {}).await;
        }
        pass(&kit, october(20, 7, 0)).await;
        kit.clock.set(october(20, 9, 0));
        tokio::join!(run_jobs(&kit), run_jobs(&kit), run_jobs(&kit));
        assert_eq!(told(&kit, &house).await.len(), 122);
        // A timer that was lost and comes again tells nobody twice.
        let agency = house.agency;
        kit.db.write(move |tx| {
            tx.exec(&KEY, params![agency])?;
            let now = tx.now();
            tx.schedule(agency, tanggap_cases::overdue::RING, &agency.0.to_string(), now, "{}")?;
            Ok(())
        }).await.expect("again");
        run_jobs(&kit).await;
        assert_eq!(told(&kit, &house).await.len(), 122);
        assert_eq!(planned(&kit, &house).await, 1);
    }

    async fn a_case_about_somebody_is_in_no_figure_of_theirs(kit) {
        kit.clock.set(october(14, 9, 0));
        let house = House::build(&kit.db).await;
        let about = house.agent.user();
        house.report(|report| report.reported_user = about).await;
        pass(&kit, october(20, 12, 0)).await;
        let told = told(&kit, &house).await;
        assert!(of(&told, &house.agent).is_empty(), "{told:?}");
        assert_eq!(of(&told, &house.supervisor).len(), 1);
    }

    async fn it_stands_in_the_bar_until_it_was_read(kit) {
        kit.clock.set(october(14, 9, 0));
        let desk = Desk::open(&kit).await;
        desk.report(|_| {}).await;
        pass(&kit, october(20, 9, 0)).await;
        let mut browser = desk.browser(&desk.house.supervisor).await;
        let bar = browser.get("/kehadiran").await.body;
        for words in ["Lewat tenggat hari ini", "1 laporan yang dinaikkan kepada Anda",
            "1 laporan yang belum ada penanggung jawabnya", "/meja?antrean=lewat"] {
            assert!(bar.contains(words), "{words}: {bar}");
        }
        let read = browser.post("/kehadiran/lewat", &[]).await;
        assert_eq!((read.status, read.location.as_str()), (StatusCode::SEE_OTHER, "/kehadiran"));
        assert!(!browser.get("/kehadiran").await.body.contains("Lewat tenggat hari ini"));
        let mut officer = desk.browser(&desk.house.roads_officer).await;
        assert!(!officer.get("/kehadiran").await.body.contains("Lewat tenggat hari ini"));
        pass(&kit, october(21, 9, 0)).await;
        let mut browser = desk.browser(&desk.house.agent).await;
        assert!(browser.get("/kehadiran").await.body.contains("Lewat tenggat hari ini"));
    }
}
