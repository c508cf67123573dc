//! Somebody outside is asked about a case: nothing of the citizen leaves that was not chosen, and
//! nothing that comes back ever counts as the citizen's. Through the desk's routes and real SMTP.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use tanggap_app::letter::{Door, Taken, take_in};
use tanggap_app::work::outbound::Dispatcher;
use tanggap_app::{Front, work};
use tanggap_cases::inquiries::{Inquiry, Standing, store};
use tanggap_cases::model::{Case, CaseDeadline};
use tanggap_channels::email::parse::{ParsedMail, parse};
use tanggap_channels::email::wire::RelayConfig;
use tanggap_conversations::{self as talk, Direction, Message};
use tanggap_kernel::{Access, Timestamp, params};
use tanggap_org::Role;
use tanggap_testkit::{TestDb, engines};

use crate::kit::{Answer, TestApp, request};
use crate::mails::Relay;

struct Scene {
    app: TestApp,
    relay: Relay,
    cookie: String,
    code: String,
    clock: tanggap_kernel::Clock,
}

impl Scene {
    /// A case of Budi's, and an agent who has signed in.
    async fn open(kit: TestDb) -> Self {
        let clock = kit.clock.clone();
        let app = TestApp::new(kit, Front::default()).await;
        let relay = Relay::start();
        let cookie = app.sign_in_as(Role::Agent).await;
        let mut scene = Self { app, relay, cookie, code: String::new(), clock };
        let opened = scene
            .hear(
                "From: Budi Santoso <budi@contoh.id>\nSubject: Jalan berlubang\n\
                 Message-ID: <a@contoh.id>\n\nSaya Budi Santoso, 0812-3456-7890. Lubang di \
                 Jalan Melati belum ditutup kontraktor.\n",
            )
            .await;
        scene.code = opened.case.expect("a case");
        scene.sent().await;
        scene
    }

    async fn hear(&self, mail: &str) -> Taken {
        self.clock.set(self.clock.now().plus(Timestamp::MINUTE));
        let raw = mail.replace('\n', "\r\n").into_bytes();
        let door = Door { authserv: Some("mx.uji.go.id"), ..Door::default() };
        take_in(&self.app.ctx, self.app.agency, raw, door).await.expect("taken in")
    }

    /// Sends what waits, and gives what the relay took.
    async fn sent(&self) -> Vec<(String, ParsedMail)> {
        let config = RelayConfig { reply_tags: true, ..self.relay.config.clone() };
        let gateways = work::gateways(Some(&config), &self.app.ctx.secrets).expect("a relay");
        self.clock.set(self.clock.now().plus(Timestamp::MINUTE));
        Dispatcher::new(self.app.ctx.clone(), gateways).run_due().await.expect("ran");
        let taken = std::mem::take(&mut *self.relay.taken.lock().expect("no panic"));
        taken.into_iter().map(|raw| (raw.clone(), parse(raw.as_bytes()))).collect()
    }

    async fn page(&self, path: &str) -> Answer {
        self.app.get_as(&self.cookie, path).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.page(path).await;
        let csrf = between(&page.body, "name=\"csrf\" value=\"", "\"");
        let escape =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
        let pairs = fields.iter().copied().chain([("csrf", csrf.as_str())]);
        let body: Vec<_> = pairs.map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
        let request = request(Method::POST, path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")));
        self.app.send(request.expect("a request")).await
    }

    /// Writes to somebody, looks at the letter, sends it; gives where one is led.
    async fn ask(&self, path: &str, fields: &[(&str, &str)]) -> (String, String) {
        let looked = [fields, &[("step", "lihat")]].concat();
        let seen = self.post(path, &looked).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
        let seal = between(&seen.body, "name=\"seal\" value=\"", "\"");
        let sent = self.post(path, &[fields, &[("step", "kirim"), ("seal", &seal)]].concat()).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        (sent.header("location").to_owned(), seen.body)
    }

    fn form(&self) -> String {
        format!("/meja/{}/pihak-lain", self.code)
    }

    async fn state(&self) -> (Case, Vec<CaseDeadline>, Vec<Message>, Vec<Inquiry>) {
        let (access, code) = (Access::system(self.app.agency), self.code.clone());
        let read = self.app.ctx.db.read(move |tx| {
            let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("a case");
            let deadlines = tanggap_cases::store::deadlines(tx, &access, case.id)?;
            let messages = talk::messages_of_case(tx, &access, case.id.0)?;
            let inquiries = store::of_case(tx, &access, case.id)?;
            Ok((case, deadlines, messages, inquiries))
        });
        read.await.expect("read")
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let agency = self.app.agency;
        let read = self
            .app
            .ctx
            .db
            .read(move |tx| Ok(tx.ad_hoc(sql, params![agency], |row| row.int::<i64>())?));
        read.await.expect("counted")[0]
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split(after).next().unwrap_or_default().to_owned()
}

fn field(raw: &str, name: &str) -> Option<String> {
    let head = raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
    let start = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&start)).map(|value| value.trim().to_owned())
}

