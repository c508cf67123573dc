//! The administrator's screens of sending: what did not go out is sent again, a channel's rules are
//! set, an address is taken off and put back; nobody else sees them.

use axum::http::StatusCode;
use tanggap_conversations::outbound::lanes;
use tanggap_conversations::outbound::suppressions;
use tanggap_conversations::{NewOutbound, Outbound, SendState, outbound};
use tanggap_kernel::{Access, Locale};
use tanggap_org::{NewUser, Role, RoleGrant};
use tanggap_testkit::engines;

use crate::desk::{Browser, Desk, ok};

const HOME: &str = "/pengaturan/kiriman";

async fn administrator(desk: &Desk) -> Browser {
    let user = NewUser {
        email: "admin@uji.go.id".into(),
        name: "Admin Uji".into(),
        title: String::new(),
        unit_id: None,
        password_hash: String::new(),
        is_temporary: false,
        locale: Locale::Id,
        roles: vec![RoleGrant { role: Role::Administrator, unit_id: None }],
    };
    let agency = desk.house.agency;
    let made = desk.ctx.db.write(move |tx| {
        let system = Access::system(agency);
        let id = tanggap_org::create_user(tx, &system, &user)?;
        let user = tanggap_org::user(tx, &system, id)?.expect("just made");
        tanggap_org::access_of(tx, agency, &user)
    });
    desk.browser(&made.await.expect("an administrator")).await
}

/// Letters whose mailboxes are not there.
async fn failed(desk: &Desk, count: usize) {
    let agency = desk.house.agency;
    let put = desk.ctx.db.write(move |tx| {
        let access = Access::system(agency);
        for n in 0..count {
            let letter = NewOutbound {
                channel: "email",
                recipient: &format!("warga{n}@contoh.id"),
                subject: "Kabar laporan",
                body: "Isi",
                ..NewOutbound::default()
            };
            let id = outbound::queue(tx, &access, &letter)?;
            let row = outbound::get(tx, &access, id)?;
            lanes::note(tx, &access, &row, Some("550 5.1.1 tidak ada"))?;
        }
        Ok(())
    });
    put.await.expect("failed");
}

async fn in_state(desk: &Desk, state: SendState) -> Vec<Outbound> {
    let agency = desk.house.agency;
    let read = desk
        .ctx
        .db
        .read(move |tx| Ok(outbound::waiting(tx, &Access::system(agency), state, None, 100)?));
    read.await.expect("read")
}

