//! What every answer has, whatever was asked.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use tanggap_app::Front;
use tanggap_org::Role;
use tanggap_testkit::{TestDb, block_on};

use crate::kit::{TestApp, request};

fn with_app(front: Front, test: impl AsyncFnOnce(TestApp)) {
    block_on(async {
        test(TestApp::new(TestDb::sqlite().await, front).await).await;
    });
}

const PATHS: &[&str] = &[
    "/",
    "/lapor",
    "/lacak",
    "/masuk",
    "/meja",
    "/unit",
    "/penyelia",
    "/pengaturan",
    "/audit",
    "/assets/unknown",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/docs",
    "/api/openapi.json",
    "/api/v1/cases",
    "/api/tidak-ada",
    "/tidak-ada",
    "/%00",
];

#[test]
fn every_answer_has_the_security_headers() {
    with_app(Front::default(), async |app| {
        let cookie = app.sign_in_as(Role::Administrator).await;
        for path in PATHS {
            for answer in [app.get(path).await, app.get_as(&cookie, path).await] {
                assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
                let policy = answer.header("content-security-policy");
                assert!(policy.contains("default-src") || policy.contains("'none'"), "{path}");
                assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
                assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
                assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
                assert!(!answer.header("cache-control").is_empty(), "{path}");
                assert!(!answer.header("referrer-policy").is_empty(), "{path}");
                assert!(!answer.body.contains("panic"), "{path}");
            }
        }
    });
}

#[test]
fn a_download_is_whole_where_it_is_compressed() {
    with_app(Front::default(), async |app| {
        let cookie = app.sign_in_as(Role::Supervisor).await;
        let asked = request(Method::GET, "/meja/unduh")
            .header(header::COOKIE, &cookie)
            .header(header::ACCEPT_ENCODING, "gzip");
        let packed = app.send(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(!packed.body.is_empty());
    });
}

#[test]
fn what_is_not_there_is_told_in_the_readers_language() {
    with_app(Front::default(), async |app| {
        let page = app.get("/tidak-ada").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.body.contains("lang=\"id\""), "{}", page.body);
        let page = app.get_as("locale=en", "/tidak-ada").await;
        assert!(page.body.contains("lang=\"en\""), "{}", page.body);
        let answer = app.get("/api/v1/tidak-ada").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    });
}

#[test]
fn a_wrong_method_is_told_with_the_right_ones() {
    with_app(Front::default(), async |app| {
        for (method, path) in [(Method::DELETE, "/masuk"), (Method::PUT, "/preferensi")] {
            let empty = request(method, path).body(Body::empty()).expect("a request");
            let answer = app.send(empty).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert!(!answer.header("allow").is_empty(), "{path}");
            assert!(answer.body.contains("<h1"), "{path}: {}", answer.body);
        }
    });
}

#[test]
fn a_body_that_is_too_large_is_refused_with_a_page() {
    with_app(Front { body_bytes_max: 10_000, ..Front::default() }, async |app| {
        for said in [true, false] {
            let mut form = request(Method::POST, "/preferensi")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            if said {
                form = form.header(header::CONTENT_LENGTH, "20006");
            }
            let body = format!("theme={}", "a".repeat(20_000));
            let answer = app.send(form.body(Body::from(body)).expect("a request")).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
            assert!(answer.body.contains("<h1"), "{}", answer.body);
        }
    });
}

#[test]
fn figures_are_for_this_machine_or_a_token() {
    with_app(Front { metrics_token: "kunci".into(), ..Front::default() }, async |app| {
        assert_eq!(app.get("/metrics").await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn pages_are_compressed_for_who_takes_it() {
    with_app(Front::default(), async |app| {
        let asked = request(Method::GET, "/tidak-ada").header(header::ACCEPT_ENCODING, "gzip");
        let answer = app.send(asked.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.header("content-encoding"), "gzip");
        assert!(app.get("/tidak-ada").await.header("content-encoding").is_empty());
    });
}

#[test]
fn live_streams_end_when_the_node_goes_down() {
    let front = Front { closing: tokio::sync::watch::channel(true).1, ..Front::default() };
    with_app(front, async |app| {
        let cookie = app.sign_in_as(Role::Agent).await;
        let stream = app.get_as(&cookie, "/arus?topics=cases").await;
        assert_eq!(stream.status, StatusCode::OK);
        assert_eq!(stream.header("content-type"), "text/event-stream");
        assert!(stream.header("content-encoding").is_empty());
    });
}

#[test]
fn a_node_is_ready_when_its_database_answers() {
    with_app(Front::default(), async |app| {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(app.get(path).await.status, StatusCode::OK, "{path}");
        }
    });
}
