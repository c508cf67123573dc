//! Replacing an authenticator, through the routes.

use axum::http::StatusCode;
use tanggap_testkit::engines;
use tanggap_ui::ctx::Secrets;

use crate::org_web::{Browser, Got, PASSWORD, agency};

fn salt_of(page: &Got) -> String {
    let salt = page.body.split("name=\"salt\" value=\"").nth(1).expect("a salt");
    salt.split('"').next().expect("a salt").to_owned()
}

engines! {
    async fn a_second_authenticator_takes_the_password_and_ends_other_sessions(kit) {
        let access = agency(&kit).await;
        let mut browser = Browser::new(&kit, false);
        let mut other = Browser::new(&kit, false);
        for browser in [&mut browser, &mut other] {
            browser.sign_in("agent@x.id", PASSWORD).await;
        }
        let user = kit.db.read(move |tx| {
            tanggap_org::user_by_email(tx, &access, "agent@x.id")
        }).await.expect("read").expect("there");
        let code = |salt: &str, at| {
            tanggap_org::totp::code_at(&Secrets::new([9; 32]), user.id, salt, at).expect("a code")
        };
        let page = browser.get("/akun/autentikator").await;
        assert!(!page.body.contains("password_totp"), "the first asks for none");
        let salt = salt_of(&page);
        let first = code(&salt, kit.clock.now());
        let done = browser.post("/akun/autentikator", &[("salt", &salt), ("code", &first)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert_eq!(other.get("/akun").await.status, StatusCode::SEE_OTHER, "begun without it");
        assert_eq!(browser.get("/akun").await.status, StatusCode::OK);

        let page = browser.get("/akun/autentikator").await;
        assert!(page.body.contains("password_totp"));
        let salt = salt_of(&page);
        let next = code(&salt, kit.clock.now());
        for password in ["", "salah semuanya"] {
            let fields = [("salt", &*salt), ("code", &*next), ("password_totp", password)];
            let refused = browser.post("/akun/autentikator", &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let fields = [("salt", &*salt), ("code", &*next), ("password_totp", PASSWORD)];
        let done = browser.post("/akun/autentikator", &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
}
