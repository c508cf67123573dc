//! Signing in and setting up, through the routes, as a browser does it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tanggap_calendar::Zone;
use tanggap_kernel::{Access, Locale, Timestamp};
use tanggap_org::{NewAgency, NewUser, Role, RoleGrant};
use tanggap_store::blobs::Blobs;
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::{Ctx, Secrets, Site};
use tanggap_ui::live::Live;
use tower::ServiceExt as _;

pub(crate) const PASSWORD: &str = "gerobak ketoprak pagi";

/// A browser: keeps cookies and the newest form token.
pub(crate) struct Browser {
    app: Router,
    cookies: Vec<(String, String)>,
    pub(crate) csrf: String,
}

pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new(kit: &TestDb, demo: bool) -> Self {
        let site = Site { demo, upload_bytes_max: 1 << 20, ..Site::default() };
        let ctx = Ctx {
            db: kit.db.clone(),
            blobs: Blobs::local(kit.folder.path()).expect("a folder"),
            secrets: Secrets::new([9; 32]),
            site: Arc::new(site),
            live: Live::default(),
        };
        let app = tanggap_org::routes()
            .layer(axum::middleware::from_fn(tanggap_ui::answer::tell_failures))
            .layer(axum::middleware::from_fn_with_state(ctx.clone(), tanggap_org::door::tell_once))
            .with_state(ctx);
        Self { app, cookies: Vec::new(), csrf: String::new() }
    }

    async fn send(&mut self, request: Request<Body>) -> Got {
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("text");
            let (name, rest) = text.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let status = response.status();
        let location = response.headers().get(header::LOCATION);
        let location = location.map_or("", |l| l.to_str().expect("text")).to_owned();
        let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("a body");
        let body = String::from_utf8(body.to_vec()).expect("text");
        if let Some(rest) = body.split("name=\"csrf\" value=\"").nth(1) {
            self.csrf = rest.split('"').next().unwrap_or_default().to_owned();
        }
        Got { status, location, body }
    }

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Got {
        let request = Request::get(path)
            .header(header::ACCEPT, "text/html")
            .header(header::COOKIE, self.cookie())
            .body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Got {
        let token = self.csrf.clone();
        self.post_with(path, fields, &token).await
    }

    pub(crate) async fn post_with(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        csrf: &str,
    ) -> Got {
        let escape =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
        let pairs = fields.iter().copied().chain([("csrf", csrf)]);
        let body: Vec<_> = pairs.map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
        self.post_body(path, "application/x-www-form-urlencoded", body.join("&").into()).await
    }

    pub(crate) async fn post_body(&mut self, path: &str, kind: &str, body: Body) -> Got {
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, kind)
            .header(header::COOKIE, self.cookie())
            .body(body);
        self.send(request.expect("a request")).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Got {
        self.get("/masuk").await;
        self.post("/masuk", &[("email", email), ("password", password)]).await
    }
}

pub(crate) async fn agency(kit: &TestDb) -> Access {
    let hash = tanggap_org::password::hash_now(PASSWORD).expect("a hash");
    kit.db
        .write(move |tx| {
            let agency = NewAgency::named("Kabupaten Tirta Raya", Zone::Wib);
            let access = Access::system(tanggap_org::create_agency(tx, &agency)?);
            let roles = [Role::Administrator, Role::Agent, Role::Inspector, Role::Supervisor];
            for role in roles.into_iter().chain([Role::Host]) {
                let user = NewUser {
                    email: format!("{}@x.id", role.as_str()),
                    name: format!("Orang {}", role.as_str()),
                    title: String::new(),
                    unit_id: None,
                    password_hash: hash.clone(),
                    is_temporary: false,
                    locale: Locale::Id,
                    roles: vec![RoleGrant { role, unit_id: None }],
                };
                tanggap_org::create_user(tx, &access, &user)?;
            }
            Ok(access)
        })
        .await
        .expect("an agency")
}

const OWN_PASSWORD: &str = "lonceng becak sore hari";