const PT: [(&str, &str); 5] = [
    ("name", "PT Aspal Jaya"),
    ("address", "Proyek@Aspal.example"),
    ("subject", "Perbaikan Jalan Melati"),
    ("text", "Kapan lubang ditutup?"),
    ("once", "satu"),
];
const BANK: [(&str, &str); 5] = [
    ("name", "Bank Uji"),
    ("address", "cs@bank.example"),
    ("subject", "Jaminan proyek"),
    ("text", "Apakah jaminan masih berlaku?"),
    ("once", "dua"),
];

engines! {
    async fn nothing_leaves_that_was_not_chosen(kit) {
        let scene = Scene::open(kit).await;
        let story = scene.state().await.2[0].id.to_string();
        let bare = scene.ask(&scene.form(), &BANK).await;
        let along = [&PT[..], &[("messages", story.as_str())]].concat();
        let (_, seen) = scene.ask(&scene.form(), &along).await;
        let letters = scene.sent().await;
        assert_eq!(letters.len(), 2);
        for (raw, mail) in &letters {
            for part in ["Budi", "Santoso", "budi@contoh.id", "3456", "TGP-", "/lacak/", "/buka/"] {
                assert!(!raw.contains(part) && !mail.text.contains(part), "{part}: {raw}");
            }
            for name in ["In-Reply-To", "References", "List-Unsubscribe", "Cc", "Bcc"] {
                assert_eq!(field(raw, name), None, "{name}");
            }
            assert!(field(raw, "Reply-To").expect("an address").contains("+p-"), "{raw}");
        }
        let of = |to: &str| {
            let found = letters.iter().find(|(_, mail)| mail.to[0].email == to);
            found.expect("a letter").1.text.clone()
        };
        let (pt, bank) = (of("proyek@aspal.example"), of("cs@bank.example"));
        assert!(pt.contains("Lubang di Jalan Melati") && pt.contains("••••••"), "{pt}");
        assert!(!bank.contains("Melati") && bank.contains("jaminan masih berlaku"), "{bank}");
        // What was looked at is what went out.
        let shown = between(&seen, "<div class=\"entry-body\">", "</div>");
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(flat(&shown), flat(&pt));
        assert!(bare.0.starts_with(&scene.form()));
        // The citizen hears and sees nothing of it.
        let told = "select count(*) from outbound where agency_id = $1 and case_id is not null";
        assert_eq!(scene.count(told).await, 1, "the receipt alone");
    }

    async fn the_reporter_is_named_only_where_that_is_chosen_and_allowed(kit) {
        let scene = Scene::open(kit).await;
        let path = scene.form();
        let look = [("step", "lihat")];
        for wrong in [
            [("text", "Pelapor kami Budi Santoso menunggu."), ("subject", "Jalan")],
            [("text", "Hubungi +62 812 3456 7890."), ("subject", "Jalan")],
            [("text", "Kapan?"), ("subject", "Laporan budi@contoh.id")],
        ] {
            let fields = [&wrong[..], &PT[..2], &look].concat();
            let refused = scene.post(&path, &fields).await;
            // His number is not known to the case, only said in it.
            let known = !wrong[0].1.contains("812");
            let expected = if known { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            assert_eq!(refused.status, expected, "{wrong:?}");
            assert_eq!(refused.body.contains("menyebut nama, kontak"), known, "{wrong:?}");
        }
        for (address, why) in [
            ("BUDI@contoh.id", "Ini alamat pelapor"),
            ("agent@uji.go.id", "rekan yang punya akun"),
            ("bukan alamat", "surel"),
        ] {
            let fields = [&[("address", address), PT[0]][..], &PT[2..], &look].concat();
            let refused = scene.post(&path, &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
            assert!(refused.body.contains(why), "{address}: {}", refused.body);
        }
        // Chosen, it goes along, is shown before, and is in the log.
        let named = [&PT[..], &[("identity", "ya")]].concat();
        let (_, seen) = scene.ask(&path, &named).await;
        assert!(seen.contains("memuat nama dan kontak pelapor"), "{seen}");
        let letters = scene.sent().await;
        assert!(letters[0].1.text.contains("Nama: Budi Santoso"), "{}", letters[0].1.text);
        let given = "select count(*) from events where agency_id = $1
            and kind = 'case.identity_given'";
        assert_eq!(scene.count(given).await, 1);
        let page = scene.page(&format!("/meja/{}", scene.code)).await.body;
        assert!(page.contains("menyertakan identitas pelapor"), "{page}");
        // Of one who stays anonymous, never: neither offered nor taken.
        for column in ["anonymous", "confidential"] {
            let sql = match column {
                "anonymous" => "update cases set anonymous = true",
                _ => "update cases set anonymous = false, confidential = true",
            };
            scene.app.ctx.db.write(move |tx| Ok(tx.script(sql)?)).await.expect("hidden");
            let form = scene.page(&path).await.body;
            assert!(!form.contains("name=\"identity\""), "{column}");
            let forced = [&BANK[..], &[("identity", "ya"), ("step", "kirim")]].concat();
            let refused = scene.post(&path, &forced).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{column}");
            assert!(refused.body.contains("tidak boleh disertakan"), "{}", refused.body);
        }
        assert!(scene.sent().await.is_empty());
    }

    async fn a_letter_goes_out_as_it_was_looked_at_and_once(kit) {
        let scene = Scene::open(kit).await;
        let path = scene.form();
        let seen = scene.post(&path, &[&PT[..], &[("step", "lihat")]].concat()).await;
        let seal = between(&seen.body, "name=\"seal\" value=\"", "\"");
        let mut other = PT;
        other[3] = ("text", "Teks lain yang tidak diperiksa.");
        let other = [&other[..], &[("step", "kirim"), ("seal", &seal)]].concat();
        let again = scene.post(&path, &other).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "looked at again first");
        assert!(again.body.contains("Teks lain yang tidak diperiksa."));
        let forged = [&PT[..], &[("step", "kirim"), ("seal", "")]].concat();
        assert_eq!(scene.post(&path, &forged).await.status, StatusCode::CONFLICT);
        let right = [&PT[..], &[("step", "kirim"), ("seal", &seal)]].concat();
        let first = scene.post(&path, &right).await;
        let second = scene.post(&path, &right).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER);
        assert_eq!(second.header("location"), first.header("location"), "pressed twice");
        assert_eq!((scene.sent().await.len(), scene.state().await.3.len()), (1, 1));
    }

    async fn what_comes_back_is_a_note_for_staff_and_never_the_citizens_word(kit) {
        let scene = Scene::open(kit).await;
        let (thread, _) = scene.ask(&scene.form(), &PT).await;
        scene.ask(&scene.form(), &BANK).await;
        let letters = scene.sent().await;
        let of = |to: &str| {
            let (raw, _) = letters.iter().find(|(_, mail)| mail.to[0].email == to).expect("sent");
            (field(raw, "Reply-To").expect("one"), field(raw, "Message-ID").expect("one"))
        };
        let (pt, pt_id) = of("proyek@aspal.example");
        let (bank, _) = of("cs@bank.example");
        assert_ne!(pt, bank);
        let before = scene.state().await;
        let contacts = "select count(*) from contacts where agency_id = $1";
        let people = scene.count(contacts).await;
        let outgoing = "select count(*) from outbound where agency_id = $1";
        let queued = scene.count(outgoing).await;
        let code = scene.code.clone();
        // Whatever they write, from wherever, to whichever of their addresses.
        let plain = [
            format!("From: PT <proyek@aspal.example>\nTo: {pt}\nSubject: Re: Jalan\n\
                MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
                --b\nContent-Type: text/plain\n\nMinggu depan. Selesai, terima kasih.\n--b\n\
                Content-Type: text/plain\nContent-Disposition: attachment; filename=jadwal.txt\n\n\
                Senin\n--b--\n"),
            format!("From: budi@contoh.id\nTo: {}\nSubject: Saya cabut laporan [{code}]\n\n\
                Cabut.\n", pt.to_uppercase()),
            format!("From: orang@lain.example\nTo: lapor@uji.go.id\nCc: {bank}\n\
                Subject: [{code}]\n\nHalo.\n"),
            format!("From: proyek@aspal.example\nTo: lapor@uji.go.id\nIn-Reply-To: {pt_id}\n\
                Subject: {code}\n\nTanpa alamat khusus.\n"),
            format!("From: lain@lagi.example\nTo: lapor@uji.go.id\nReferences: {pt_id} \
                <a@contoh.id>\nSubject: Fwd\n\nDiteruskan.\n"),
            format!("From: proyek@aspal.example\nTo: {pt}\nAuto-Submitted: auto-replied\n\
                Subject: Cuti\n\nSaya cuti.\n"),
        ];
        for (n, mail) in plain.iter().enumerate() {
            let taken = scene.hear(&format!("Message-ID: <x{n}@luar.example>\n{mail}")).await;
            assert_eq!((taken.created, taken.case.as_ref()), (false, Some(&code)), "{mail}");
        }
        let after = scene.state().await;
        assert_eq!(after.0, before.0, "the case stands as it did");
        assert_eq!(after.1, before.1, "so do its clocks");
        let heard: Vec<&Message> = after.2.iter().skip(before.2.len()).collect();
        assert_eq!(heard.len(), plain.len());
        assert!(heard.iter().all(|message| message.direction == Direction::Internal));
        assert_eq!(scene.count(contacts).await, people, "nobody became a contact");
        assert_eq!(scene.count(outgoing).await, queued, "nobody is told by mail");
        // Each in its own exchange, with what to beware of.
        let exchange = |name: &str| {
            after.3.iter().find(|one| one.name == name).expect("asked").interaction
        };
        let (aspal, other) = (exchange("PT Aspal Jaya"), exchange("Bank Uji"));
        let expected = [
            (aspal, "", false),
            (aspal, "budi@contoh.id", false),
            (other, "orang@lain.example", false),
            (aspal, "", false),
            (aspal, "lain@lagi.example", false),
            (aspal, "", true),
        ];
        for (message, (place, sender, automatic)) in heard.iter().zip(expected) {
            let beside = message.beside.clone().unwrap_or_default();
            let is = (message.interaction_id, beside.other_sender.as_str(), beside.automatic);
            assert_eq!(is, (place, sender, automatic), "{}", message.body);
        }
        let page = scene.page(&thread).await.body;
        for told in ["jadwal.txt", "Dikirim dari budi@contoh.id", "Sudah dijawab", "Tidak terlihat"] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(!page.contains("Halo."), "the bank's is not shown with the contractor's");
        let list = scene.page("/pihak-lain").await.body;
        assert!(list.contains("PT Aspal Jaya") && list.contains("Bank Uji"), "{list}");
        let read = scene.post(&thread, &[("step", "baca")]).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER);
        assert!(!scene.page("/pihak-lain").await.body.contains("PT Aspal Jaya"));
        // Written to again, it is the same correspondence, and threads in their mail program.
        let more = [("subject", "Re: Jalan"), ("text", "Tanggal berapa?"), ("once", "tiga")];
        scene.ask(&thread, &more).await;
        let next = scene.sent().await;
        assert_eq!(field(&next[0].0, "Reply-To").as_deref(), Some(pt.as_str()));
        assert_eq!(field(&next[0].0, "In-Reply-To").as_deref(), Some("<x4@luar.example>"));
        assert_eq!(scene.state().await.3[0].standing, Standing::Waiting);
    }

    async fn what_does_not_arrive_is_shown(kit) {
        let scene = Scene::open(kit).await;
        let (thread, _) = scene.ask(&scene.form(), &PT).await;
        let id = field(&scene.sent().await[0].0, "Message-ID").expect("one");
        let before = scene.state().await;
        scene.hear(&format!("From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n\
            Message-ID: <b@mx.example>\nMIME-Version: 1.0\n\
            Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
            --b\nContent-Type: text/plain\n\nTidak terkirim.\n\
            --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
            Final-Recipient: rfc822; proyek@aspal.example\nAction: failed\nStatus: 5.1.1\n\
            Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
            --b\nContent-Type: message/rfc822\n\nMessage-ID: {id}\nSubject: x\n\nx\n--b--\n")).await;
        let after = scene.state().await;
        assert_eq!(after.0, before.0);
        assert_eq!((after.3[0].standing, after.3[0].news), (Standing::Bounced, true));
        let page = scene.page(&thread).await.body;
        assert!(page.contains("Surat kembali") && page.contains("no such user"), "{page}");
        assert!(scene.page("/pihak-lain").await.body.contains("Surat kembali"));
    }
}
