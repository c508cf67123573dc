//! A letter, a visit or a call that staff register on a case, through the desk's routes.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use tanggap_app::Front;
use tanggap_app::letter::{Door, take_in};
use tanggap_cases::model::Case;
use tanggap_conversations::{self as talk, Attachment, Direction, Message};
use tanggap_kernel::{Access, Timestamp, params};
use tanggap_org::Role;
use tanggap_testkit::{TestDb, engines};

use crate::kit::{Answer, TestApp, request};

struct Scene {
    app: TestApp,
    cookie: String,
    code: String,
    clock: tanggap_kernel::Clock,
}

impl Scene {
    async fn open(kit: TestDb) -> Self {
        let clock = kit.clock.clone();
        let app = TestApp::new(kit, Front::default()).await;
        let cookie = app.sign_in_as(Role::Agent).await;
        let mail = "From: Budi <budi@contoh.id>\r\nSubject: Lampu\r\nMessage-ID: <a@contoh.id>\
                    \r\n\r\nLampu mati.\r\n";
        let taken = take_in(&app.ctx, app.agency, mail.into(), Door::default()).await;
        let code = taken.expect("taken in").case.expect("a case");
        Self { app, cookie, code, clock }
    }

    fn path(&self) -> String {
        format!("/meja/{}/kontak", self.code)
    }

    /// The form with a scan, as a browser sends it.
    async fn send(&self, fields: &[(&str, &str)]) -> Answer {
        self.send_to(&self.path(), fields).await
    }