/// Signs in with a password that somebody else made and does what is asked then.
async fn choose_own_password(browser: &mut Browser, email: &str, temporary: &str) -> String {
    assert_eq!(browser.sign_in(email, temporary).await.status, StatusCode::SEE_OTHER);
    let away = browser.get("/akun?x=1").await;
    assert_eq!(away.location, "/akun/sandi");
    assert_eq!(browser.get("/akun/sandi").await.status, StatusCode::OK);
    let own = [("password_new", OWN_PASSWORD), ("password_again", OWN_PASSWORD)];
    let done = browser.post("/akun/sandi", &own).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    done.location
}

fn shown_password(page: &Got) -> String {
    let shown = page.body.split("<span class=\"code\">").nth(1).expect("a password");
    shown.split('<').next().expect("a password").to_owned()
}

engines! {
    async fn a_password_that_somebody_else_made_is_changed_before_anything_else(kit) {
        let access = agency(&kit).await;
        let system = access.clone();
        let id = kit.db.read(move |tx| {
            tanggap_org::user_by_email(tx, &system, "supervisor@x.id")
        }).await.expect("read").expect("there").id;
        let mut admin = Browser::new(&kit, false);
        admin.sign_in("administrator@x.id", PASSWORD).await;
        let person = format!("/pengaturan/orang/{id}");
        admin.get(&person).await;
        let made = admin.post(&person, &[("action", "password")]).await;
        let temporary = shown_password(&made);

        let mut browser = Browser::new(&kit, false);
        assert_eq!(browser.sign_in("supervisor@x.id", &temporary).await.location, "/akun");
        for path in ["/pengaturan", "/akun/autentikator", "/pengaturan/unit?x=1"] {
            let away = browser.get(path).await;
            assert_eq!(away.status, StatusCode::SEE_OTHER, "{path}");
            assert!(away.location.starts_with("/akun/sandi?kembali=/"), "{path}");
        }
        let page = browser.get("/akun/sandi?kembali=/pengaturan/unit").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("live-stream") && !page.body.contains("href=\"/penyelia"));
        let own = browser.post("/akun", &[("action", "profile"), ("name", "Lain")]).await;
        assert_eq!(own.location, "/akun/sandi", "no form of another page is taken");
        let same = [("password_new", &*temporary), ("password_again", &*temporary)];
        for (new, again) in [("q7-zk", "q7-zk"), (same[0].1, same[1].1), (OWN_PASSWORD, PASSWORD)] {
            let fields = [("password_new", new), ("password_again", again)];
            let refused = browser.post("/akun/sandi", &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        }
        let system = access.clone();
        let held = kit.db.read(move |tx| {
            let user = tanggap_org::user(tx, &system, id)?.expect("there");
            tanggap_org::access_of(tx, system.agency_id, &user)
        }).await.expect("read");
        assert!(held.grants.is_empty(), "the domain allows nothing either");

        let fields = [
            ("password_new", OWN_PASSWORD), ("password_again", OWN_PASSWORD),
            ("kembali", "/pengaturan/unit"),
        ];
        let done = browser.post("/akun/sandi", &fields).await;
        assert_eq!(done.location, "/pengaturan/unit", "where they wanted to go");
        assert_eq!(browser.get("/pengaturan/unit").await.status, StatusCode::OK);
        assert_eq!(browser.get("/akun/sandi").await.location, "/akun", "asked once");
        let again = browser.post("/akun/sandi", &fields).await;
        assert_eq!(again.status, StatusCode::FORBIDDEN, "no way around the old password");
        let old = Browser::new(&kit, false).sign_in("supervisor@x.id", &temporary).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn an_empty_installation_is_set_up_once(kit) {
        let mut browser = Browser::new(&kit, false);
        assert_eq!(browser.get("/masuk").await.location, "/mulai");
        let page = browser.get("/mulai").await;
        assert_eq!(page.status, StatusCode::OK);
        let refused = browser.post("/mulai", &[("name", "Kab"), ("password", "q7-zk")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("value=\"Kab\""), "nothing typed is lost");
        assert!(!refused.body.contains("q7-zk"), "but for secrets");
        let fields = [
            ("name", "Kabupaten <b>Baru</b>"), ("zone", "Asia/Makassar"), ("user_name", "Dewi"),
            ("user_email", "dewi@baru.id"), ("password", PASSWORD), ("password_again", PASSWORD),
        ];
        let done = browser.post("/mulai", &fields).await;
        assert_eq!((done.status, &*done.location), (StatusCode::SEE_OTHER, "/pengaturan"));
        let settings = browser.get("/pengaturan").await;
        assert_eq!(settings.status, StatusCode::OK);
        assert!(!settings.body.contains("<b>Baru"), "names are escaped");
        assert_eq!(Browser::new(&kit, false).get("/mulai").await.status, StatusCode::NOT_FOUND);
        let again = browser.post("/mulai", &fields).await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }

    async fn signing_in_and_out(kit) {
        agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        let away = browser.get("/pengaturan?x=1").await;
        assert_eq!(away.location, "/masuk?kembali=/pengaturan%3Fx%3D1");
        let unknown = browser.sign_in("nobody@x.id", PASSWORD).await;
        let wrong = browser.sign_in("agent@x.id", "salah semuanya").await;
        for got in [&unknown, &wrong] {
            assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(got.body.contains("Surel atau kata sandi tidak cocok"));
        }
        let inside = browser.sign_in("Administrator@x.id", PASSWORD).await;
        assert_eq!((inside.status, &*inside.location), (StatusCode::SEE_OTHER, "/pengaturan"));
        assert_eq!(browser.get("/akun").await.status, StatusCode::OK);

        // A form without its token changes nothing.
        let forged = browser.post_with("/keluar", &[], "AAAA").await;
        assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY);
        browser.get("/akun").await;
        assert_eq!(browser.post("/keluar", &[]).await.location, "/masuk");
        assert_eq!(browser.get("/akun").await.status, StatusCode::SEE_OTHER);
    }

    async fn what_was_done_is_told_by_one_page(kit) {
        agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        browser.sign_in("agent@x.id", PASSWORD).await;
        let told = "Perubahan tersimpan.";
        let form = [("action", "profile"), ("name", "Sari"), ("locale", "id")];
        browser.get("/akun").await;
        assert_eq!(browser.post("/akun", &form).await.status, StatusCode::SEE_OTHER);
        assert!(browser.get("/akun").await.body.contains(told));
        assert!(!browser.get("/akun").await.body.contains(told), "not by the next one");

        browser.post("/akun", &form).await;
        browser.get("/tidak-ada").await;
        assert!(browser.get("/akun").await.body.contains(told), "kept until a page tells it");
    }

    async fn sessions_end_by_idling_by_age_and_by_revocation(kit) {
        agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        browser.sign_in("agent@x.id", PASSWORD).await;
        let start = kit.clock.now();
        for hours in [11, 22, 33] {
            kit.clock.set(start.plus(hours * Timestamp::HOUR));
            assert_eq!(browser.get("/akun").await.status, StatusCode::OK, "{hours} h");
        }
        kit.clock.set(start.plus(46 * Timestamp::HOUR));
        assert_eq!(browser.get("/akun").await.status, StatusCode::SEE_OTHER, "idle");

        let (mut one, mut two) = (Browser::new(&kit, false), Browser::new(&kit, false));
        let start = kit.clock.now();
        one.sign_in("agent@x.id", PASSWORD).await;
        two.sign_in("agent@x.id", PASSWORD).await;
        for hours in (0..160).step_by(10) {
            kit.clock.set(start.plus(hours * Timestamp::HOUR));
            assert_eq!(one.get("/akun").await.status, StatusCode::OK, "{hours} h");
            two.get("/akun").await;
        }
        one.get("/akun").await;
        one.post("/akun", &[("action", "everywhere")]).await;
        assert_eq!(two.get("/akun").await.status, StatusCode::SEE_OTHER, "revoked");
        one.sign_in("agent@x.id", PASSWORD).await;
        kit.clock.set(kit.clock.now().plus(7 * Timestamp::DAY));
        assert_eq!(one.get("/akun").await.status, StatusCode::SEE_OTHER, "too old");
    }

    async fn guessing_costs_time_whether_the_account_exists_or_not(kit) {
        agency(&kit).await;
        for email in ["agent@x.id", "nobody@x.id"] {
            let mut browser = Browser::new(&kit, false);
            for _ in 0..5 {
                let got = browser.sign_in(email, "salah semuanya").await;
                assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
            }
            let waits = browser.sign_in(email, PASSWORD).await;
            assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS, "{email}");
            assert!(waits.body.contains("sekitar 1 menit"), "told how long");
        }
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        let mut browser = Browser::new(&kit, false);
        let inside = browser.sign_in("agent@x.id", PASSWORD).await;
        assert_eq!(inside.location, "/meja");
    }

    async fn an_authenticator_is_asked_for_and_takes_no_code_twice(kit) {
        let access = agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        browser.sign_in("agent@x.id", PASSWORD).await;
        let page = browser.get("/akun/autentikator").await;
        let salt = page.body.split("name=\"salt\" value=\"").nth(1).expect("a salt");
        let salt = salt.split('"').next().expect("a salt").to_owned();
        let user = kit.db.read(move |tx| {
            tanggap_org::user_by_email(tx, &access, "agent@x.id")
        }).await.expect("read").expect("there");
        let secrets = Secrets::new([9; 32]);
        let code = |at| {
            tanggap_org::totp::code_at(&secrets, user.id, &salt, at).expect("a code")
        };
        let wrong = browser.post("/akun/autentikator", &[("salt", &salt), ("code", "1")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let now = kit.clock.now();
        let right = [("salt", &*salt), ("code", &*code(now))];
        let done = browser.post("/akun/autentikator", &right).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);

        let mut other = Browser::new(&kit, false);
        let asked = other.sign_in("agent@x.id", PASSWORD).await;
        assert!(asked.body.contains("name=\"ticket\""));
        assert_eq!(other.get("/akun").await.status, StatusCode::SEE_OTHER, "not yet in");
        let asked = other.sign_in("agent@x.id", PASSWORD).await;
        let ticket = asked.body.split("name=\"ticket\" value=\"").nth(1).expect("a ticket");
        let ticket = ticket.split('"').next().expect("a ticket").to_owned();
        let replayed = [("ticket", &*ticket), ("code", &*code(now))];
        let replayed = other.post("/masuk/kode", &replayed).await;
        assert_eq!(replayed.status, StatusCode::UNPROCESSABLE_ENTITY, "used before");
        let later = now.plus(30 * Timestamp::SECOND);
        kit.clock.set(later);
        let fresh = [("ticket", &*ticket), ("code", &*code(later))];
        let mut thief = Browser::new(&kit, false);
        thief.get("/masuk").await;
        let stolen = thief.post("/masuk/kode", &fresh).await;
        assert_eq!(stolen.location, "/masuk", "a ticket is good in its own browser only");
        let inside = other.post("/masuk/kode", &fresh).await;
        assert_eq!(inside.location, "/meja");
    }

    async fn the_demo_offers_its_people_and_nothing_else_does(kit) {
        agency(&kit).await;
        let mut browser = Browser::new(&kit, true);
        let page = browser.get("/masuk").await;
        let who = page.body.split("name=\"who\" value=\"").nth(1).expect("somebody");
        let who = who.split('"').next().expect("somebody").to_owned();
        let mut real = Browser::new(&kit, false);
        assert!(!real.get("/masuk").await.body.contains("name=\"who\""));
        let refused = real.post("/masuk/demo", &[("who", &who)]).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        let inside = browser.post("/masuk/demo", &[("who", &who)]).await;
        assert_eq!(inside.location, "/meja");
    }

    async fn settings_are_seen_and_changed_by_those_who_may(kit) {
        agency(&kit).await;
        let pages = [
            "/pengaturan", "/pengaturan/instansi", "/pengaturan/unit", "/pengaturan/orang",
            "/pengaturan/kalender", "/pengaturan/kategori", "/pengaturan/aturan",
            "/pengaturan/aturan/complaint", "/pengaturan/token", "/pengaturan/pekerjaan",
            "/audit", "/audit.csv", "/pengaturan/unit/baru", "/pengaturan/orang/baru",
        ];
        let (ok, no) = (200, 403);
        for (email, expected) in [
            ("administrator@x.id", [ok; 14]),
            ("inspector@x.id", [ok, ok, ok, ok, ok, ok, ok, ok, no, no, ok, ok, no, no]),
            ("supervisor@x.id", [ok, ok, ok, ok, ok, ok, ok, ok, no, no, no, no, no, no]),
            ("agent@x.id", [no; 14]),
        ] {
            let mut browser = Browser::new(&kit, false);
            browser.sign_in(email, PASSWORD).await;
            for (path, status) in pages.into_iter().zip(expected) {
                let got = browser.get(path).await;
                assert_eq!(got.status.as_u16(), status, "{email} {path}");
                let is_key = got.body.contains(">org-") || got.body.contains("\"org-");
                assert!(!is_key, "{path} shows a key");
            }
            browser.get("/akun").await;
            let fields = [("name", "Dinas"), ("code", "D"), ("agreed_days", "5")];
            let got = browser.post("/pengaturan/unit/baru", &fields).await;
            let expected = if email.starts_with("admin") { 303 } else { 403 };
            assert_eq!(got.status.as_u16(), expected, "{email} adds a unit");
        }
    }

    async fn a_host_adds_an_agency_that_is_closed_to_them_from_then_on(kit) {
        agency(&kit).await;
        for email in ["administrator@x.id", "supervisor@x.id", "inspector@x.id"] {
            let mut browser = Browser::new(&kit, false);
            browser.sign_in(email, PASSWORD).await;
            for path in ["/pengaturan/naungan", "/pengaturan/naungan/baru"] {
                assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{email}");
            }
            browser.get("/akun").await;
            let tried = browser.post("/pengaturan/naungan/baru", &[("name", "Lain")]).await;
            assert_eq!(tried.status, StatusCode::FORBIDDEN, "{email}");
        }
        let mut host = Browser::new(&kit, false);
        let inside = host.sign_in("host@x.id", PASSWORD).await;
        assert_eq!(inside.location, "/pengaturan/naungan");
        let page = host.get("/pengaturan/naungan/baru").await;
        assert_eq!(page.status, StatusCode::OK);
        let wrong = [
            ("name", "RSUD Dua"), ("slug", "Tidak Sah"), ("zone", "Asia/Jayapura"),
            ("base", "national"), ("user_name", "Rina"), ("user_email", "rina@dua.id"),
        ];
        let refused = host.post("/pengaturan/naungan/baru", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("id=\"f-slug-error\""));
        let taken = wrong.map(|(name, value)| match name {
            "slug" => (name, "rsud-dua"),
            "user_email" => (name, "agent@x.id"),
            _ => (name, value),
        });
        let refused = host.post("/pengaturan/naungan/baru", &taken).await;
        assert!(refused.body.contains("id=\"f-user_email-error\""), "{}", refused.body);
        let right = taken.map(|(name, value)| match name {
            "user_email" => (name, "rina@dua.id"),
            _ => (name, value),
        });
        let made = host.post("/pengaturan/naungan/baru", &right).await;
        assert_eq!(made.status, StatusCode::OK, "the refused try left nothing behind");
        let list = host.get("/pengaturan/naungan").await;
        assert!(list.body.contains("/i/rsud-dua") && list.body.contains("WIT"));

        let mut rina = Browser::new(&kit, false);
        let home = choose_own_password(&mut rina, "rina@dua.id", &shown_password(&made)).await;
        assert_eq!(home, "/pengaturan");
        assert_eq!(rina.get("/pengaturan").await.status, StatusCode::OK);
        assert_eq!(rina.get("/pengaturan/naungan").await.status, StatusCode::FORBIDDEN);
        let people = rina.get("/pengaturan/orang").await;
        assert!(people.body.contains("rina@dua.id") && !people.body.contains("@x.id"));
        let calendars = rina.get("/pengaturan/kalender").await;
        assert!(calendars.body.contains("Kalender kerja"));
        for path in ["/pengaturan", "/pengaturan/orang", "/audit", "/pengaturan/instansi"] {
            assert_eq!(host.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }

    async fn an_administrator_cannot_take_the_place_of_a_host(kit) {
        let access = agency(&kit).await;
        let [host, admin] = ["host@x.id", "administrator@x.id"].map(|email| {
            let access = access.clone();
            let db = kit.db.clone();
            async move {
                let found = db.read(move |tx| tanggap_org::user_by_email(tx, &access, email));
                found.await.expect("read").expect("there").id
            }
        });
        let (host, admin) = (host.await, admin.await);
        let mut browser = Browser::new(&kit, false);
        browser.sign_in("administrator@x.id", PASSWORD).await;
        let (theirs, own) =
            (format!("/pengaturan/orang/{host}"), format!("/pengaturan/orang/{admin}"));
        assert!(!browser.get(&theirs).await.body.contains("value=\"password\""));
        assert!(!browser.get(&own).await.body.contains("value=\"host\""), "not offered");
        for fields in [
            &[("action", "password")][..],
            &[("action", "deactivate")],
            &[("action", "totp")],
            &[("action", "roles"), ("role0", "agent")],
            &[("action", "user"), ("name", "X"), ("email", "saya@x.id"), ("version", "1")],
        ] {
            let tried = browser.post(&theirs, fields).await;
            assert_eq!(tried.status, StatusCode::FORBIDDEN, "{fields:?}");
        }
        let roles = [("action", "roles"), ("role0", "administrator"), ("role1", "host")];
        assert_eq!(browser.post(&own, &roles).await.status, StatusCode::FORBIDDEN);
        let last = kit.db.write(move |tx| tanggap_org::set_roles(tx, &access, host, &[])).await;
        assert!(last.is_err(), "the last host stays");
    }

    async fn working_hours_with_fridays_and_ramadan_are_set_by_the_screen(kit) {
        let access = agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        browser.sign_in("administrator@x.id", PASSWORD).await;
        let new = browser.get("/pengaturan/kalender/baru").await;
        assert!(new.body.contains("07:30-11:30, 13:00-16:30"), "government hours to begin from");
        let fields = [
            ("name", "Puskesmas"), ("base", "government"), ("own_hours", "ya"),
            ("hours_source", "SK Kepala Dinas Kesehatan"), ("mon", "07.00–12.00, 13.00–15.00"),
            ("fri", "07:00-11:00, 13:30-16:00"), ("sat", "08:00-12:00"), ("own_ramadan", "ya"),
            ("r_mon", "08:00-12:00, 12:30-14:00"), ("r_fri", "08:00-11:00"),
        ];
        let refused = browser.post("/pengaturan/kalender/baru", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("id=\"f-r_sat-error\""), "Saturday lacks its hours");
        let whole: Vec<_> = fields.into_iter().chain([("r_sat", "08:00-11:00")]).collect();
        let done = browser.post("/pengaturan/kalender/baru", &whole).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        let page = browser.get(&format!("{}?tahun=2026", done.location)).await;
        for shown in ["07:00-11:00, 13:30-16:00", "08:00-12:00, 12:30-14:00", "1447", "SK Kepala"] {
            assert!(page.body.contains(shown), "{shown}");
        }
        let id = done.location.rsplit('/').next().expect("an id").to_owned();
        kit.db.read(move |tx| {
            let id = tanggap_org::CalendarId::parse(&id).expect("an id");
            let calendar = tanggap_org::working_calendar(tx, &access, id)?;
            let of = |month, day| tanggap_calendar::Date::constant(2026, month, day);
            let stretches = |date| calendar.hours_on(date).len();
            // A Friday and a Monday, outside of Ramadan and in it.
            assert_eq!((stretches(of(4, 10)), stretches(of(4, 13))), (2, 2));
            assert_eq!((stretches(of(3, 6)), stretches(of(3, 9))), (1, 2));
            assert!(calendar.is_working_day(of(4, 11)) && !calendar.is_working_day(of(4, 14)));
            Ok(())
        }).await.expect("a calendar");
    }

    async fn an_administrator_sets_everything_up_without_touching_a_file(kit) {
        agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        browser.sign_in("administrator@x.id", PASSWORD).await;
        browser.get("/pengaturan/unit/baru").await;
        let unit = [("name", "Dinas PU"), ("code", "pupr"), ("agreed_days", "5"), ("active", "ya")];
        let added = browser.post("/pengaturan/unit/baru", &unit).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER);
        let again = browser.post("/pengaturan/unit/baru", &unit).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.body.contains("value=\"Dinas PU\"") && again.body.contains("Sudah dipakai"));
        let list = browser.get("/pengaturan/unit").await;
        let unit = list.body.split("/pengaturan/unit/").filter(|rest| !rest.starts_with("baru"));
        let unit = &unit.last().expect("a unit")[..13];

        let person = [
            ("name", "Eko <i>"), ("email", "eko@x.id"), ("unit", unit), ("roles", "unit_officer"),
        ];
        let made = browser.post("/pengaturan/orang/baru", &person).await;
        assert_eq!(made.status, StatusCode::OK);
        let password = shown_password(&made);
        let mut eko = Browser::new(&kit, false);
        assert_eq!(choose_own_password(&mut eko, "eko@x.id", &password).await, "/unit");
        let found = browser.get("/pengaturan/orang?q=eko").await;
        assert!(found.body.contains("eko@x.id") && !found.body.contains("agent@x.id"));
        assert!(found.body.contains("Eko &#60;i&#62;"));

        let question = [
            ("name", "Jalan rusak"), ("kind", "complaint"), ("unit", unit), ("position", "10"),
            ("active", "ya"), ("q1_label", "Seberapa besar?"), ("q1_kind", "choice"),
            ("q1_choices", "Kecil | Small\n\nBesar | Large"), ("q1_required", "ya"),
        ];
        let done = browser.post("/pengaturan/kategori/baru", &question).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        let lone = [
            ("name", "Pohon"), ("position", "20"), ("q1_label", "Apa?"), ("q1_kind", "choice"),
            ("q1_choices", "Satu"),
        ];
        let refused = browser.post("/pengaturan/kategori/baru", &lone).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("id=\"f-q1_choices-error\""), "told at its own question");

        let token = [("name", "Aplikasi"), ("scopes", "cases:read"), ("scopes", "cases:write")];
        browser.get("/pengaturan/token").await;
        let made = browser.post("/pengaturan/token", &token).await;
        assert!(made.body.contains("tgp_"));
        assert!(!browser.get("/pengaturan/token").await.body.contains("tgp_"), "shown once");

        let log = browser.get("/audit?jenis=user").await;
        assert!(log.body.contains("user.created") && !log.body.contains("eko@x.id"));
        assert!(log.body.contains("Orang ditambahkan") && log.body.contains("Eko &#60;i&#62;"));
        assert!(log.body.contains("Peran: Petugas unit (Dinas PU)"), "roles by their names");
        assert!(log.body.contains("href=\"/pengaturan/orang/"), "linked where one may look");
        let units = browser.get("/audit?jenis=unit").await;
        assert!(units.body.contains("Unit Dinas PU</a>"), "{}", units.body);
        let csv = browser.get("/audit.csv?jenis=category").await;
        assert!(csv.body.contains("category.created"));
    }
}
