//! What the pages of settings share: who may see and change them, and how a refused form comes
//! back.

use axum::http::StatusCode;
use tanggap_calendar::Kind;
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Error, Locale, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Choice, Ctx, Failed, FormState, Page, Text};

use crate::door::{Fields, Staff};
use crate::model::{Calendar, Unit};

/// Refuses whoever may not see the organisation's set-up; tells whether they may change it.
pub(super) fn look(staff: &Staff) -> Result<bool> {
    staff.access.require(Permission::OrgRead, None)?;
    Ok(staff.access.can(Permission::OrgManage, None))
}

/// Refuses whoever may not change the organisation.
pub(super) fn manage(staff: &Staff) -> Result<()> {
    Ok(staff.access.require(Permission::OrgManage, None)?)
}

/// A form that was refused, as it is shown again.
pub(super) struct Refused {
    pub status: StatusCode,
    pub form: FormState,
}

/// What became of a form: done, or shown again with what is wrong.
///
/// # Errors
/// Everything that is no fault of the form.
fn outcome<T>(
    result: Result<T>,
    fields: Fields,
    locale: Locale,
) -> Result<Result<T, Refused>, Failed> {
    let (status, errors) = match result {
        Ok(done) => return Ok(Ok(done)),
        Err(Error::Refused(Refusal::Invalid(errors))) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Refused(Refusal::Stale)) => {
            (StatusCode::CONFLICT, vec![Invalid::new("name", "org-invalid-stale")])
        }
        Err(Error::Refused(Refusal::Illegal(key))) => {
            (StatusCode::CONFLICT, vec![Invalid::new("", key)])
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Err(Refused { status, form: fields.refused(locale, errors) }))
}

