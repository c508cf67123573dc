//! The organisation on both engines: what is set up is found again, by its own agency only.

use tanggap_calendar::{Base, Kind, OverrideKind, Zone};
use tanggap_kernel::access::{Access, Permission, Scope};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{AgencyId, Error, Locale, Refusal, Result, Timestamp, params};
use tanggap_org::actions::{self, CalendarInput, NewToken};
use tanggap_org::{
    CalendarDay, CategoryInput, NewAgency, NewUser, Question, QuestionChoice, QuestionKind, Role,
    RoleGrant, TokenScope, UnitInput,
};
use tanggap_store::{Db, Tx, sql};
use tanggap_testkit::engines;

sql! {
    EARLIER = "insert into law_profiles (agency_id, id, version, kind, text, created_at,
        retired_at) values ($1, 'appreciation', 2, 'appreciation', $2, $3, $3)";
}

fn unit(code: &str, parent_id: Option<UnitId>) -> UnitInput {
    UnitInput {
        parent_id,
        code: code.into(),
        name: format!("Dinas {code}"),
        agreed_days: 5,
        active: true,
        ..UnitInput::default()
    }
}

fn person(email: &str, role: Role, unit_id: Option<UnitId>) -> NewUser {
    NewUser {
        email: email.into(),
        name: format!("Nama {email}"),
        title: "Staf".into(),
        unit_id,
        password_hash: "x".into(),
        is_temporary: false,
        locale: Locale::Id,
        roles: vec![RoleGrant { role, unit_id }],
    }
}

/// An agency with a unit, a unit under it and one beside it.
struct House {
    access: Access,
    top: UnitId,
    under: UnitId,
    beside: UnitId,
}

