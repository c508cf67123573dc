//! What a letter says beside its words: quote and signature folded, never lost; what is known of
//! its sender, before the eyes of who reads it.

use tanggap_app::Front;
use tanggap_app::letter::{Door, Taken, take_in};
use tanggap_conversations::{self as talk, Beside};
use tanggap_kernel::{Access, params};
use tanggap_org::Role;
use tanggap_store::sql;
use tanggap_testkit::engines;

use crate::kit::TestApp;

sql! {
    CASES = @scan("a test's few rows") "select count(*) from cases";
    LOOKS = @scan("a test's few rows") "select count(*) from events
        where kind = 'case.identity_seen'";
}

/// How often somebody looked at who reported.
async fn looks(app: &TestApp) -> i64 {
    let count = app.ctx.db.read(|tx| Ok(tx.one(&LOOKS, params![], |row| row.int::<i64>())?));
    count.await.expect("a count")
}

async fn take(app: &TestApp, mail: &str) -> Taken {
    let raw = mail.replace('\n', "\r\n").into_bytes();
    let door = Door { authserv: Some("mx.uji.go.id"), ..Door::default() };
    take_in(&app.ctx, app.agency, raw, door).await.expect("taken in")
}

async fn said(app: &TestApp, code: &str) -> Vec<(String, Option<Beside>)> {
    let (access, code) = (Access::system(app.agency), code.to_owned());
    let read = app.ctx.db.read(move |tx| {
        let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("a case");
        let all = talk::messages_of_case(tx, &access, case.id.0)?;
        Ok(all.into_iter().map(|message| (message.body, message.beside)).collect())
    });
    read.await.expect("read")
}