/// Runs a use case on what a form says, and tells what became of the form.
///
/// # Errors
/// Everything that is no fault of the form.
pub(super) async fn submit<I, T>(
    ctx: &Ctx,
    staff: &Staff,
    fields: Fields,
    input: Result<I>,
    mut act: impl FnMut(&mut Tx<'_>, &Access, &I) -> Result<T> + Send + 'static,
) -> Result<Result<T, Refused>, Failed>
where
    I: Send + 'static,
    T: Send + 'static,
{
    let access = staff.access.clone();
    let done = match input {
        Ok(input) => ctx.db.write(move |tx| act(tx, &access, &input)).await,
        Err(error) => Err(error),
    };
    outcome(done, fields, staff.prefs.locale)
}

/// What a form says of a thing, with the version of it that was changed.
pub(super) fn versioned<I>(fields: &Fields, input: Result<I>) -> Result<(i64, I)> {
    Ok((number(fields, "version")?, input?))
}

/// The thing that an address names.
///
/// # Errors
/// [`Refusal::NotFound`] where the agency has no such thing.
pub(super) async fn load<I, T>(
    ctx: &Ctx,
    staff: &Staff,
    id: Option<I>,
    mut find: impl FnMut(&mut Tx<'_>, &Access, I) -> Result<Option<T>> + Send + 'static,
) -> Result<T>
where
    I: Copy + Send + 'static,
    T: Send + 'static,
{
    let (access, id) = (staff.access.clone(), id.ok_or(Refusal::NotFound)?);
    let found = ctx.db.read(move |tx| find(tx, &access, id)).await?;
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// A unit in a list that is read as a tree.
pub(super) struct Branch {
    pub unit: Unit,
    /// How deep it stands, 0 at the top.
    pub depth: usize,
}

/// Units as a tree, children under their parents, in the order given. A unit whose parent cannot
/// be found stands at the top.
pub(super) fn tree(units: Vec<Unit>) -> Vec<Branch> {
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
    let mut left: Vec<Option<Unit>> = units.into_iter().map(Some).collect();
    let mut branches = Vec::with_capacity(left.len());
    let known = |parent: Option<UnitId>| parent.filter(|parent| ids.contains(parent));
    let mut stack: Vec<(Option<UnitId>, usize)> = vec![(None, 0)];
    while let Some((parent, depth)) = stack.pop() {
        let next = left
            .iter_mut()
            .find(|unit| unit.as_ref().is_some_and(|unit| known(unit.parent_id) == parent));
        if let Some(unit) = next.and_then(Option::take) {
            stack.push((parent, depth));
            stack.push((Some(unit.id), depth + 1));
            branches.push(Branch { unit, depth });
        }
    }
    // Whatever a damaged tree left over is shown too, so that it can be mended.
    branches.extend(left.into_iter().flatten().map(|unit| Branch { unit, depth: 0 }));
    branches
}

/// Units as choices of a drop-down list; those below another are set in.
pub(super) fn unit_choices(units: Vec<Unit>, locale: Locale) -> Vec<Choice> {
    let named = |branch: Branch| {
        let indent = "\u{2003}".repeat(branch.depth);
        let name = format!("{indent}{}", branch.unit.name_in(locale));
        Choice::new(branch.unit.id.to_string(), name)
    };
    tree(units).into_iter().map(named).collect()
}

/// The kinds of report as choices.
pub(super) fn kind_choices(text: Text) -> Vec<Choice> {
    Kind::ALL.iter().map(|kind| Choice::new(kind.as_str(), text.t(kind_key(*kind)))).collect()
}

/// The key of a kind's name.
pub(super) fn kind_key(kind: Kind) -> String {
    format!("case-kind-{}", kind.as_str().replace('_', "-"))
}

/// Calendars as choices.
pub(super) fn calendar_choices(calendars: Vec<Calendar>) -> Vec<Choice> {
    calendars.into_iter().map(|c| Choice::new(c.id.to_string(), c.name)).collect()
}

/// What was chosen in a form, where something was; an error where the text names none of it.
pub(super) fn chosen<I>(
    fields: &Fields,
    name: &str,
    parse: impl FnOnce(&str) -> Option<I>,
) -> Result<Option<I>> {
    match fields.get(name) {
        "" => Ok(None),
        text => match parse(text) {
            Some(choice) => Ok(Some(choice)),
            None => Err(Refusal::field(name, "ui-invalid-choice").into()),
        },
    }
}

/// The unit chosen in a form.
pub(super) fn chosen_unit(fields: &Fields, name: &str) -> Result<Option<UnitId>> {
    chosen(fields, name, UnitId::parse)
}

/// What may be chosen or not, as the value of its field.
pub(super) fn or_empty(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// Whether something is so, as the value of its checkbox.
pub(super) const fn ticked(is_on: bool) -> &'static str {
    if is_on { "ya" } else { "" }
}

/// A whole number in a form.
pub(super) fn number(fields: &Fields, name: &str) -> Result<i64> {
    let text: String = fields.get(name).chars().filter(|c| *c != '.').collect();
    text.parse().map_err(|_| Refusal::field(name, "ui-invalid-number").into())
}

/// The title of a page that shows one thing by its name.
pub(super) fn titled(staff: &Staff, name: &str) -> Page {
    staff.page_titled(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: i64, parent: Option<i64>, code: &str) -> Unit {
        Unit {
            id: UnitId(id),
            parent_id: parent.map(UnitId),
            code: code.into(),
            name: code.into(),
            name_en: String::new(),
            phone: String::new(),
            email: String::new(),
            agreed_days: 1,
            calendar_id: None,
            active: true,
            version: 1,
        }
    }

    #[test]
    fn a_tree_keeps_children_under_their_parents_and_loses_nobody() {
        let units = vec![
            unit(3, Some(1), "C"),
            unit(1, None, "A"),
            unit(2, Some(3), "B"),
            unit(4, None, "D"),
            unit(5, Some(6), "E"),
            unit(6, Some(5), "F"),
        ];
        let shown: Vec<_> = tree(units).into_iter().map(|b| (b.unit.code, b.depth)).collect();
        let expected = [("A", 0), ("C", 1), ("B", 2), ("D", 0), ("E", 0), ("F", 0)];
        assert_eq!(shown, expected.map(|(code, depth)| (code.to_owned(), depth)));
    }
}
