//! The description of the API, OpenAPI 3.1: requests from the tables that read them, answers from
//! the structs that write them, so that only the list of calls stands here.
//!
//! What is served also names the categories that reports can carry at present.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tanggap_org::TokenScope::{self, CasesRead, CasesWrite};
use tanggap_store::sql;
use tanggap_ui::Ctx;
use utoipa::{PartialSchema, ToSchema};

use crate::fields::{parameters, schema};
use crate::once::KEY_MAX;
use crate::{cases, deadlines, lists, moves, problem, views};

sql! {
    SLUGS = @scan("some categories for each agency, for whoever reads the description")
        "select distinct slug from categories where active order by slug limit 500";
}

const ABOUT: &str = "\
Register reports, follow them up, and read what became of them, as another program.

**Tokens.** Send `Authorization: Bearer tgp_…`; an administrator issues tokens, each for one \
agency and with scopes. What belongs to another agency is not found (404).

**Once.** Send an `Idempotency-Key` with every write: a request that is sent again with the same \
key within 24 hours is done once and answered alike (`Idempotency-Replayed: true`); another \
request with that key is refused (409). What was refused may be sent again with the same key.

**Pages.** Lists give `next_cursor` and a header `Link` with `rel=\"next\"`; a cursor is opaque.

**Errors.** Each is a problem of RFC 9457, in Indonesian or English after `Accept-Language`, with \
`errors` where fields are to be corrected. Fields and parameters that are not described are \
refused; `null` counts as left out.

**Identities.** Who reported is masked unless the token has `identity:read`; each look at an \
unmasked identity is an event in the agency's log.";

/// One call.
pub struct Call {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    about: &'static str,
    scopes: &'static [TokenScope],
    query: Vec<Value>,
    body: Option<(&'static str, Value)>,
    ok: (u16, &'static str, &'static str),
    problems: &'static [u16],
}

const READ: &[u16] = &[400, 401, 403, 404, 422, 429];
const WRITE: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 429];

fn calls() -> Vec<Call> {
    let mut calls = case_calls();
    calls.extend(small_calls());
    calls
}

fn read(path: &'static str, id: &'static str, summary: &'static str, ok: &'static str) -> Call {
    Call {
        method: "get",
        path,
        id,
        tag: "cases",
        summary,
        about: "",
        scopes: &[CasesRead],
        query: Vec::new(),
        body: None,
        ok: (200, ok, "What was asked for."),
        problems: READ,
    }
}

