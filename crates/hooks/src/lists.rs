//! The small lists that other calls name: categories and units.

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tanggap_org::QuestionKind;
use tanggap_org::TokenScope;
use tanggap_org::TokenScope::{CasesRead, CasesWrite, OrgRead};
use utoipa::ToSchema;

use crate::door::Bearer;
use crate::problem::Problem;

/// Any of these is enough to see what a report can name.
pub const SCOPES: &[TokenScope] = &[CasesRead, CasesWrite, OrgRead];

/// A category.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryView {
    /// The name that reports carry.
    #[schema(example = "umum")]
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// What belongs to it.
    pub hint: String,
    /// The kind of report it usually is.
    pub kind: Option<&'static str>,
    /// The id of the unit that usually follows it up.
    pub unit: Option<String>,
    /// Its own questions.
    pub questions: Vec<QuestionView>,
}

/// A question of a category.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Question)]
pub struct QuestionView {
    /// The question.
    pub label: String,
    /// text, choice, number or date.
    pub kind: &'static str,
    /// The answers it offers, where it offers any.
    pub choices: Vec<String>,
    /// Whether the report form insists on it.
    pub required: bool,
}

/// The categories that reports can name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Categories {
    /// In their order.
    pub items: Vec<CategoryView>,
}

/// `GET /api/v1/categories`.
///
/// # Errors
/// Problems as the description tells.
pub async fn categories(bearer: Bearer) -> Result<Response, Problem> {
    let found = bearer.read(SCOPES, |tx, caller| tanggap_org::categories(tx, &caller.access));
    let offered = found.await?.into_iter().filter(|category| category.active);
    let items = offered.map(|category| CategoryView {
        slug: category.slug,
        name: category.name,
        name_en: category.name_en,
        hint: category.hint,
        kind: category.kind.map(|kind| kind.as_str()),
        unit: category.unit_id.map(|id| id.to_string()),
        questions: category
            .questions
            .into_iter()
            .map(|question| QuestionView {
                label: question.label,
                kind: QuestionKind::as_str(question.kind),
                choices: question.choices.into_iter().map(|choice| choice.label).collect(),
                required: question.required,
            })
            .collect(),
    });
    Ok(axum::Json(Categories { items: items.collect() }).into_response())
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unit)]
pub struct UnitView {
    /// Its id.
    pub id: String,
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its name in English; may be empty.
    pub name_en: String,
    /// The id of the unit above it.
    pub parent: Option<String>,
    /// Within how many working days it agreed to follow up.
    pub agreed_days: i64,
    /// Whether work may still be forwarded to it.
    pub active: bool,
}

/// The units of the agency.
#[derive(Debug, Serialize, ToSchema)]
pub struct Units {
    /// By code.
    pub items: Vec<UnitView>,
}

/// `GET /api/v1/units`.
///
/// # Errors
/// Problems as the description tells.
pub async fn units(bearer: Bearer) -> Result<Response, Problem> {
    let found = bearer.read(SCOPES, |tx, caller| tanggap_org::units(tx, &caller.access));
    let items = found.await?.into_iter().map(|unit| UnitView {
        id: unit.id.to_string(),
        code: unit.code,
        name: unit.name,
        name_en: unit.name_en,
        parent: unit.parent_id.map(|id| id.to_string()),
        agreed_days: unit.agreed_days,
        active: unit.active,
    });
    Ok(axum::Json(Units { items: items.collect() }).into_response())
}
