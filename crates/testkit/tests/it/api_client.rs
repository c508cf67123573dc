//! A program that calls the API without a network.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tanggap_kernel::{Access, AgencyId, Timestamp};
use tanggap_org::actions::{NewToken, token_hash, token_secret};
use tanggap_org::{self as org, TokenScope};
use tanggap_store::blobs::Blobs;
use tanggap_testkit::TestDb;
use tanggap_ui::ctx::{Ctx, Secrets, Site};
use tower::ServiceExt as _;

/// What most programs may do.
pub const WORKING: [TokenScope; 2] = [TokenScope::CasesRead, TokenScope::CasesWrite];

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// It is a problem of this status; gives the fields it names.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Vec<String> {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(self.body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}");
        }
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.map(|e| e["field"].as_str().expect("a field").to_owned()).collect()
    }

    #[track_caller]
    pub fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        self
    }
}

/// A program that calls the API with one token.
#[derive(Clone)]
pub struct Api {
    pub router: Router,
    pub ctx: Ctx,
    pub token: String,
}

impl Api {
    pub async fn of(kit: &TestDb, agency: AgencyId) -> Self {
        let ctx = Ctx {
            db: kit.db.clone(),
            blobs: Blobs::local(&kit.folder.path().join("files")).expect("a folder"),
            secrets: Secrets::new([1; 32]),
            site: Arc::new(Site::default()),
            live: tanggap_ui::live::Live::default(),
        };
        let router = tanggap_hooks::routes().with_state(ctx.clone());
        let token = token(&ctx, agency, &WORKING, None).await;
        Self { router, ctx, token }
    }

    pub async fn with(&self, agency: AgencyId, scopes: &[TokenScope]) -> Self {
        Self { token: token(&self.ctx, agency, scopes, None).await, ..self.clone() }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 22).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, body, text }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>, key: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body), "").await
    }

    pub async fn report(&self, subject: &str) -> String {
        let mut body = report();
        body["subject"] = json!(subject);
        let created = self.post("/api/v1/cases", body).await.ok(201);
        created.body["code"].as_str().expect("a code").to_owned()
    }

    pub async fn transition(&self, code: &str, body: Value) -> Answer {
        self.post(&format!("/api/v1/cases/{code}/transitions"), body).await
    }
}

/// Issues a token.
pub async fn token(
    ctx: &Ctx,
    agency: AgencyId,
    scopes: &[TokenScope],
    expires_at: Option<Timestamp>,
) -> String {
    let secret = token_secret(tanggap_ui::ctx::random().expect("random bytes"));
    let new = NewToken {
        name: "uji".into(),
        scopes: scopes.to_vec(),
        secret_hash: token_hash(&secret),
        expires_at,
    };
    let access = Access::system(agency);
    ctx.db.write(move |tx| org::create_token(tx, &access, &new)).await.expect("a token");
    secret
}

/// A report that is registered as it is.
pub fn report() -> Value {
    json!({
        "kind": "complaint",
        "subject": "Jalan berlubang",
        "description": "Lubang besar di depan pasar, sudah dua motor jatuh.",
        "reporter": {
            "name": "Siti Rahmawati", "phone": "0812-3456-7890", "email": "Siti@Contoh.id",
        },
    })
}
