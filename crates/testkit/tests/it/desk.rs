//! The desk through its routes, as browsers use it, on both engines: the story of a case role by
//! role, figures that equal their lists, and what nobody may see.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt as _;
use tanggap_calendar::Kind;
use tanggap_cases::report::Report;
use tanggap_contacts::NewContact;
use tanggap_kernel::{Access, Timestamp};
use tanggap_org::sessions;
use tanggap_store::blobs::Blobs;
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::{Ctx, Secrets, Site};
use tanggap_ui::live::{Live, Room};
use tower::ServiceExt as _;

use crate::house::House;

/// A small PNG.
pub(crate) const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0xc9, 0xfe, 0x92, 0xef, 0, 0, 0, 0, b'I',
    b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

pub(crate) struct Desk {
    pub ctx: Ctx,
    pub app: Router,
    pub house: House,
}

pub(crate) struct Browser {
    pub app: Router,
    pub cookie: String,
    pub csrf: String,
}

pub(crate) struct Got {
    pub status: StatusCode,
    pub location: String,
    pub body: String,
    /// What the browser was given to keep: `name=value`.
    pub cookies: Vec<String>,
}

impl Desk {
    pub async fn open(kit: &TestDb) -> Self {
        let site = Site { upload_bytes_max: 1 << 20, ..Site::default() };
        let ctx = Ctx {
            db: kit.db.clone(),
            blobs: Blobs::local(kit.folder.path()).expect("a folder"),
            secrets: Secrets::new([9; 32]),
            site: Arc::new(site),
            live: Live::default(),
        };
        let app = tanggap_desk::routes()
            .layer(axum::middleware::from_fn_with_state(ctx.clone(), tanggap_org::door::tell_once))
            .layer(axum::middleware::from_fn(tanggap_ui::answer::tell_failures))
            .with_state(ctx.clone());
        let house = House::build(&kit.db).await;
        Self { ctx, app, house }
    }

    /// A browser in which somebody signed in.
    pub async fn browser(&self, access: &Access) -> Browser {
        let user = access.user().expect("a person");
        let secret = format!("rahasia-{user}");
        let (hash, access) = (sessions::hash(&secret), access.clone());
        let begun = self.ctx.db.write(move |tx| sessions::begin(tx, &access, &hash, "uji")).await;
        begun.expect("a session");
        Browser { app: self.app.clone(), cookie: format!("sesi={secret}"), csrf: String::new() }
    }

    pub async fn report(&self, change: impl FnOnce(&mut Report)) -> String {
        self.house.report(change).await.case.code
    }
}