fn write(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    body: (&'static str, Value),
    ok: (u16, &'static str, &'static str),
) -> Call {
    Call {
        method: "post",
        scopes: &[CasesRead, CasesWrite],
        body: Some(body),
        ok,
        problems: WRITE,
        ..read(path, id, summary, "")
    }
}

fn case_calls() -> Vec<Call> {
    let report = json!({
        "kind": "complaint",
        "subject": "Jalan berlubang di depan SDN 3",
        "description": "Sudah dua minggu ada lubang sedalam 20 cm di depan gerbang sekolah.",
        "reporter": { "name": "Siti Rahmawati", "phone": "081234567890" },
        "anonymous": false,
        "confidential": false,
    });
    let message = json!({ "body": "Tim kami meninjau lokasi besok pagi.", "visibility": "public" });
    let forward = json!({
        "action": "forward", "unit": "PUPR", "reason": "Mohon ditinjau hari ini.", "version": 2,
    });
    let registered = (201, "Created", "It is registered, on disk.");
    vec![
        Call {
            about: "Acknowledged when it is on disk. The PIN is shown here only.",
            scopes: &[CasesWrite],
            ..write(
                "/api/v1/cases",
                "createCase",
                "Register a report",
                ("NewCase", report),
                registered,
            )
        },
        Call {
            about: "The newest first; with `q` those that spoke of it last first.",
            query: parameters(cases::LIST),
            ..read("/api/v1/cases", "listCases", "List cases", "CasePage")
        },
        read("/api/v1/cases/{code}", "getCase", "Read a case", "Case"),
        write(
            "/api/v1/cases/{code}/messages",
            "createMessage",
            "Write to the citizen, or a note to colleagues",
            ("NewMessage", message),
            (201, "Message", "It is kept, and on its way to the citizen where it is public."),
        ),
        Call {
            about: "The oldest first.",
            query: parameters(moves::MESSAGE_LIST),
            ..read(
                "/api/v1/cases/{code}/messages",
                "listMessages",
                "Read the conversation",
                "Messages",
            )
        },
        Call {
            about: "Each action has its fields. What the case's state does not allow, and what \
                    was decided upon an older version, is refused (409).",
            ..write(
                "/api/v1/cases/{code}/transitions",
                "moveCase",
                "Move a case",
                ("Transition", forward),
                (200, "Case", "The case as it is now."),
            )
        },
        Call {
            about: "Reopening and objecting are events, not states.",
            query: parameters(moves::EVENT_LIST),
            ..read("/api/v1/cases/{code}/events", "listEvents", "Read what happened", "EventPage")
        },
        read("/api/v1/cases/{code}/deadlines", "listDeadlines", "Read the deadlines", "Deadlines"),
    ]
}

fn small_calls() -> Vec<Call> {
    vec![
        Call {
            tag: "deadlines",
            about: "Needs no token. Tells day by day why it is this date.",
            scopes: &[],
            query: parameters(deadlines::QUERY),
            problems: &[400, 422],
            ..read("/api/v1/deadlines", "countDeadline", "Count a deadline", "DueDate")
        },
        Call {
            tag: "organisation",
            about: "The scope cases:write or org:read is enough, too.",
            problems: &[400, 401, 403, 429],
            ..read("/api/v1/categories", "listCategories", "List categories", "Categories")
        },
        Call {
            tag: "organisation",
            about: "The scope cases:write or org:read is enough, too.",
            problems: &[400, 401, 403, 429],
            ..read("/api/v1/units", "listUnits", "List units", "Units")
        },
    ]
}

fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("NewCase".to_owned(), schema(cases::NEW));
    all.insert("NewMessage".to_owned(), schema(moves::MESSAGE));
    let steps: Vec<Value> = moves::STEPS.iter().map(moves::Step::schema).collect();
    all.insert("Transition".to_owned(), json!({ "oneOf": steps }));
    add::<problem::ProblemView<'_>>(&mut all);
    add::<problem::FieldError>(&mut all);
    add::<views::UnitRef>(&mut all);
    add::<views::DueView>(&mut all);
    add::<views::CaseView>(&mut all);
    add::<views::ReporterView>(&mut all);
    add::<views::DeadlineView>(&mut all);
    add::<views::Receipt>(&mut all);
    add::<views::Created>(&mut all);
    add::<views::CasePage>(&mut all);
    add::<views::MessageView>(&mut all);
    add::<moves::Messages>(&mut all);
    add::<moves::Deadlines>(&mut all);
    add::<moves::EventView>(&mut all);
    add::<moves::EventPage>(&mut all);
    add::<deadlines::DueDate>(&mut all);
    add::<deadlines::Certainty>(&mut all);
    add::<deadlines::DayView>(&mut all);
    add::<lists::CategoryView>(&mut all);
    add::<lists::QuestionView>(&mut all);
    add::<lists::Categories>(&mut all);
    add::<lists::UnitView>(&mut all);
    add::<lists::Units>(&mut all);
    all
}

fn add<T: ToSchema + PartialSchema>(all: &mut Map<String, Value>) {
    let schema = serde_json::to_value(T::schema());
    all.insert(T::name().into_owned(), schema.expect("invariant: a schema is JSON"));
}

fn responses() -> Map<String, Value> {
    let mut all = Map::new();
    for (about, status) in [
        ("The request cannot be read.", 400),
        ("No valid token.", 401),
        ("The token lacks a scope.", 403),
        ("There is none, or it is not yours to see.", 404),
        ("The state does not allow it, it was changed meanwhile, or the key is taken.", 409),
        ("The body is larger than 512 kB.", 413),
        ("The body is not application/json.", 415),
        ("Fields or parameters are to be corrected.", 422),
        ("Too many calls.", 429),
        ("A fault of ours; it is logged.", 500),
        ("The database cannot be reached now, or the disk is full.", 503),
    ] {
        let schema = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        let content = json!({ (problem::MEDIA_TYPE): schema });
        let mut response = json!({ "description": about, "content": content });
        let header = match status {
            401 | 403 => Some(("WWW-Authenticate", "What is asked for, after RFC 6750.")),
            429 | 503 => Some(("Retry-After", "Seconds to wait.")),
            _ => None,
        };
        if let Some((name, about)) = header {
            let schema = json!({ "type": "string" });
            response["headers"] = json!({ (name): { "description": about, "schema": schema } });
        }
        all.insert(format!("Problem{status}"), response);
    }
    all
}

