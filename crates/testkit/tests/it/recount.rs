//! Open deadlines move when a calendar changes, or the calendar or zone by which somebody works,
//! and the case says from when to when.

use tanggap_cases::rules::Action;
use tanggap_cases::store;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Result, Timestamp};
use tanggap_org as org;
use tanggap_store::Tx;
use tanggap_testkit::{TestDb, engines};

use crate::cases::{deadlines, due, run_jobs};
use crate::house::House;

/// What the log says about deadlines that moved.
async fn moves(kit: &TestDb) -> Vec<(String, String)> {
    let read = kit.db.read(|tx| {
        Ok(tx.ad_hoc(
            "select kind, body from events where kind in ('case.deadline_moved',
            'case.follow_up_moved') order by id",
            &[],
            |row| Ok((row.text()?, row.text()?)),
        )?)
    });
    read.await.expect("told")
}

/// Gives a unit a calendar of its own, with Saturdays.
fn work_on_saturdays(tx: &mut Tx<'_>, access: &Access, unit: UnitId) -> Result<()> {
    let hours = serde_json::json!({ "source": "SK Kepala Dinas", "normal": {
        "mon": ["08:00-16:00"], "tue": ["08:00-16:00"], "wed": ["08:00-16:00"],
        "thu": ["08:00-16:00"], "fri": ["08:00-11:30", "13:00-16:00"], "sat": ["08:00-12:00"],
    }});
    let calendar = org::actions::CalendarInput {
        name: "Enam hari".into(),
        base: tanggap_calendar::Base::Government,
        hours: hours.to_string(),
    };
    let six = org::create_calendar(tx, access, &calendar)?;
    let old = org::unit(tx, access, unit)?.expect("there");
    let input = org::UnitInput {
        parent_id: old.parent_id,
        code: old.code,
        name: old.name,
        agreed_days: old.agreed_days,
        calendar_id: Some(six),
        active: true,
        ..org::UnitInput::default()
    };
    org::update_unit(tx, access, unit, old.version, &input)
}

/// Moves the agency's offices to eastern Indonesia.
fn move_to_wit(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    let agency = org::agency(tx, access.agency_id)?.expect("there");
    let input = org::actions::AgencyInput {
        name: agency.name,
        short_name: agency.short_name,
        zone: tanggap_calendar::Zone::Wit,
        calendar_id: agency.calendar_id.expect("one"),
        address: agency.address,
        phone: agency.phone,
        email: agency.email,
        manager: agency.manager,
        settings: agency.settings,
        version: agency.version,
    };
    org::update_agency(tx, access, &input)
}

engines! {
    /// D14 and D13: 18 August 2025 became joint leave late, and the due dates move with it.
    async fn a_changed_calendar_moves_open_deadlines_and_says_so(kit) {
        // 15 August 2025, 09.00 WIB.
        kit.clock.set(Timestamp::from_micros(1_755_223_200_000_000));
        let house = House::build(&kit.db).await;
        let system = Access::system(house.agency);
        let amended = tanggap_calendar::Date::constant(2025, 8, 18);
        let worked = org::CalendarDay {
            date: amended,
            kind: tanggap_calendar::OverrideKind::JointLeaveRemoved,
            name: "Belum ditetapkan".into(),
            decree: "SKB sebelum perubahan".into(),
        };
        let access = system.clone();
        let calendar = kit.db.write(move |tx| {
            let calendar = org::calendars(tx, &access)?[0].id;
            org::set_calendar_day(tx, &access, calendar, &worked)?;
            Ok(calendar)
        }).await.expect("before the amendment");
        let opened = house.report(|_| {}).await;
        assert_eq!(due(&opened.deadlines, "SP4N_VERIFY"), "2025-08-20");
        kit.db.write(move |tx| {
            org::remove_calendar_day(tx, &system, calendar, amended)
        }).await.expect("amended");
        run_jobs(&kit).await;
        assert_eq!(due(&deadlines(&house, opened.case.id).await, "SP4N_VERIFY"), "2025-08-21");
        let told = moves(&kit).await;
        assert!(told[0].1.contains("2025-08-20") && told[0].1.contains("2025-08-21"), "{told:?}");
    }

    /// A unit that works on Saturdays from now on owes its part sooner; an agency that moves its
    /// offices to another zone owes everything at another moment of the same dates.
    async fn another_calendar_of_a_unit_and_another_zone_move_open_deadlines(kit) {
        // Thursday, 6 November 2025, 09.00 WIB: no holiday is near.
        kit.clock.set(Timestamp::from_micros(1_762_394_400_000_000));
        let house = House::build(&kit.db).await;
        let opened = house.report(|_| {}).await;
        let id = opened.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
        let owed = |house: &House| {
            let (db, access) = (house.db.clone(), Access::system(house.agency));
            async move {
                let found = db.read(move |tx| Ok(store::follow_ups(tx, &access, id)?)).await;
                found.expect("read").remove(0).due_at
            }
        };
        let before = owed(&house).await;

        let (system, roads) = (Access::system(house.agency), house.roads);
        kit.db.write(move |tx| work_on_saturdays(tx, &system, roads)).await.expect("six days");
        run_jobs(&kit).await;
        let after = owed(&house).await;
        assert_eq!(before.as_micros() - after.as_micros(), Timestamp::DAY, "one Saturday");
        let told = moves(&kit).await;
        assert_eq!(told.len(), 1, "the law's own deadlines hang on the agency: {told:?}");
        assert_eq!(told[0].0, "case.follow_up_moved");
        assert!(told[0].1.contains("2025-11-13") && told[0].1.contains("2025-11-12"), "{told:?}");

        let system = Access::system(house.agency);
        let law = deadlines(&house, id).await;
        kit.db.write(move |tx| move_to_wit(tx, &system)).await.expect("another zone");
        run_jobs(&kit).await;
        let earlier = deadlines(&house, id).await;
        for (old, new) in law.iter().zip(&earlier).filter(|(old, _)| old.state.is_active()) {
            assert_eq!(old.due_date, new.due_date, "{}", old.policy);
            let sooner = old.due_at.as_micros() - new.due_at.as_micros();
            assert_eq!(sooner, 2 * Timestamp::HOUR, "{}", old.policy);
        }
        let kinds: Vec<String> = moves(&kit).await.into_iter().map(|(kind, _)| kind).collect();
        assert!(kinds.contains(&"case.deadline_moved".to_owned()), "{kinds:?}");
    }
}