impl Browser {
    pub async fn send(&mut self, request: Request<Body>) -> Got {
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        let mut cookies = Vec::new();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().expect("text").split(';').next().unwrap_or_default();
            if set.starts_with("lihat=") {
                self.cookie.push_str(&format!("; {set}"));
            }
            cookies.push(set.to_owned());
        }
        let status = response.status();
        let location = response.headers().get(header::LOCATION);
        let location = location.map_or("", |l| l.to_str().expect("text")).to_owned();
        let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        if let Some(rest) = body.split("name=\"csrf\" value=\"").nth(1) {
            self.csrf = rest.split('"').next().unwrap_or_default().to_owned();
        } else if let Some(rest) = body.split("name=\"csrf\" content=\"").nth(1) {
            self.csrf = rest.split('"').next().unwrap_or_default().to_owned();
        }
        Got { status, location, body, cookies }
    }

    pub async fn get(&mut self, path: &str) -> Got {
        let request = Request::get(path)
            .header(header::ACCEPT, "text/html")
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Got {
        let escape =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
        let token = self.csrf.clone();
        let pairs = fields.iter().copied().chain([("csrf", token.as_str())]);
        let body: Vec<_> = pairs.map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(body.join("&")));
        self.send(request.expect("a request")).await
    }

    /// Opens a case and takes a step from the page as it is.
    pub async fn step(&mut self, code: &str, fields: &[(&str, &str)]) -> Got {
        let page = self.get(&format!("/meja/{code}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let version = version_in(&page.body);
        let fields: Vec<_> = fields.iter().copied().chain([("version", &*version)]).collect();
        self.post(&format!("/meja/{code}/langkah"), &fields).await
    }

    /// Notes something on a case, with a file.
    pub async fn attach(&mut self, code: &str, file: &[u8]) -> Got {
        let page = self.get(&format!("/meja/{code}")).await;
        let (version, csrf) = (version_in(&page.body), self.csrf.clone());
        let mut body = Vec::new();
        for (name, value) in
            [("csrf", csrf.as_str()), ("version", &*version), ("step", "note"), ("text", "Foto")]
        {
            let part = format!(
                "--garis\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(
            b"--garis\r\ncontent-disposition: form-data; name=\"files\"; filename=\"a.png\"\r\n\
            content-type: text/html\r\n\r\n",
        );
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--garis--\r\n");
        let request = Request::post(format!("/meja/{code}/langkah"))
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=garis")
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }
}

pub(crate) fn version_in(body: &str) -> String {
    let rest = body.split("name=\"version\" value=\"").nth(1).expect("a form with a version");
    rest.split('"').next().unwrap_or_default().to_owned()
}

pub(crate) fn rows_in(body: &str) -> usize {
    body.matches("<li class=\"case-row\" id=\"case-").count()
}

/// The figure beside a queue.
pub(crate) fn count_in(body: &str, word: &str) -> usize {
    let id = format!("id=\"hitung-{word}\">");
    let rest = body.split(&id).nth(1).unwrap_or_else(|| panic!("no figure for {word}"));
    rest.split('<').next().unwrap_or_default().trim().replace('.', "").parse().expect("a figure")
}

pub(crate) fn ok(got: &Got) {
    assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.body);
}

engines! {
    async fn a_case_goes_through_all_hands_to_its_answer(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|_| {}).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let list = agent.get("/meja?antrean=verifikasi").await;
        assert!(list.body.contains(&code), "{}", list.body);
        ok(&agent.step(&code, &[("step", "verify")]).await);
        let unit = desk.house.roads.to_string();
        let asked = [("days", "3"), ("instruction", "Cek")];
        let forward = [("step", "forward"), ("unit", &*unit), asked[0], asked[1]];
        ok(&agent.step(&code, &forward).await);
        let mut officer = desk.browser(&desk.house.roads_officer).await;
        let owed = officer.get("/unit").await;
        assert!(owed.body.contains(&code) && owed.body.contains("Cek"), "{}", owed.body);
        ok(&officer.step(&code, &[("step", "accept"), ("kembali", "unit")]).await);
        let reason = [("step", "return"), ("reason", "Jalan ini milik provinsi.")];
        let returned = officer.step(&code, &reason).await;
        assert_eq!(returned.location, "/unit");
        assert_eq!(officer.get(&format!("/meja/{code}")).await.status, StatusCode::NOT_FOUND);
        ok(&agent.step(&code, &forward).await);
        ok(&officer.step(&code, &[("step", "accept")]).await);
        ok(&officer.step(&code, &[("step", "progress"), ("text", "Tim sudah berangkat.")]).await);
        ok(&officer.step(&code, &[("step", "answer"), ("text", "Sudah ditambal.")]).await);
        let page = agent.get(&format!("/meja/{code}")).await;
        for text in ["Tim sudah berangkat.", "Sudah ditambal.", "Jalan ini milik provinsi."] {
            assert!(page.body.contains(text), "{text}");
        }
        let mut supervisor = desk.browser(&desk.house.supervisor).await;
        assert!(supervisor.get("/penyelia").await.body.contains("Dinas PUPR"));
        for path in ["tenggat", "cetak"] {
            let got = agent.get(&format!("/meja/{code}/{path}")).await;
            assert_eq!(got.status, StatusCode::OK, "{}", got.body);
            assert!(got.body.contains("Pelapor diberi tahu"), "{path}: of the reporter");
            assert!(!got.body.contains("Anda diberi tahu"), "{path}: not to the officer");
        }
        assert!(page.body.contains("Terpenuhi ") && page.body.contains("(tenggat "));
    }

    async fn figures_equal_their_lists(kit) {
        let desk = Desk::open(&kit).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        for n in 0..7 {
            let code = desk.report(|report| {
                if n % 2 == 0 { report.kind = Kind::InformationRequest; }
            }).await;
            if n > 2 { ok(&agent.step(&code, &[("step", "verify")]).await); }
            if n > 4 {
                let unit = desk.house.roads.to_string();
                ok(&agent.step(&code, &[("step", "forward"), ("unit", &*unit)]).await);
            }
        }
        kit.clock.set(kit.clock.now().plus(9 * Timestamp::DAY));
        let mut supervisor = desk.browser(&desk.house.supervisor).await;
        let page = supervisor.get("/meja").await;
        for word in [
            "verifikasi", "teruskan", "menunggu", "berisiko", "lewat", "eskalasi", "unit",
            "kelengkapan", "dijawab", "terbuka",
        ] {
            let list = supervisor.get(&format!("/meja?antrean={word}")).await;
            assert_eq!(rows_in(&list.body), count_in(&page.body, word), "{word}");
        }
        // Each figure of the board leads to a list of as many.
        let board = supervisor.get("/penyelia").await.body;
        let mut checked = 0;
        for link in board.split("<a href=\"/meja?").skip(1) {
            let (href, rest) = link.split_once("\">").expect("a link");
            let Ok(count) = rest.split('<').next().unwrap_or_default().parse::<usize>() else {
                continue;
            };
            let href = href.replace("&amp;", "&").replace("&#38;", "&");
            let list = supervisor.get(&format!("/meja?{href}")).await;
            assert_eq!(rows_in(&list.body), count, "{href}");
            checked += 1;
        }
        assert!(checked > 8, "{checked}");
        let csv = supervisor.get("/meja/unduh?antrean=terbuka").await.body;
        assert_eq!(csv.lines().count(), 1 + 7);
    }

    async fn the_second_of_two_is_told_and_keeps_what_they_wrote(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|_| {}).await;
        let mut one = desk.browser(&desk.house.agent).await;
        let mut two = desk.browser(&desk.house.supervisor).await;
        let seen = version_in(&two.get(&format!("/meja/{code}")).await.body);
        ok(&one.step(&code, &[("step", "verify")]).await);
        let late = [("step", "ask"), ("version", &*seen), ("text", "Di jalan apa, Pak?")];
        let told = two.post(&format!("/meja/{code}/langkah"), &late).await;
        assert_eq!(told.status, StatusCode::CONFLICT);
        assert!(told.body.contains("Di jalan apa, Pak?"), "{}", told.body);
        assert!(told.body.contains("memverifikasi laporan"), "{}", told.body);
        let empty = two.step(&code, &[("step", "ask"), ("text", " ")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let to = format!("/meja/{code}/draf?langkah=answer");
        let draft = two.post(&to, &[("body", "Konsep saya")]).await;
        assert_eq!(draft.status, StatusCode::NO_CONTENT);
        let again = two.get(&format!("/meja/{code}?langkah=answer")).await;
        assert!(again.body.contains("Konsep saya"), "{}", again.body);
        let note = two.get(&format!("/meja/{code}?langkah=note")).await;
        assert!(!note.body.contains("Konsep saya"), "a draft stays what it was meant to be");
        assert!(!one.get(&format!("/meja/{code}")).await.body.contains("Konsep saya"));
    }

    async fn a_stream_that_comes_late_hears_who_looks(kit) {
        let desk = Desk::open(&kit).await;
        let case = desk.house.report(|_| {}).await.case;
        let mut one = desk.browser(&desk.house.agent).await;
        let mut two = desk.browser(&desk.house.supervisor).await;
        for (first, sees_another) in [(true, false), (false, true), (true, true)] {
            let browser = if first { &mut one } else { &mut two };
            let page = browser.get(&format!("/meja/{}", case.code)).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            let here = browser.post(&format!("/meja/{}/hadir", case.code), &[]).await;
            assert_eq!(here.status, StatusCode::OK);
            assert_eq!(here.body.contains("<svg"), sees_another, "{}", here.body);
        }
        let stream = Request::get(format!("/arus?topics=case:{}", case.id))
            .header(header::COOKIE, &one.cookie)
            .body(Body::empty());
        let response = desk.app.clone().oneshot(stream.expect("a request")).await;
        let mut events = response.expect("an answer").into_body().into_data_stream();
        let mut heard = String::new();
        let hear = async {
            while !heard.contains("hadir-") {
                let chunk = events.next().await.expect("an open stream").expect("a chunk");
                heard.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hear).await.expect("who looks");
        assert!(heard.contains(&format!("hadir-{}", case.id)), "{heard}");
    }

    async fn a_complaint_is_hidden_from_whom_it_is_about(kit) {
        let desk = Desk::open(&kit).await;
        let roads = desk.house.roads;
        let about = desk.report(|report| report.reported_unit = Some(roads)).await;
        let person = desk.house.agent.user();
        let about_me = desk.report(|report| {
            report.reported_user = person;
            report.description = "Petugas meminta uang sogokan di loket".to_owned();
        }).await;
        let mut officer = desk.browser(&desk.house.roads_officer).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let mut supervisor = desk.browser(&desk.house.supervisor).await;
        for (browser, code) in [(&mut officer, &about), (&mut agent, &about_me)] {
            browser.get("/meja").await;
            for path in ["", "/tenggat", "/cetak", "?langkah=note"] {
                let got = browser.get(&format!("/meja/{code}{path}")).await;
                assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
                assert!(!got.body.contains("Lubang"), "{path}");
            }
            for path in ["langkah", "identitas", "draf?langkah=note", "hadir"] {
                let fields = [("step", "note"), ("text", "x"), ("body", "x")];
                let got = browser.post(&format!("/meja/{code}/{path}"), &fields).await;
                assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}: {}", got.body);
            }
        }
        for path in
            ["/meja?antrean=terbuka", "/meja?q=sogokan", "/perintah?q=sogokan", "/meja/unduh"]
        {
            assert!(!agent.get(path).await.body.contains(&about_me), "{path}");
            assert!(supervisor.get(path).await.body.contains(&about_me), "{path}");
        }
        assert_eq!(count_in(&agent.get("/meja").await.body, "terbuka"), 1);
        // Nobody of the unit hears of it, whoever else does.
        let (cases, id) = desk.house.db.read({
            let access = Access::system(desk.house.agency);
            let code = about.clone();
            move |tx| {
                let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("there");
                Ok((format!("case:{}", case.id), case.id))
            }
        }).await.expect("read");
        let viewer = |access: &Access| {
            Arc::new(tanggap_ui::live::Viewer::of(access, tanggap_calendar::Zone::Wib))
        };
        let live = &desk.ctx.live;
        let room = |topic: &str, access| Room { topic: topic.to_owned(), viewer: viewer(access) };
        let mut theirs = live.join(room("cases", &desk.house.roads_officer));
        let mut theirs_one = live.join(room(&cases, &desk.house.roads_officer));
        let mut ours = live.join(room("cases", &desk.house.supervisor));
        tanggap_desk::spawn_reactions(desk.ctx.clone());
        desk.house.act(&desk.house.supervisor, id, tanggap_cases::rules::Action::Verify)
            .await.expect("verified");
        let wait = Duration::from_secs(10);
        let heard = tokio::time::timeout(wait, ours.recv()).await.expect("in time");
        assert!(format!("{:?}", heard.expect("a note")).contains(&about));
        for theirs in [&mut theirs, &mut theirs_one] {
            while let Ok(note) = theirs.try_recv() {
                let told = format!("{note:?}");
                assert!(!told.contains(&about) && !told.contains(&id.to_string()), "{told}");
            }
        }
    }

    async fn what_is_another_units_is_not_found(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|_| {}).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        ok(&agent.step(&code, &[("step", "verify")]).await);
        let unit = desk.house.roads.to_string();
        ok(&agent.step(&code, &[("step", "forward"), ("unit", &*unit)]).await);
        let mut other = desk.browser(&desk.house.health_officer).await;
        for path in ["", "/tenggat", "/cetak"] {
            let got = other.get(&format!("/meja/{code}{path}")).await;
            assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert!(!other.get("/meja?q=lubang").await.body.contains(&code));
        assert!(!other.get("/unit").await.body.contains(&code));
        assert_eq!(other.get("/penyelia").await.status, StatusCode::FORBIDDEN);
        let mut inspector = desk.browser(&desk.house.inspector).await;
        let page = inspector.get(&format!("/meja/{code}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("/identitas"), "an inspector sees no identity");
        assert_eq!(inspector.get("/meja/baru").await.status, StatusCode::FORBIDDEN);
        let tried = inspector.post(
            &format!("/meja/{code}/langkah"), &[("step", "note"), ("text", "x")]).await;
        assert_eq!(tried.status, StatusCode::FORBIDDEN);
    }

    async fn a_report_at_the_counter_is_registered_once(kit) {
        let desk = Desk::open(&kit).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let page = agent.get("/meja/baru?kanal=phone").await;
        let key = page.body.split("name=\"key\" value=\"").nth(1).expect("a key");
        let key = key.split('"').next().unwrap_or_default().to_owned();
        let fields = [
            ("key", &*key), ("channel", "phone"), ("kind", "complaint"), ("category", "umum"),
            ("name", "Ni Luh Ayu"), ("phone", "0812 3456 7890"),
            ("description", "Lampu jalan di depan sekolah mati. Sudah dua minggu."),
        ];
        let first = agent.post("/meja/baru", &fields).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.body);
        assert!(first.body.contains("Lampu jalan di depan sekolah mati"));
        let code = first.body.split("href=\"/meja/TGP-").nth(1).expect("a code");
        let code = format!("TGP-{}", code.split('"').next().unwrap_or_default());
        let second = agent.post("/meja/baru", &fields).await;
        assert!(second.body.contains(&code), "the same form gives the same case");
        assert_eq!(rows_in(&agent.get("/meja?antrean=terbuka").await.body), 1);
        let other = [("key", "lain")].into_iter().chain(fields.into_iter().skip(1));
        let other: Vec<_> = other.collect();
        let hinted = agent.post("/meja/baru", &other).await;
        assert_eq!(hinted.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(hinted.body.contains(&code), "{}", hinted.body);
        assert!(hinted.body.contains("punya 1 laporan terbuka"), "{}", hinted.body);
        assert!(!hinted.body.contains("autofocus"), "the focus goes to what is told");
        let seen = format!("name=\"seen\" value=\"{code}\"");
        assert!(hinted.body.contains(&seen), "{}", hinted.body);
        // Whoever saw it and sends the form once more registers.
        let known: Vec<_> = other.iter().copied().chain([("seen", &*code)]).collect();
        let known = agent.post("/meja/baru", &known).await;
        assert_eq!(known.status, StatusCode::OK, "{}", known.body);
        assert!(!known.body.contains(&format!("/meja/{code}\"")), "another report");
        assert_eq!(rows_in(&agent.get("/meja?antrean=terbuka").await.body), 2);
        // What differs is another report, even from a form that a browser kept; and a form
        // without a key is like no other.
        for (rows, key) in [(3, key.as_str()), (4, ""), (5, "")] {
            let kept = [
                ("key", key), ("channel", "phone"), ("kind", "complaint"), ("category", "umum"),
                ("name", "Gede Putra"), ("description", "Saluran air tersumbat."),
            ];
            let kept = agent.post("/meja/baru", &kept).await;
            assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
            assert!(kept.body.contains("Gede Putra") && !kept.body.contains("Ni Luh"));
            assert_eq!(rows_in(&agent.get("/meja?antrean=terbuka").await.body), rows);
        }
        assert!(agent.get("/meja?q=081234567890").await.body.contains(&code));
        let masked = agent.get(&format!("/meja/{code}")).await.body;
        assert!(!masked.contains("Ni Luh Ayu") && !masked.contains("7890-"), "{masked}");
        let shown = agent.post(&format!("/meja/{code}/identitas"), &[]).await;
        assert_eq!(shown.location, format!("/meja/{code}"));
        // Whatever fetches the page again shows them, and the look is logged once.
        for _ in 0..2 {
            let shown = agent.get(&format!("/meja/{code}")).await.body;
            assert!(shown.contains("Ni Luh Ayu"), "{shown}");
            assert_eq!(shown.matches("melihat identitas pelapor").count(), 1);
        }
        let again = agent.get(&format!("/meja/{code}/identitas")).await;
        assert_eq!((again.status, &*again.location), (StatusCode::SEE_OTHER, &*format!("/meja/{code}")));
        // Somebody else at this browser sees nobody; nor does anybody some minutes later.
        let mut other = desk.browser(&desk.house.supervisor).await;
        let (_, look) = agent.cookie.split_once("; ").expect("the look");
        other.cookie = format!("{}; {look}", other.cookie);
        assert!(!other.get(&format!("/meja/{code}")).await.body.contains("Ni Luh Ayu"));
        kit.clock.set(kit.clock.now().plus(301 * 1_000_000));
        assert!(!agent.get(&format!("/meja/{code}")).await.body.contains("Ni Luh Ayu"));
        let empty = agent.post("/meja/baru", &[("key", "x"), ("phone", "abc")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn files_are_seen_by_those_who_see_the_case(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|report| {
            report.reporter = Some(NewContact { name: "Budi".into(), ..NewContact::default() });
        }).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        ok(&agent.attach(&code, PNG).await);
        let page = agent.get(&format!("/meja/{code}")).await.body;
        let id = page.split("href=\"/berkas/").nth(1).expect("a file");
        let path = format!("/berkas/{}", id.split('"').next().unwrap_or_default());
        assert_eq!(agent.get(&path).await.status, StatusCode::OK);
        let mut other = desk.browser(&desk.house.roads_officer).await;
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.get(&format!("{path}/kecil")).await.status, StatusCode::NOT_FOUND);
    }
}