    async fn send_to(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.clock.set(self.clock.now().plus(Timestamp::MINUTE));
        let page = self.app.get_as(&self.cookie, path).await.body;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).expect("a token");
        let csrf = csrf.split('"').next().expect("a token");
        let mut body = String::new();
        for (name, value) in [("csrf", csrf)].iter().chain(fields) {
            body.push_str(&format!(
                "--garis\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(
            "--garis\r\ncontent-disposition: form-data; name=\"files\"; filename=\"pindaian.pdf\"\
             \r\n\r\n%PDF-1.4 isi\r\n--garis--\r\n",
        );
        let request = request(Method::POST, path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=garis")
            .body(Body::from(body));
        self.app.send(request.expect("a request")).await
    }

    async fn state(&self) -> (Case, Vec<Message>, Vec<Attachment>) {
        let (access, code) = (Access::system(self.app.agency), self.code.clone());
        let read = self.app.ctx.db.read(move |tx| {
            let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("a case");
            let said = talk::messages_of_case(tx, &access, case.id.0)?;
            let files = talk::attachments_of_case(tx, &access, case.id.0)?;
            Ok((case, said, files))
        });
        read.await.expect("read")
    }

    /// The local date `days` ago.
    fn date(&self, days: i64) -> String {
        let at = self.app.ctx.now().plus(-days * Timestamp::DAY);
        tanggap_calendar::Zone::Wib.local_date(at.as_micros()).to_string()
    }
}

engines! {
    async fn a_paper_letter_is_the_reporters_word_with_its_real_date_and_scan(kit) {
        let scene = Scene::open(kit).await;
        let (before, ..) = scene.state().await;
        let (came, written) = (scene.date(2), scene.date(5));
        let letter = [
            ("channel", "letter"),
            ("whose", "pelapor"),
            ("text", "Mohon lampu segera diperbaiki."),
            ("date", came.as_str()),
            ("sender", "Budi Santoso"),
            ("letter_date", written.as_str()),
            ("number", "12/RT05/2026"),
            ("agenda", "A-77"),
            ("once", "satu"),
        ];
        for _ in 0..2 {
            let done = scene.send(&letter).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        }
        let (case, said, files) = scene.state().await;
        assert_eq!(said.len(), 2, "sent twice, registered once");
        assert_eq!((case.awaiting, case.status), (true, before.status));
        let message = &said[1];
        let of = (message.direction, message.channel.as_str());
        assert_eq!(of, (Direction::In, "letter"));
        let zone = tanggap_calendar::Zone::Wib;
        assert_eq!(zone.local_date(message.at.as_micros()).to_string(), came);
        assert_eq!(files.iter().filter(|file| file.message_id == message.id).count(), 1);
        let agency = scene.app.agency;
        let events = scene.app.ctx.db.read(move |tx| {
            let sql = "select count(*) from events where agency_id = $1
                and kind = 'case.contact_registered'";
            Ok(tx.ad_hoc(sql, params![agency], |row| row.int::<i64>())?)
        });
        assert_eq!(events.await.expect("counted"), [1]);
        let page = scene.app.get_as(&scene.cookie, &format!("/meja/{}", scene.code)).await.body;
        for told in [
            "mencatat surat dari Budi Santoso",
            "Nomor 12/RT05/2026",
            "Agenda A-77",
            "Mohon lampu segera diperbaiki.",
            "pindaian.pdf",
            "mencatat surat, kunjungan, atau telepon",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
    }

    async fn what_somebody_else_said_at_the_counter_is_a_note(kit) {
        let scene = Scene::open(kit).await;
        let (before, ..) = scene.state().await;
        let visit = [
            ("channel", "counter"),
            ("whose", "lain"),
            ("text", "Ketua RT membenarkan lampu mati."),
            ("date", &scene.date(0)),
            ("sender", "Ketua RT 05"),
            ("once", "dua"),
        ];
        let done = scene.send(&visit).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let (case, said, _) = scene.state().await;
        assert_eq!(case, before, "it answers nothing and asks for nothing");
        assert_eq!((said[1].direction, said[1].channel.as_str()), (Direction::Internal, "counter"));
        let page = scene.app.get_as(&scene.cookie, &format!("/meja/{}", scene.code)).await.body;
        assert_eq!(page.matches("mencatat kunjungan Ketua RT 05").count(), 1, "{page}");
    }

    async fn what_belongs_to_no_case_joins_the_persons_history(kit) {
        let scene = Scene::open(kit).await;
        let (before, ..) = scene.state().await;
        let person = format!("/meja/warga/{}", before.contact_id.expect("Budi"));
        let path = format!("{person}/kontak");
        let today = scene.date(0);
        let visit = [
            ("channel", "counter"), ("text", "Bertanya syarat KTP."), ("date", today.as_str()),
            ("once", "empat"),
        ];
        for _ in 0..2 {
            let done = scene.send_to(&path, &visit).await;
            assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, &*person));
        }
        assert_eq!(scene.state().await.0, before, "his case stands as it did");
        let page = scene.app.get_as(&scene.cookie, &person).await.body;
        assert_eq!(page.matches("Bertanya syarat KTP.").count(), 1, "{page}");
        let talk = page.split("href=\"/percakapan/").nth(1).expect("a talk");
        let talk = format!("/percakapan/{}", talk.split('"').next().expect("its id"));
        let shown = scene.app.get_as(&scene.cookie, &talk).await.body;
        assert!(shown.contains("mencatat kunjungan") && shown.contains("pindaian.pdf"), "{shown}");
        let report = scene.app.get_as(&scene.cookie, &format!("{talk}/laporan")).await;
        assert_eq!(report.status, StatusCode::OK, "a case can still be made of it");
        let nobody = path.replace(person.rsplit('/').next().expect("an id"), "2222222222222");
        assert_eq!(scene.app.get_as(&scene.cookie, &nobody).await.status, StatusCode::NOT_FOUND);
    }

    async fn what_cannot_be_is_refused_and_shown_again(kit) {
        let scene = Scene::open(kit).await;
        let (today, tomorrow) = (scene.date(0), scene.date(-1));
        for (channel, text, date, told) in [
            ("letter", "", today.as_str(), "text"),
            ("letter", "Isi", tomorrow.as_str(), "belum tiba"),
            ("letter", "Isi", "kemarin", "tanggal"),
            ("telegram", "Isi", today.as_str(), "channel"),
        ] {
            let fields = [
                ("channel", channel), ("whose", "pelapor"), ("text", text), ("date", date),
                ("once", "tiga"),
            ];
            let refused = scene.send(&fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
            assert!(refused.body.contains(told), "{told}: {}", refused.body);
        }
        assert_eq!(scene.state().await.1.len(), 1);
        let inspector = scene.app.sign_in_as(Role::Inspector).await;
        let page = scene.app.get_as(&inspector, &scene.path()).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        let page = scene.app.get_as(&inspector, &format!("/meja/{}/pihak-lain", scene.code)).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
}
