//! Writing on WhatsApp a day after the citizen wrote: by an approved text or not at all, and never
//! without saying why.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use tanggap_app::Front;
use tanggap_cases::talking::{self, Heard};
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_conversations::outbound::{self, ExtraTemplate};
use tanggap_conversations::templates::{self, Approved};
use tanggap_conversations::{InteractionId, Outbound};
use tanggap_kernel::{Access, Timestamp};
use tanggap_org::Role;
use tanggap_testkit::engines;

use crate::kit::{Answer, TestApp, request};

const THREAD: &str = "6281234567890";

/// A talk whose last word of the citizen is two days old.
async fn shut(app: &TestApp, channel: &'static str) -> InteractionId {
    let access = Access::system(app.agency);
    let heard = app.ctx.db.write(move |tx| {
        let input = AccountInput {
            channel,
            name: "Akun".into(),
            address: "1122334455667".into(),
            settings: "{}".into(),
            active: true,
            ..AccountInput::default()
        };
        let id = accounts::create(tx, &access, &input)?;
        let approved = Approved {
            name: "kabar".into(),
            language: "id".into(),
            category: "UTILITY".into(),
            body: "Halo {{1}}, laporan Anda {{2}}.".into(),
            gaps: 2,
            fetched_at: tx.now(),
        };
        templates::replace(tx, &access, id, &[approved])?;
        let at = tx.now().plus(-2 * Timestamp::DAY);
        let heard = Heard {
            account: Some(id),
            channel,
            thread: THREAD,
            from: None,
            subject: "",
            text: "Kapan KTP saya jadi?",
            files: &[],
            external_id: "wa:1",
            raw: None,
            at,
            window_until: Some(at.plus(Timestamp::DAY)),
            order: None,
        };
        talking::hear(tx, &access, &heard)
    });
    heard.await.expect("heard").expect("new").talk.id
}

async fn send(app: &TestApp, cookie: &str, id: InteractionId, fields: &str) -> Answer {
    let page = app.get_as(cookie, &format!("/percakapan/{id}")).await;
    let hidden = |name: &str| {
        let from = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or("");
        from.split('"').next().unwrap_or("").to_owned()
    };
    let request = request(Method::POST, &format!("/percakapan/{id}/langkah"))
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let body = format!("csrf={}&{fields}", hidden("csrf"));
    app.send(request.body(Body::from(body)).expect("a request")).await
}

async fn queued(app: &TestApp, id: InteractionId) -> Vec<Outbound> {
    let access = Access::system(app.agency);
    app.ctx.db.read(move |tx| Ok(outbound::of_exchange(tx, &access, id)?)).await.expect("rows")
}

engines! {
    async fn after_a_day_an_approved_text_is_chosen_filled_and_sent(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let cookie = app.sign_in_as(Role::Agent).await;
        let id = shut(&app, "whatsapp").await;
        let page = app.get_as(&cookie, &format!("/percakapan/{id}")).await;
        assert!(page.body.contains("value=\"id.kabar\""), "the choice is there");
        assert!(!page.body.contains("name=\"text\""), "no free words");
        let answer = send(&app, &cookie, id, "step=say&text=Sudah+jadi").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("templat"), "it is said why");

        let chosen = app.get_as(&cookie, &format!("/percakapan/{id}?template=id.kabar")).await;
        assert!(chosen.body.contains("name=\"value-2\""));
        assert!(chosen.body.contains("Halo {{1}}, laporan Anda {{2}}."), "what it will be");
        let fields = "template=id.kabar&value-1=Bu+Siti&value-2=";
        let answer = send(&app, &cookie, id, &format!("step=template&{fields}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "a gap is empty");
        assert!(answer.body.contains("value=\"Bu Siti\""), "what was typed stays");
        let answer = send(&app, &cookie, id, &format!("step=preview&{fields}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.body.contains("Halo Bu Siti, laporan Anda {{2}}."), "{}", answer.body);
        let other = "step=template&template=id.lain&value-1=a";
        let answer = send(&app, &cookie, id, other).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "it is not approved");
        assert!(queued(&app, id).await.is_empty(), "nothing went out so far");

        // A line break would be refused by the provider.
        let fields = "template=id.kabar&value-1=Bu+Siti&value-2=sudah%0Aselesai";
        let answer = send(&app, &cookie, id, &format!("step=template&{fields}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let rows = queued(&app, id).await;
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        let values = vec!["Bu Siti".to_owned(), "sudah selesai".to_owned()];
        let template = ExtraTemplate { name: "kabar".into(), language: "id".into(), values };
        assert_eq!(row.extra.template.as_ref(), Some(&template));
        assert_eq!(row.body, "Halo Bu Siti, laporan Anda sudah selesai.");
        let page = app.get_as(&cookie, &format!("/percakapan/{id}")).await;
        assert!(page.body.contains("Halo Bu Siti, laporan Anda sudah selesai."));
    }

    async fn on_messenger_staff_have_a_week(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let cookie = app.sign_in_as(Role::Agent).await;
        let id = shut(&app, "messenger").await;
        let answer = send(&app, &cookie, id, "step=say&text=Sudah+jadi").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let rows = queued(&app, id).await;
        assert!(matches!(rows.as_slice(), [row] if row.extra.by_person));
    }
}