async fn house(db: &Db, name: &'static str) -> House {
    db.write(move |tx| {
        let id = tanggap_org::create_agency(tx, &NewAgency::named(name, Zone::Wita))?;
        let access = Access::system(id);
        let top = tanggap_org::create_unit(tx, &access, &unit("PUPR", None))?;
        let under = tanggap_org::create_unit(tx, &access, &unit("BM", Some(top)))?;
        let beside = tanggap_org::create_unit(tx, &access, &unit("DLH", None))?;
        Ok(House { access, top, under, beside })
    })
    .await
    .expect("a house")
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn field<T: std::fmt::Debug>(result: Result<T>) -> String {
    match refusal(result) {
        Refusal::Invalid(errors) => errors[0].field.clone(),
        other => panic!("expected an invalid field, got {other:?}"),
    }
}

fn user_access(tx: &mut Tx<'_>, agency: AgencyId, id: UserId) -> Result<Access> {
    let user = tanggap_org::user(tx, &Access::system(agency), id)?.ok_or(Refusal::NotFound)?;
    tanggap_org::access_of(tx, agency, &user)
}

engines! {
    async fn an_agency_begins_with_a_calendar_and_a_general_category(kit) {
        let house = house(&kit.db, "Pemerintah Kabupaten Tirta Raya").await;
        let access = house.access;
        kit.db.write(move |tx| {
            let agency = tanggap_org::agency(tx, access.agency_id)?.expect("there");
            assert_eq!(agency.slug, "pemerintah-kabupaten-tirta-raya");
            assert_eq!(agency.zone, Zone::Wita);
            assert!(agency.manager.is_missing());
            let by_slug = tanggap_org::agency_by_slug(tx, &agency.slug)?.expect("there");
            assert_eq!(by_slug, agency);
            assert_eq!(tanggap_org::agencies(tx)?.len(), 1);
            let general = tanggap_org::category_by_slug(tx, &access, "umum")?.expect("there");
            assert!(general.active && general.questions.is_empty());
            let calendar = tanggap_org::calendar_for(tx, &access, None)?;
            assert_eq!((calendar.base(), calendar.zone()), (Base::Government, Zone::Wita));
            let twice = tanggap_org::create_agency(tx, &NewAgency::named(agency.name, Zone::Wib));
            assert_eq!(field(twice), "slug");
            Ok(())
        }).await.expect("set up");
    }

    async fn units_form_a_tree_that_cannot_bite_its_tail(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        let access = house.access.clone();
        kit.db.write(move |tx| {
            let under = tanggap_org::units_under(tx, &access, house.top)?;
            assert_eq!(under, [house.top, house.under]);
            let superior = tanggap_org::superior(tx, &access, house.under)?.expect("there");
            assert_eq!(superior.id, house.top);
            assert!(tanggap_org::superior(tx, &access, house.top)?.is_none());
            let ring = unit("PUPR", Some(house.under));
            let ring = tanggap_org::update_unit(tx, &access, house.top, 1, &ring);
            assert_eq!(field(ring), "parent");
            let taken = tanggap_org::create_unit(tx, &access, &unit("DLH", None));
            assert_eq!(field(taken), "code");
            let renamed = UnitInput { name: "Dinas PU".into(), ..unit("PUPR", None) };
            tanggap_org::update_unit(tx, &access, house.top, 1, &renamed)?;
            let stale = tanggap_org::update_unit(tx, &access, house.top, 1, &renamed);
            assert_eq!(refusal(stale), Refusal::Stale);
            Ok(())
        }).await.expect("a tree");
    }

    async fn each_role_reaches_its_own_units_and_never_another_agency(kit) {
        let ours = house(&kit.db, "Kabupaten Satu").await;
        let theirs = house(&kit.db, "Kabupaten Dua").await;
        kit.db.write(move |tx| {
            let system = &ours.access;
            for role in Role::ALL {
                let held = role.needs_unit().then_some(ours.top);
                let email = format!("{}@satu.id", role.as_str());
                let user = tanggap_org::create_user(tx, system, &person(&email, role, held))?;
                let access = user_access(tx, system.agency_id, user)?;
                let allowed = tanggap_org::permissions(role);
                for permission in Permission::ALL {
                    let has = allowed.has(permission);
                    assert_eq!(access.can(permission, Some(ours.top)), has, "{role:?}");
                    assert_eq!(access.can(permission, Some(ours.under)), has, "{role:?}");
                    let wide = has && !role.needs_unit();
                    assert_eq!(access.can(permission, Some(ours.beside)), wide, "{role:?}");
                    assert_eq!(access.can(permission, None), wide, "{role:?}");
                }
                // Nothing of the other agency is found, whatever the role.
                assert!(tanggap_org::unit(tx, &access, theirs.top)?.is_none());
                assert!(tanggap_org::user(tx, &theirs.access, user)?.is_none());
                assert_eq!(tanggap_org::names(tx, &theirs.access, &[user])?.len(), 0);
                assert_eq!(tanggap_org::units(tx, &access)?.len(), 3);
            }
            Ok(())
        }).await.expect("roles");
    }

    async fn only_an_administrator_changes_the_organisation(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let system = &house.access;
            for role in [Role::Agent, Role::UnitOfficer, Role::Supervisor, Role::Inspector] {
                let held = role.needs_unit().then_some(house.top);
                let email = format!("{}@satu.id", role.as_str());
                let id = tanggap_org::create_user(tx, system, &person(&email, role, held))?;
                let access = user_access(tx, system.agency_id, id)?;
                let tried: [Result<()>; 4] = [
                    tanggap_org::create_unit(tx, &access, &unit("X", None)).map(drop),
                    tanggap_org::set_roles(tx, &access, id, &[]),
                    tanggap_org::deactivate_user(tx, &access, id),
                    tanggap_org::create_token(tx, &access, &token([1; 32])).map(drop),
                ];
                for result in tried {
                    assert_eq!(refusal(result), Refusal::Forbidden, "{role:?}");
                }
            }
            Ok(())
        }).await.expect("refused");
    }

    async fn people_lose_their_rights_at_once_and_the_last_administrator_stays(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let system = &house.access;
            let agency = system.agency_id;
            let first = person("satu@x.id", Role::Administrator, None);
            let first = tanggap_org::create_user(tx, system, &first)?;
            let last = tanggap_org::deactivate_user(tx, system, first);
            assert_eq!(refusal(last), Refusal::Illegal("org-illegal-last-administrator"));
            let agent = [RoleGrant { role: Role::Agent, unit_id: None }];
            let demoted = tanggap_org::set_roles(tx, system, first, &agent);
            assert_eq!(refusal(demoted), Refusal::Illegal("org-illegal-last-administrator"));

            let second = person("dua@x.id", Role::Administrator, None);
            let second = tanggap_org::create_user(tx, system, &second)?;
            let acting = user_access(tx, agency, second)?;
            let own = tanggap_org::deactivate_user(tx, &acting, second);
            assert_eq!(refusal(own), Refusal::Illegal("org-illegal-self"));
            tanggap_org::deactivate_user(tx, &acting, first)?;
            assert_eq!(user_access(tx, agency, first)?.grants, vec![]);
            tanggap_org::reactivate_user(tx, &acting, first)?;
            assert!(user_access(tx, agency, first)?.can(Permission::OrgManage, None));

            let taken = person("DUA@x.id", Role::Agent, None);
            let taken = tanggap_org::create_user(tx, system, &taken);
            assert_eq!(field(taken), "email");
            let nowhere = person("tiga@x.id", Role::UnitOfficer, None);
            assert_eq!(field(tanggap_org::create_user(tx, system, &nowhere)), "roles");
            let foreign = person("empat@x.id", Role::Agent, Some(UnitId(99)));
            assert_eq!(field(tanggap_org::create_user(tx, system, &foreign)), "unit");
            Ok(())
        }).await.expect("people");
    }

    async fn people_are_listed_by_name_in_pages(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let system = &house.access;
            for n in 0..25 {
                let mut input = person(&format!("p{n}@x.id"), Role::Agent, Some(house.top));
                input.name = format!("Orang {:02}", (n * 7) % 25);
                tanggap_org::create_user(tx, system, &input)?;
            }
            let mut seen = Vec::new();
            let mut wanted = tanggap_org::People { limit: 10, ..Default::default() };
            loop {
                let page = tanggap_org::people(tx, system, &wanted)?;
                assert!(page.rows.iter().all(|(_, roles)| roles.len() == 1));
                seen.extend(page.rows.into_iter().map(|(user, _)| user.name));
                wanted.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            let expected: Vec<_> = (0..25).map(|n| format!("Orang {n:02}")).collect();
            assert_eq!(seen, expected);
            let found = |text: &str| tanggap_org::People {
                text: text.into(), limit: 10, ..Default::default()
            };
            assert_eq!(tanggap_org::people(tx, system, &found("ORANG 03"))?.rows.len(), 1);
            assert_eq!(tanggap_org::people(tx, system, &found("%"))?.rows.len(), 0);
            assert_eq!(tanggap_org::users_of_unit(tx, system, house.top)?.len(), 25);
            Ok(())
        }).await.expect("listed");
    }

    async fn calendars_know_the_agencys_own_days(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let access = &house.access;
            let national = CalendarInput {
                name: "RSUD".into(),
                base: Base::National,
                hours: String::new(),
            };
            let own = tanggap_org::create_calendar(tx, access, &national)?;
            let input = UnitInput { calendar_id: Some(own), ..unit("DLH", None) };
            tanggap_org::update_unit(tx, access, house.beside, 1, &input)?;
            let date = "2026-11-25".parse().expect("a date");
            let day = CalendarDay {
                date,
                kind: OverrideKind::RegionalHoliday,
                name: "Hari jadi".into(),
                decree: "Keputusan Bupati 1/2026".into(),
            };
            tanggap_org::set_calendar_day(tx, access, own, &day)?;
            let works = |tx: &mut Tx<'_>, unit| -> Result<bool> {
                Ok(tanggap_org::calendar_for(tx, access, unit)?.is_working_day(date))
            };
            assert!(!works(tx, Some(house.beside))?);
            assert!(works(tx, Some(house.top))?);
            assert!(works(tx, None)?);
            let base = tanggap_org::calendar_for(tx, access, Some(house.beside))?.base();
            assert_eq!(base, Base::National);
            let worked = CalendarDay { kind: OverrideKind::ExtraWorkingDay, ..day.clone() };
            tanggap_org::set_calendar_day(tx, access, own, &worked)?;
            assert!(works(tx, Some(house.beside))?);
            tanggap_org::remove_calendar_day(tx, access, own, date)?;
            let gone = tanggap_org::remove_calendar_day(tx, access, own, date);
            assert_eq!(refusal(gone), Refusal::NotFound);
            let silent = CalendarDay { decree: " ".into(), ..day };
            let silent = tanggap_org::set_calendar_day(tx, access, own, &silent);
            assert_eq!(field(silent), "decree");
            Ok(())
        }).await.expect("calendars");
    }

    async fn categories_keep_their_questions(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let access = &house.access;
            let choice = |label: &str| QuestionChoice {
                label: label.into(), ..QuestionChoice::default()
            };
            let question = Question {
                key: "kondisi".into(),
                label: "Bagaimana kerusakannya?".into(),
                kind: QuestionKind::Choice,
                choices: vec![choice("Kecil"), choice("Besar")],
                required: true,
                ..Question::default()
            };
            let input = CategoryInput {
                name: "Jalan rusak".into(),
                words: vec!["lubang".into(), " ".into(), "aspal".into()],
                kind: Some(Kind::Complaint),
                unit_id: Some(house.top),
                questions: vec![question.clone()],
                active: true,
                ..CategoryInput::default()
            };
            let id = tanggap_org::create_category(tx, access, &input)?;
            let found = tanggap_org::category_by_slug(tx, access, "jalan-rusak")?.expect("there");
            assert_eq!((found.id, &found.questions), (id, &input.questions));
            assert_eq!(found.words, ["lubang", "aspal"]);
            let twins = CategoryInput { questions: vec![question.clone(); 2], ..input.clone() };
            assert_eq!(field(tanggap_org::update_category(tx, access, id, 1, &twins)), "q1_key");
            let lone = Question { choices: vec![choice("Satu")], ..question };
            let lone = CategoryInput { questions: vec![lone], ..input };
            let lone = tanggap_org::update_category(tx, access, id, 1, &lone);
            assert_eq!(field(lone), "q0_choices");
            let general = tanggap_org::category_by_slug(tx, access, "umum")?.expect("there");
            let hidden = CategoryInput { name: "Umum".into(), ..CategoryInput::default() };
            let hidden = tanggap_org::update_category(tx, access, general.id, 1, &hidden);
            assert_eq!(field(hidden), "active");
            Ok(())
        }).await.expect("categories");
    }

    async fn a_token_opens_until_it_is_revoked_or_over(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        let (access, soon) = (house.access.clone(), kit.clock.now().plus(Timestamp::HOUR));
        let ids = kit.db.write(move |tx| {
            let lasting = tanggap_org::create_token(tx, &access, &token([1; 32]))?;
            let passing = NewToken { expires_at: Some(soon), ..token([2; 32]) };
            Ok((lasting, tanggap_org::create_token(tx, &access, &passing)?))
        }).await.expect("tokens");
        let opens = |hash: [u8; 32]| kit.db.read(move |tx| tanggap_org::token_access(tx, &hash));
        let found = opens([1; 32]).await.expect("read").expect("opens");
        assert_eq!(found.agency_id, house.access.agency_id);
        assert_eq!(found.scope(Permission::CaseRead), Scope::Agency);
        assert!(!found.can(Permission::IdentityRead, None));
        assert!(opens([3; 32]).await.expect("read").is_none());
        assert!(opens([2; 32]).await.expect("read").is_some());
        kit.clock.set(soon);
        assert!(opens([2; 32]).await.expect("read").is_none());
        let access = house.access.clone();
        kit.db.write(move |tx| tanggap_org::revoke_token(tx, &access, ids.0)).await.expect("gone");
        assert!(opens([1; 32]).await.expect("read").is_none());
    }

    async fn nobody_opens_identities_to_a_token_that_are_closed_to_them(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let (system, agency) = (&house.access, house.access.agency_id);
            let wide = |secret| NewToken { scopes: TokenScope::ALL.to_vec(), ..token([secret; 32]) };
            let mut input = person("admin@x.id", Role::Administrator, None);
            let id = tanggap_org::create_user(tx, system, &input)?;
            let administrator = user_access(tx, agency, id)?;
            tanggap_org::create_token(tx, &administrator, &token([1; 32]))?;
            let refused = tanggap_org::create_token(tx, &administrator, &wide(2));
            assert_eq!(field(refused), "scopes");
            input = person("dua@x.id", Role::Administrator, None);
            input.roles.push(RoleGrant { role: Role::Supervisor, unit_id: None });
            let id = tanggap_org::create_user(tx, system, &input)?;
            let both = user_access(tx, agency, id)?;
            tanggap_org::create_token(tx, &both, &wide(3))?;
            tanggap_org::create_token(tx, system, &wide(4))?;
            Ok(())
        }).await.expect("tokens");
    }

    async fn an_agencys_own_law_rules_new_cases_and_old_ones_keep_theirs(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let access = &house.access;
            let date = "2026-10-14".parse().expect("a date");
            let plain = tanggap_org::profile_for(tx, access, Kind::Appreciation, date)?;
            assert_eq!(plain.key(), "appreciation@2");
            let text = include_str!("../../../../law/profiles/appreciation.2.toml")
                .replacen("id = \"appreciation\"", "id = \"apresiasi\"", 1)
                .replacen("limit = 3", "limit = 2", 1);
            tanggap_org::put_profile(tx, access, Kind::Appreciation, &text)?;
            let own = tanggap_org::profile_for(tx, access, Kind::Appreciation, date)?;
            assert_eq!(own.key(), "apresiasi@2");
            let again = tanggap_org::put_profile(tx, access, Kind::Appreciation, &text);
            assert_eq!(field(again), "text");
            let other = tanggap_org::put_profile(tx, access, Kind::Complaint, &text);
            assert_eq!(field(other), "text");
            tanggap_org::retire_profile(tx, access, "apresiasi", 2)?;
            let back = tanggap_org::profile_for(tx, access, Kind::Appreciation, date)?;
            assert_eq!(back.key(), "appreciation@2");
            let kept = tanggap_org::profile_by_key(tx, access, "apresiasi@2")?;
            assert_eq!(kept.map(|profile| profile.version), Some(2));
            Ok(())
        }).await.expect("law");
    }

    /// Agencies could once take the program's names: what began under such a version stays so.
    async fn a_key_that_the_agency_used_first_stays_its_own(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        kit.db.write(move |tx| {
            let access = &house.access;
            let date = "2026-10-14".parse().expect("a date");
            let own = include_str!("../../../../law/profiles/appreciation.2.toml")
                .replacen("limit = 3", "limit = 2", 1);
            let taken = tanggap_org::put_profile(tx, access, Kind::Appreciation, &own);
            assert_eq!(field(taken), "text");
            let row = params![access.agency_id, own, tx.now()];
            tx.exec(&EARLIER, row)?;
            let theirs = tanggap_org::profile_by_key(tx, access, "appreciation@2")?;
            assert_eq!(theirs.expect("kept").deadline("SP4N_VERIFY").expect("one").limit, 2);
            let rules = tanggap_org::profile_for(tx, access, Kind::Appreciation, date)?;
            assert_eq!(rules.key(), "appreciation@1", "one name never means two rules");
            Ok(())
        }).await.expect("law");
    }

    async fn every_change_is_an_event(kit) {
        let house = house(&kit.db, "Kabupaten").await;
        let access = house.access;
        kit.db.write(move |tx| {
            let user = person("satu@x.id", Role::Agent, None);
            let id = tanggap_org::create_user(tx, &access, &user)?;
            actions::reset_password(tx, &access, id, "y")
        }).await.expect("changed");
        for _ in 0..100 {
            let kinds = kit.db.read(|tx| {
                tx.ad_hoc("select kind from events where seq is not null order by seq", &[], |row| {
                    row.text()
                }).map_err(Into::into)
            }).await.expect("read");
            let expected = [
                "agency.created", "category.created", "unit.created", "unit.created",
                "unit.created", "user.created", "user.password_reset",
            ];
            if kinds.len() == expected.len() {
                assert_eq!(kinds, expected);
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the events were not sealed");
    }
}

fn token(secret_hash: [u8; 32]) -> NewToken {
    let scopes = vec![TokenScope::CasesRead, TokenScope::CasesWrite];
    NewToken { name: "Aplikasi".into(), scopes, secret_hash, expires_at: None }
}