fn operation(call: &Call) -> Value {
    let mut parameters = call.query.clone();
    if call.path.contains("{code}") {
        parameters.insert(0, json!({ "$ref": "#/components/parameters/Code" }));
    }
    if call.body.is_some() {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    let (status, ok, about) = call.ok;
    let schema = json!({ "$ref": format!("#/components/schemas/{ok}") });
    let mut answer =
        json!({ "description": about, "content": { "application/json": { "schema": schema } } });
    if let Some(headers) = headers(call) {
        answer["headers"] = headers;
    }
    if call.id == "createCase" {
        answer["links"] = links();
    }
    let mut responses = json!({ (status.to_string()): answer });
    for problem in call.problems.iter().chain(&[500, 503]) {
        let named = format!("#/components/responses/Problem{problem}");
        responses[problem.to_string()] = json!({ "$ref": named });
    }
    let mut operation = json!({
        "operationId": call.id,
        "tags": [call.tag],
        "summary": call.summary,
        "responses": responses,
    });
    let scopes: Vec<&str> = call.scopes.iter().map(|scope| scope.as_str()).collect();
    operation["security"] =
        if scopes.is_empty() { json!([]) } else { json!([{ "token": scopes }]) };
    if !call.about.is_empty() {
        operation["description"] = json!(call.about);
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some((name, example)) = &call.body {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        let content = json!({ "application/json": { "schema": schema, "example": example } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn headers(call: &Call) -> Option<Value> {
    let text = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    let mut headers = Map::new();
    if call.body.is_some() {
        headers.insert("Idempotency-Replayed".into(), text("`true` where it was given before."));
    }
    if call.id == "createCase" {
        headers.insert("Location".into(), text("Where the case is read."));
    }
    if call.id == "listCases" {
        headers.insert("Link".into(), text("The next page, with `rel=\"next\"`."));
    }
    (!headers.is_empty()).then_some(Value::Object(headers))
}

fn links() -> Value {
    let mut links = Map::new();
    let about_one = case_calls().into_iter().filter(|call| call.path.contains("{code}"));
    for call in about_one {
        let link =
            json!({ "operationId": call.id, "parameters": { "code": "$response.body#/code" } });
        links.insert(call.id.to_owned(), link);
    }
    Value::Object(links)
}

fn build() -> Value {
    let mut paths = Map::new();
    for call in calls() {
        let path = paths.entry(call.path).or_insert_with(|| json!({}));
        path[call.method] = operation(&call);
    }
    let code = json!({
        "name": "code",
        "in": "path",
        "required": true,
        "description": "The tracking code; capitals and dashes do not matter.",
        "schema": {
            "type": "string",
            "pattern": "^TGP-[2-9A-HJKMNP-RT-Y]{3}-[2-9A-HJKMNP-RT-Y]{3}-[2-9A-HJKMNP-RT-Y]{3}$",
        },
    });
    let key = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "A key of your own for this request, such as a UUID.",
        "schema": { "type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[!-~]+$" },
    });
    let token = json!({
        "type": "http",
        "scheme": "bearer",
        "description": "A token of one agency, with scopes: cases:read, cases:write, \
                        identity:read, board:read, org:read.",
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tanggap",
            "version": "1.0.0",
            "summary": "Public complaints, from report to answer.",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "cases", "description": "Reports and what becomes of them." },
            { "name": "deadlines", "description": "Legal deadlines, counted for anyone." },
            { "name": "organisation", "description": "What a report can name." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "responses": responses(),
            "parameters": { "Code": code, "IdempotencyKey": key },
            "securitySchemes": { "token": token },
        },
    })
}

/// The description, as it is whatever the agencies are.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
    &DOCUMENT
}

/// The description with the categories that there are.
#[must_use]
pub fn with_categories(slugs: &[String]) -> Value {
    let mut document = document().clone();
    if !slugs.is_empty() {
        name_categories(&mut document["components"]["schemas"], slugs);
    }
    document
}

fn name_categories(value: &mut Value, slugs: &[String]) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                if name == "category" && inner.get("pattern").is_some() {
                    let mut words: Vec<Value> = slugs.iter().map(|slug| json!(slug)).collect();
                    words.push(Value::Null);
                    inner["enum"] = Value::Array(words);
                    inner.as_object_mut().map(|schema| schema.remove("pattern"));
                } else {
                    name_categories(inner, slugs);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name_categories(item, slugs)),
        _ => {}
    }
}

/// `GET /api/openapi.json`.
pub async fn show(State(ctx): State<Ctx>) -> Response {
    let slugs = ctx.db.read(|tx| Ok(tx.all(&SLUGS, &[], |row| row.text())?)).await;
    // A description without the names is better than none.
    axum::Json(with_categories(&slugs.unwrap_or_default())).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_tree_is_this_description() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");
        let ours = format!("{:#}\n", document());
        if std::env::var("TANGGAP_UPDATE").is_ok() {
            std::fs::write(path, &ours).expect("the file is ours to write");
        }
        let theirs = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            ours == theirs,
            "docs/api/openapi.json differs: run TANGGAP_UPDATE=1 cargo test -p tanggap-hooks"
        );
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn visit(value: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(to)) = map.get("$ref") {
                        let pointer = to.strip_prefix('#').expect("a local reference");
                        assert!(document().pointer(pointer).is_some(), "{to}");
                    }
                    map.values().for_each(visit);
                }
                Value::Array(items) => items.iter().for_each(visit),
                _ => {}
            }
        }
        visit(document());
    }

    #[test]
    fn categories_are_named() {
        let named = with_categories(&["umum".to_owned()]);
        let category = &named["components"]["schemas"]["NewCase"]["properties"]["category"];
        assert_eq!(category["enum"], json!(["umum", null]));
        assert!(category.get("pattern").is_none());
    }
}