engines! {
    async fn what_failed_is_sent_again_one_or_all(kit) {
        let desk = Desk::open(&kit).await;
        failed(&desk, 60).await;
        let mut admin = administrator(&desk).await;
        let page = admin.get(HOME).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("w•••9@contoh.id"), "{}", page.body);
        assert!(!page.body.contains("warga9@"), "addresses are shown in part");
        assert!(page.body.contains("sebelum="), "there is a second page");
        let rows = in_state(&desk, SendState::Failed).await;
        let one = rows[0].id.to_string();
        ok(&admin.post(HOME, &[("id", &one), ("keadaan", "failed")]).await);
        ok(&admin.post(HOME, &[("id", &one), ("keadaan", "failed")]).await);
        assert_eq!(in_state(&desk, SendState::Failed).await.len(), 59);
        let ids: Vec<String> = rows.iter().take(50).map(|row| row.id.to_string()).collect();
        let all: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
        ok(&admin.post(HOME, &all).await);
        assert_eq!(in_state(&desk, SendState::Failed).await.len(), 10);
        let waiting = in_state(&desk, SendState::Waiting).await;
        assert!(waiting.iter().all(|row| row.attempts == 0 && row.error.is_none()));
        let found = admin.get(&format!("{HOME}?saluran=email&keadaan=failed&cari=WARGA55")).await;
        assert!(found.body.contains("w•••5@contoh.id"), "{}", found.body);
        assert!(!found.body.contains("w•••4@contoh.id"), "{}", found.body);
    }

    async fn the_rules_of_a_channel_are_checked_and_kept(kit) {
        let desk = Desk::open(&kit).await;
        let mut admin = administrator(&desk).await;
        let path = format!("{HOME}/aturan/sms");
        assert_eq!(admin.get(&path).await.status, StatusCode::OK);
        let fields = |from: &'static str, version: &'static str| {
            [
                ("version", version),
                ("per_second", "20"),
                ("per_minute", ""),
                ("quiet_from", from),
                ("quiet_until", "07:00"),
                ("quiet_binds", "bulk"),
                ("fallback", "email"),
                ("fallback_after", "30"),
            ]
        };
        let wrong = admin.post(&path, &fields("25:00", "0")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("25:00"), "what was typed is shown again");
        ok(&admin.post(&path, &fields("21:00", "0")).await);
        let stale = admin.post(&path, &fields("22:00", "0")).await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
        let page = admin.get(&path).await;
        for kept in ["value=\"20\"", "value=\"21:00\"", "value=\"30\"", "value=\"1\""] {
            assert!(page.body.contains(kept), "{kept}: {}", page.body);
        }
        for unknown in ["Sms", "a-b", "averyveryverylongname"] {
            let page = admin.get(&format!("{HOME}/aturan/{unknown}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{unknown}");
        }
    }

    async fn an_address_is_taken_off_and_put_back(kit) {
        let desk = Desk::open(&kit).await;
        let mut admin = administrator(&desk).await;
        let path = format!("{HOME}/alamat");
        assert_eq!(admin.get(&path).await.status, StatusCode::OK);
        let empty = admin.post(&path, &[("channel", "email"), ("address", " ")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let budi = [("channel", "email"), ("address", "Budi@Contoh.id"), ("detail", "Lewat telepon")];
        ok(&admin.post(&path, &budi).await);
        let page = admin.get(&format!("{path}?saluran=email&cari=BUD")).await;
        assert!(page.body.contains("budi@contoh.id") && page.body.contains("Lewat telepon"));
        let other = admin.get(&format!("{path}?saluran=email&cari=c")).await;
        assert!(!other.body.contains("budi@contoh.id"));
        let lift = [("channel", "email"), ("address", "budi@contoh.id"), ("langkah", "lepas")];
        ok(&admin.post(&path, &lift).await);
        let agency = desk.house.agency;
        let left = desk.ctx.db.read(move |tx| {
            Ok(suppressions::of(tx, &Access::system(agency), "email", "budi@contoh.id")?)
        });
        assert!(left.await.expect("read").is_none());
    }

    async fn nobody_but_administrators_sees_or_decides(kit) {
        let desk = Desk::open(&kit).await;
        failed(&desk, 1).await;
        let id = in_state(&desk, SendState::Failed).await[0].id.to_string();
        let house = &desk.house;
        for access in [&house.agent, &house.roads_officer, &house.supervisor, &house.inspector] {
            let mut browser = desk.browser(access).await;
            browser.get("/meja").await;
            for path in [HOME, &format!("{HOME}/aturan/sms"), &format!("{HOME}/alamat")] {
                let page = browser.get(path).await;
                assert_eq!(page.status, StatusCode::FORBIDDEN, "{:?} {path}", access.actor);
            }
            for (path, fields) in [
                (HOME.to_owned(), [("id", id.as_str()), ("keadaan", "failed")]),
                (format!("{HOME}/alamat"), [("channel", "email"), ("address", "x@contoh.id")]),
                (format!("{HOME}/aturan/sms"), [("version", "0"), ("per_second", "1")]),
            ] {
                let done = browser.post(&path, &fields).await;
                assert_eq!(done.status, StatusCode::FORBIDDEN, "{:?} {path}", access.actor);
            }
        }
        assert_eq!(in_state(&desk, SendState::Failed).await.len(), 1);
    }
}