engines! {
    async fn what_a_reply_quotes_is_folded_and_shown_when_asked(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let opened = take(&app, "Authentication-Results: mx.uji.go.id; spf=pass; dmarc=pass\n\
            From: Budi <budi@contoh.id>\nSubject: Lampu\nMessage-ID: <a@contoh.id>\n\n\
            Lampu mati.\n\n-- \nBudi Santoso\nRT 5\n").await;
        let code = opened.case.expect("a case");
        take(&app, "Authentication-Results: mx.uji.go.id; spf=fail; dkim=fail; dmarc=fail\n\
            Authentication-Results: lain.contoh; dmarc=pass\n\
            From: Budi <budi@contoh.id>\nSubject: Re: Lampu\nMessage-ID: <b@contoh.id>\n\
            In-Reply-To: <a@contoh.id>\n\n\
            Masih mati.\n\n-- \nBudi Santoso\n\nPada Jum, 13 Mar 2026 Petugas menulis:\n\
            > Sudah diperbaiki <script>alert(1)</script>\n").await;
        let all = said(&app, &code).await;
        assert_eq!(all.len(), 2, "{all:?}");
        let (body, beside) = &all[0];
        assert!(body.contains("Lampu mati.") && body.contains("RT 5"), "what opens a case is whole");
        let passed = vec![("spf".to_owned(), true), ("dmarc".to_owned(), true)];
        assert_eq!(beside.clone().expect("checks").checks, passed);
        let (body, beside) = &all[1];
        let beside = beside.clone().expect("folded");
        assert!(body.contains("Masih mati.") && !body.contains("Sudah diperbaiki"), "{body}");
        assert!(beside.folded.contains("Budi Santoso"), "{beside:?}");
        assert!(beside.folded.contains("Sudah diperbaiki"), "{beside:?}");
        // A system that is not ours may say what it likes.
        assert!(beside.checks.iter().all(|(_, holds)| !holds), "{beside:?}");
        assert_eq!(beside.checks.len(), 3);

        let cookie = app.sign_in_as(Role::Agent).await;
        let path = format!("/meja/{code}");
        let page = app.get_as(&cookie, &path).await.body;
        assert!(page.contains("DMARC terbukti") && page.contains("DMARC tidak terbukti"));
        // The signature names the reporter: it is shown with them, and the look is logged.
        assert!(page.contains("tampil setelah identitas pelapor dibuka"), "{page}");
        assert!(!page.contains("Sudah diperbaiki"), "{page}");
        assert!(!app.get_as(&cookie, &format!("{path}/cetak")).await.body.contains("Sudah diperbaiki"));
        assert_eq!(looks(&app).await, 0);
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).expect("a form");
        let csrf = csrf.split('"').next().expect("its end").to_owned();
        let looked = app.post_as(&cookie, &format!("{path}/identitas"), &[("csrf", &csrf)]).await;
        let look = looked.header("set-cookie").split(';').next().expect("a cookie");
        let seen = app.get_as(&format!("{cookie}; {look}"), &path).await.body;
        assert!(seen.contains("Kutipan dan tanda tangan surat"), "{seen}");
        assert!(seen.contains("Sudah diperbaiki &#60;script&#62;"), "shown as text: {seen}");
        assert_eq!(looks(&app).await, 1);
    }

    async fn a_letter_shows_its_own_pictures_and_no_others(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9\
            awAAAABJRU5ErkJggg==";
        let taken = take(&app, &format!("From: Budi <budi@contoh.id>\nSubject: Lampu\n\
            Message-ID: <g@contoh.id>\nMIME-Version: 1.0\n\
            Content-Type: multipart/related; boundary=XX\n\n\
            --XX\nContent-Type: text/html\n\n\
            <p>Lampu</p><img src=\"cid:foto@contoh\"><img src=\"cid:foto@contoh\">\
            <img src=\"cid:jahat\"><img src=\"cid:lain\"><img src=\"data:image/png;base64,x\">\n\
            --XX\nContent-Type: image/png\nContent-ID: <foto@contoh>\n\
            Content-Transfer-Encoding: base64\n\n{pixel}\n\
            --XX\nContent-Type: image/png\nContent-ID: <jahat>\n\n\
            <svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>\n--XX--\n")).await;
        let code = taken.case.expect("a case");
        let cookie = app.sign_in_as(Role::Agent).await;
        let page = app.get_as(&cookie, &format!("/meja/{code}")).await.body;
        let at = page.find("/surat/").expect("a link");
        let path = page[at..].split('"').next().expect("its end").to_owned();
        let content = app.get_as(&cookie, &format!("{path}/isi")).await;
        assert_eq!(content.body.matches("<img src=\"data:image/png;base64,iVBOR").count(), 1);
        assert_eq!(content.body.matches("<img").count(), 1, "{}", content.body);
        assert!(!content.body.contains("alert"), "{}", content.body);
        assert!(content.header("content-security-policy").contains("img-src data:;"));
        assert_eq!(looks(&app).await, 1, "each look at a letter is one at its writer");
    }

    async fn two_letters_of_one_id_are_two_and_one_that_comes_twice_is_one(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let letter = |way: &str, words: &str| {
            format!("{way}From: Budi <budi@contoh.id>\nSubject: Lampu\n\
                Message-ID: <sama@contoh.id>\n\n{words}\n")
        };
        let first = take(&app, &letter("", "Lampu mati.")).await;
        assert!(first.created);
        // Whoever knew the id beforehand does not make the other letter vanish.
        let other = take(&app, &letter("", "Jalan berlubang.")).await;
        assert!(other.created && other.case != first.case);
        let third = take(&app, &letter("", "Air keruh.")).await;
        assert!(third.created);
        for (words, case) in [
            ("Lampu mati.", &first.case),
            ("Jalan berlubang.", &other.case),
            ("Air keruh.", &third.case),
        ] {
            let way = "Delivered-To: aduan@uji.go.id\nReceived: by mx2.uji.go.id\n";
            let again = take(&app, &letter(way, words)).await;
            assert_eq!((again.created, &again.case), (false, case), "{words}");
        }
        let count = app.ctx.db.read(|tx| Ok(tx.one(&CASES, params![], |row| row.int::<i64>())?));
        assert_eq!(count.await.expect("a count"), 3);
    }

    async fn a_letter_is_shown_as_it_was_laid_out_and_runs_nothing(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let taken = take(&app, "From: Budi <budi@contoh.id>\nSubject: Lampu\n\
            Message-ID: <h@contoh.id>\nMIME-Version: 1.0\nContent-Type: text/html\n\n\
            <p onclick=\"x()\">Lampu <b>mati</b></p><script>alert(1)</script>\
            <img src=\"https://mata.contoh/a.gif\"><iframe src=\"https://x\"></iframe>\n").await;
        let code = taken.case.expect("a case");
        let cookie = app.sign_in_as(Role::Agent).await;
        let page = app.get_as(&cookie, &format!("/meja/{code}")).await.body;
        let at = page.find("/surat/").expect("a link");
        let path = page[at..].split('"').next().expect("its end").to_owned();
        let shown = app.get_as(&cookie, &path).await;
        assert!(shown.body.contains("gambar=ya") && shown.body.contains("<iframe"), "{}", shown.body);
        let content = app.get_as(&cookie, &format!("{path}/isi")).await;
        assert!(content.body.contains("<p>Lampu <b>mati</b></p>"), "{}", content.body);
        for bad in ["alert", "onclick", "mata.contoh", "https://x"] {
            assert!(!content.body.contains(bad), "{bad}: {}", content.body);
        }
        let policy = content.header("content-security-policy");
        assert!(policy.contains("img-src data:;") && policy.contains("sandbox"), "{policy}");
        let asked = app.get_as(&cookie, &format!("{path}/isi?gambar=ya")).await;
        assert!(asked.body.contains("https://mata.contoh/a.gif"), "{}", asked.body);
        assert!(asked.header("content-security-policy").contains("img-src data: http: https:"));
        assert_eq!(asked.header("referrer-policy"), "no-referrer");
        assert!(!app.get(&path).await.status.is_success(), "nobody else sees it");
    }
}
