//! The readable page of the API, made on the server from the same description.

use askama::Template;
use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;
use tanggap_ui::prefs::Prefs;
use tanggap_ui::{Page, Text, respond, t};

use crate::problem::KINDS;
use crate::spec::document;

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    page: Page,
    about: Vec<(String, String)>,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
    problems: Vec<ProblemKind>,
}

struct Group {
    about: String,
    calls: Vec<CallRow>,
}

struct CallRow {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    scopes: Vec<String>,
    parameters: Vec<FieldRow>,
    body: Option<String>,
    example: String,
    answers: Vec<AnswerRow>,
}

struct AnswerRow {
    status: String,
    about: String,
    schema: Option<String>,
}

struct FieldRow {
    name: String,
    kind: String,
    bounds: String,
    required: bool,
    about: String,
}

struct Schema {
    name: String,
    shapes: Vec<ShapeRow>,
}

struct ShapeRow {
    title: String,
    about: String,
    fields: Vec<FieldRow>,
}

struct ProblemKind {
    id: &'static str,
    status: u16,
    title: String,
    detail: String,
}

/// `GET /api/docs`.
pub async fn show(request: Request) -> Response {
    let prefs = Prefs::from_headers(request.headers());
    let text = Text { locale: prefs.locale, ..Text::default() };
    let mut page = Page::new(text, t(prefs.locale, "hooks-docs-title"));
    page.theme = prefs.theme;
    page.path = "/api/docs".to_owned();
    page.agency = t(prefs.locale, "hooks-docs-name").into_owned();
    let problems = KINDS.iter().map(|(id, status)| ProblemKind {
        id,
        status: *status,
        title: t(prefs.locale, &format!("hooks-problem-{id}")).into_owned(),
        detail: t(prefs.locale, &format!("hooks-problem-{id}.detail")).into_owned(),
    });
    respond::html(Docs {
        page,
        about: about(),
        groups: groups(),
        schemas: schemas(),
        problems: problems.collect(),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The paragraphs of the introduction: heading and text.
fn about() -> Vec<(String, String)> {
    let whole = text(&document()["info"]["description"]).replace('`', "");
    let paragraphs = whole.split("\n\n").map(|paragraph| {
        let parts = paragraph.strip_prefix("**").and_then(|rest| rest.split_once("**"));
        match parts {
            Some((head, rest)) => (head.to_owned(), rest.trim().to_owned()),
            None => (String::new(), paragraph.to_owned()),
        }
    });
    paragraphs.collect()
}

fn groups() -> Vec<Group> {
    let tags = document()["tags"].as_array().into_iter().flatten();
    tags.map(|tag| Group {
        about: text(&tag["description"]).trim_end_matches('.').to_owned(),
        calls: calls_of(&tag["name"]),
    })
    .collect()
}

fn calls_of(tag: &Value) -> Vec<CallRow> {
    let mut rows = Vec::new();
    for (path, methods) in document()["paths"].as_object().into_iter().flatten() {
        for (method, call) in methods.as_object().into_iter().flatten() {
            if call["tags"][0] == *tag {
                rows.push(call_row(path, method, call));
            }
        }
    }
    rows
}

fn call_row(path: &str, method: &str, call: &'static Value) -> CallRow {
    let content = &call["requestBody"]["content"]["application/json"];
    let parameters = call["parameters"].as_array().into_iter().flatten().map(resolve);
    let scopes = call["security"][0]["token"].as_array().into_iter().flatten().map(text);
    let answers = call["responses"].as_object().into_iter().flatten();
    CallRow {
        id: text(&call["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&call["summary"]),
        about: text(&call["description"]).replace('`', ""),
        scopes: scopes.collect(),
        parameters: parameters
            .map(|p| {
                field(&text(&p["name"]), &p["schema"], &p["description"], p["required"] == true)
            })
            .collect(),
        body: reference(&content["schema"]),
        example: match &content["example"] {
            Value::Null => String::new(),
            example => format!("{example:#}"),
        },
        answers: answers
            .map(|(status, answer)| {
                let answer = resolve(answer);
                let content = answer["content"].as_object().and_then(|map| map.values().next());
                AnswerRow {
                    status: status.clone(),
                    about: text(&answer["description"]),
                    schema: content.and_then(|content| reference(&content["schema"])),
                }
            })
            .collect(),
    }
}

fn resolve(value: &'static Value) -> &'static Value {
    let pointer = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
    pointer.and_then(|pointer| document().pointer(pointer)).unwrap_or(value)
}

fn reference(schema: &Value) -> Option<String> {
    Some(schema["$ref"].as_str()?.rsplit('/').next()?.to_owned())
}

fn schemas() -> Vec<Schema> {
    let all = document()["components"]["schemas"].as_object().into_iter().flatten();
    all.map(|(name, schema)| Schema { name: name.clone(), shapes: shapes(schema) }).collect()
}

fn shapes(schema: &'static Value) -> Vec<ShapeRow> {
    for key in ["oneOf", "allOf"] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(resolve).map(shape).collect();
        }
    }
    vec![shape(schema)]
}

fn shape(schema: &'static Value) -> ShapeRow {
    let mut fields = Vec::new();
    collect(schema, "", &mut fields, 0);
    ShapeRow { title: text(&schema["title"]), about: text(&schema["description"]), fields }
}

fn collect(schema: &'static Value, path: &str, rows: &mut Vec<FieldRow>, depth: u8) {
    let required = schema["required"].as_array();
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let must = required.is_some_and(|list| list.iter().any(|entry| entry == name));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        rows.push(field(&path, inner, &inner["description"], must));
        if depth < 4 && inner["properties"].is_object() {
            collect(inner, &path, rows, depth + 1);
        }
        if depth < 4 && inner["items"]["properties"].is_object() {
            collect(&inner["items"], &format!("{path}[]"), rows, depth + 1);
        }
    }
}

fn field(name: &str, schema: &Value, about: &Value, required: bool) -> FieldRow {
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            kinds.iter().filter(|kind| *kind != "null").map(text).collect::<Vec<_>>().join(" | ")
        }
        _ => reference(schema)
            .or_else(|| schema["oneOf"].as_array()?.iter().find_map(reference))
            .unwrap_or_default(),
    };
    let kind = match reference(&schema["items"]) {
        Some(of) => format!("{of}[]"),
        None => kind,
    };
    FieldRow {
        name: name.to_owned(),
        kind,
        bounds: bounds(schema),
        required,
        about: text(about).replace('`', ""),
    }
}

fn bounds(schema: &Value) -> String {
    let mut said = Vec::new();
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(text).filter(|word| !word.is_empty()).collect();
        said.push(words.join(", "));
    }
    said.extend(schema["format"].as_str().map(str::to_owned));
    match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(min), Some(max)) => said.push(format!("{min}–{max}")),
        (Some(min), None) => said.push(format!("≥ {min}")),
        _ => {}
    }
    said.extend(schema["maxLength"].as_i64().map(|max| format!("≤ {max}")));
    said.extend(schema["maxItems"].as_i64().map(|max| format!("≤ {max}")));
    said.join("; ")
}
